/// What a photograph that is to show one person shows, as whoever can see faces tells.
package enum PhotoReading: Equatable, Sendable {
  /// One face, good enough.
  case face(Encoding)
  case noFace
  case severalFaces(Int)
  /// The face's width in pixels.
  case tooSmall(width: Int)
  /// Why it is not good enough, in words.
  case poor(String)
  /// It is no picture, or a damaged one.
  case unreadable(String)
}

/// What came of a photograph.
package enum PhotoOutcome: Equatable, Sendable {
  case added
  /// The same file is there already, under this name, which may be another.
  case alreadyThere(PersonName)
  /// Why there is nothing to add; never `.face`.
  case refused(PhotoReading)

  /// One word, for programs.
  package var word: String {
    switch self {
    case .added: "added"
    case .alreadyThere: "already_there"
    case .refused(.face): "added"
    case .refused(.noFace): "no_face"
    case .refused(.severalFaces): "several_faces"
    case .refused(.tooSmall): "too_small"
    case .refused(.poor): "poor"
    case .refused(.unreadable): "unreadable"
    }
  }

  /// What is to be said besides.
  package var detail: String? {
    switch self {
    case .added, .refused(.face): nil
    case .alreadyThere(let owner): "it is there as a photo of \(owner)"
    case .refused(.noFace): "no face was found"
    case .refused(.severalFaces(let count)): "\(count) faces were found"
    case .refused(.tooSmall(let width)): "the face is only \(width) pixels wide"
    case .refused(.poor(let why)), .refused(.unreadable(let why)): why
    }
  }

  /// Whether the photo is in the gallery now, under the name that was asked for.
  package func isThere(as name: PersonName) -> Bool {
    switch self {
    case .added: true
    case .alreadyThere(let owner): owner == name
    case .refused: false
    }
  }
}

extension GalleryEdit {
  /// Adds what was read of a photograph.
  /// - Parameter photo: the SHA-256 of the file.
  package mutating func add(
    _ reading: PhotoReading, photo: Digest, name: PersonName, model: ModelName
  ) throws(GalleryError) -> PhotoOutcome {
    if let owner = try owner(ofPhoto: photo, model: model) { return .alreadyThere(owner) }
    guard case .face(let encoding) = reading else { return .refused(reading) }
    let entry = GalleryEntry(name: name, model: model, photo: photo, encoding: encoding)
    return switch try add(entry) {
    case .added: .added
    case .alreadyThere(let owner): .alreadyThere(owner)
    }
  }
}

extension Gallery {
  /// Adds the person of a photograph. The face is looked for before the transaction begins, and not at all
  /// where the file is known.
  /// - Parameters:
  ///   - file: the file's bytes.
  ///   - read: finds and encodes the face.
  package func add(
    photo file: [UInt8], name: PersonName, model: ModelName, read: ([UInt8]) -> PhotoReading
  ) throws(GalleryError) -> PhotoOutcome {
    let digest = Digest(of: file)
    let owner = try transaction { edit throws(GalleryError) in
      try edit.owner(ofPhoto: digest, model: model)
    }
    if let owner { return .alreadyThere(owner) }
    let reading = read(file)
    guard case .face = reading else { return .refused(reading) }
    return try transaction { edit throws(GalleryError) in
      try edit.add(reading, photo: digest, name: name, model: model)
    }
  }
}
