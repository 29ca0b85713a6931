import Paths

/// One encoding of one person, as it goes into the gallery and out of it.
package struct GalleryEntry: Equatable, Sendable {
  package let name: PersonName
  /// Which network, landmarks and options made the encoding; only those of one model are compared.
  package let model: ModelName
  /// The SHA-256 of the file that the face was found in; nil where the encoding came without one.
  package let photo: Digest?
  package let encoding: Encoding

  package init(name: PersonName, model: ModelName, photo: Digest? = nil, encoding: Encoding) {
    self.name = name
    self.model = model
    self.photo = photo
    self.encoding = encoding
  }

  /// What the entry is known by. Of a photo it is the photo and the model, since boxes with different
  /// processors compute numbers that differ in the last place; else the numbers.
  package var digest: Digest {
    var hasher = DigestHasher()
    if let photo {
      hasher.add("photo")
      hasher.add(model.text)
      hasher.add(photo.bytes)
    } else {
      hasher.add("numbers")
      hasher.add(model.text)
      // Zero has two signs, which are equal.
      let numbers = encoding.numbers.map { ($0 == 0 ? 0 : $0).bitPattern.littleEndian }
      unsafe numbers.withUnsafeBytes { unsafe hasher.add($0) }
    }
    return hasher.finish()
  }
}

/// A person's name: 1 to 200 bytes of UTF-8 in normalization form C, without control characters and without
/// blanks at its ends. Names are the same where their bytes are, and so, whichever form they came in, where
/// they are the same text.
package struct PersonName: Hashable, Comparable, Sendable, CustomStringConvertible {
  package static let bytesMax = 200

  package let text: String

  package init(_ text: String) throws(GalleryError) {
    guard !text.holdsOddBytes else {
      throw GalleryError(.badInput, "a name must be UTF-8: say it with --name")
    }
    self.text = try checked(text.composed, "a name", bytesMax: Self.bytesMax)
  }

  /// One that was checked before it was written.
  init(stored text: String) { self.text = text }

  package var description: String { text }

  // Swift's own comparison takes what looks the same for the same; files and hashes do not.
  package static func == (one: Self, other: Self) -> Bool {
    one.text.utf8.elementsEqual(other.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }

  package static func < (one: Self, other: Self) -> Bool {
    one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
  }
}

/// What made an encoding: 1 to 100 bytes, such as `dlib_face_recognition_resnet_model_v1`.
package struct ModelName: Hashable, Sendable, CustomStringConvertible {
  package static let bytesMax = 100

  package let text: String

  package init(_ text: String) throws(GalleryError) {
    guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw GalleryError(.badInput, "a model's name is of ASCII letters, digits and signs")
    }
    self.text = try checked(text, "a model's name", bytesMax: Self.bytesMax)
  }

  /// One that was checked before it was written.
  init(stored text: String) { self.text = text }

  package var description: String { text }
}

private func checked(
  _ text: String, _ what: String, bytesMax: Int
) throws(GalleryError) -> String {
  let scalars = text.unicodeScalars
  guard let first = scalars.first, let last = scalars.last else {
    throw GalleryError(.badInput, "\(what) is empty")
  }
  guard text.utf8.count <= bytesMax else {
    throw GalleryError(.badInput, "\(what) has \(text.utf8.count) bytes; \(bytesMax) is the most")
  }
  guard !first.properties.isWhitespace, !last.properties.isWhitespace else {
    throw GalleryError(.badInput, "\(what) begins or ends with a blank")
  }
  let isPlain = scalars.allSatisfy { scalar in
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: false
    // Marks that turn the direction of what follows make one name look like another.
    case .format: scalar.value == 0x200C || scalar.value == 0x200D
    default: true
    }
  }
  guard isPlain else {
    throw GalleryError(.badInput, "\(what) has control characters")
  }
  return text
}
