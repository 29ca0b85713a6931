import Documents
package import Gallery

/// A person to be added: by photographs, which are encoded on the box, or by encodings.
package struct GalleryPerson: Sendable {
  package static let peopleMax = 1000
  package static let photosMax = 100

  package var name: PersonName
  /// JPEG files.
  package var photos: [[UInt8]]
  package var encodings: [GalleryEntry]

  static func list(_ fields: inout Fields) throws(Rejection) -> [GalleryPerson] {
    var people: [GalleryPerson] = []
    for item in try fields.items("people", countMax: peopleMax) {
      people.append(try GalleryPerson(item))
    }
    guard !people.isEmpty else { throw fields.failure("people", "nobody is in the list") }
    return people
  }

  private init(_ value: JSON) throws(Rejection) {
    var fields = try Fields(value, "people")
    name = try Self.name(&fields)
    photos = []
    for text in try fields.texts("photos", countMax: Self.photosMax, bytesMax: 1 << 20) {
      guard let bytes = Base64.decoded(text) else {
        throw fields.failure("photos", "JPEGs in Base64 belong in the list")
      }
      photos.append(bytes)
    }
    encodings = []
    let items = try fields.items("encodings", countMax: 1000)
    if !items.isEmpty {
      let model = try Self.model(fields.text("model"), fields)
      for item in items {
        encodings.append(
          GalleryEntry(name: name, model: model, encoding: try Self.encoding(item, fields)))
      }
    }
    guard !photos.isEmpty || !encodings.isEmpty else {
      throw fields.failure("photos", "photos or encodings belong here")
    }
    try fields.finish()
  }

  static func name(_ fields: inout Fields) throws(Rejection) -> PersonName {
    let text = try fields.text("name")
    do throws(GalleryError) {
      return try PersonName(text)
    } catch {
      throw fields.failure("name", error.description)
    }
  }

  static func model(_ text: String, _ fields: borrowing Fields) throws(Rejection) -> ModelName {
    do throws(GalleryError) {
      return try ModelName(text)
    } catch {
      throw fields.failure("model", error.description)
    }
  }

  /// 128 numbers, or the same as little-endian floats in Base64.
  static func encoding(_ value: JSON, _ fields: borrowing Fields) throws(Rejection) -> Encoding {
    let numbers: [Float]?
    if let text = value.text {
      numbers = Base64.decoded(text).flatMap { floats($0) }
    } else {
      numbers = value.items?.compactMap { $0.number.map { Float($0) } }
    }
    do throws(GalleryError) {
      return try Encoding(numbers ?? [])
    } catch {
      throw fields.failure("encoding", error.description)
    }
  }

  private static func floats(_ bytes: [UInt8]) -> [Float]? {
    guard bytes.count == 4 * Encoding.count else { return nil }
    return stride(from: 0, to: bytes.count, by: 4).map { place in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
      return Float(bitPattern: bits)
    }
  }
}

/// A piece of a set that is to become the gallery's whole content when all pieces are there.
package struct GalleryChunk: Sendable {
  package static let chunksMax = 8000

  /// What the pieces have in common.
  package var upload: String
  /// Of the set: above that of the last one.
  package var version: UInt64
  /// What the content's hash will be.
  package var hash: Digest
  /// From 0.
  package var chunk: Int
  package var chunks: Int
  package var entries: [GalleryEntry]

  init(_ fields: inout Fields) throws(Rejection) {
    upload = try fields.word("upload", bytesMax: 64)
    version = UInt64(try fields.integer("version", 1...Int(JSON.integerMax)))
    guard let hash = Digest(hex: try fields.text("hash")) else {
      throw fields.failure("hash", "a SHA-256 sum in hexadecimal belongs here")
    }
    self.hash = hash
    chunks = try fields.integer("chunks", 1...Self.chunksMax)
    chunk = try fields.integer("chunk", 0...chunks - 1)
    entries = []
    for item in try fields.items("entries", countMax: 2000) {
      var entry = try Fields(item, "entries")
      let name = try GalleryPerson.name(&entry)
      let model = try GalleryPerson.model(entry.text("model"), entry)
      var photo: Digest?
      if let text = try entry.optionalText("photo") {
        photo = Digest(hex: text)
        guard photo != nil else {
          throw entry.failure("photo", "a SHA-256 sum in hexadecimal belongs here")
        }
      }
      guard let encoding = entry.value("encoding") else {
        throw entry.failure("encoding", "it is missing")
      }
      entries.append(
        GalleryEntry(
          name: name, model: model, photo: photo,
          encoding: try GalleryPerson.encoding(encoding, entry)))
      try entry.finish()
    }
  }
}
