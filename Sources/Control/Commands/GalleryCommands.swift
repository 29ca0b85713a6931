import Documents
import Gallery

/// Commands that change who is known.
enum GalleryCommands {
  static func all<Box>() -> [Command<Box>] {
    [
      Command(.galleryPut, .gallery) { fields throws(Rejection) in
        let people = try GalleryPerson.list(&fields)
        var change = GalleryChange { (_, photos, edit) throws(GalleryError) in
          try put(people, photos, &edit)
        }
        change.people = people
        return .gallery(change)
      },
      Command(.galleryRemove, .gallery) { fields throws(Rejection) in
        let names = try names(&fields)
        let photos = try photos(&fields)
        guard !names.isEmpty || !photos.isEmpty else {
          throw fields.failure("names", "nobody is named; give names or photos")
        }
        return .gallery(
          GalleryChange { (_, _, edit) throws(GalleryError) in
            var removed = 0
            for name in names { removed += try edit.remove(name) }
            for photo in photos { removed += try edit.remove(photo: photo) }
            return ["removed": .number(Double(removed))]
          })
      },
      Command(.galleryReplace, .gallery) { fields throws(Rejection) in
        let chunk = try GalleryChunk(&fields)
        var change = GalleryChange { (issuer, _, edit) throws(GalleryError) in
          try ArrivingSets.take(chunk, from: issuer, &edit)
        }
        change.afterRefusal = { edit throws(GalleryError) in
          try ArrivingSets.forget(chunk.upload, &edit)
        }
        return .gallery(change)
      },
      Command(.galleryDiscard, .gallery) { fields throws(Rejection) in
        let upload = try fields.optionalWord("upload", bytesMax: 64)
        return .gallery(
          GalleryChange { (_, _, edit) throws(GalleryError) in
            try ArrivingSets.discard(upload, &edit)
          })
      },
      Command(.galleryTrain, .gallery, isLong: true) { fields throws(Rejection) in
        let options = try training(&fields)
        return .study(
          GalleryStudy { (people, isStopping) throws(GalleryError) in
            let classifier = try people.train(options) { _ in !isStopping() }
            return { edit throws(GalleryError) in
              try edit.setClassifier(classifier)
              return facts(classifier.training)
            }
          })
      },
    ]
  }

  // MARK: Arguments

  private static func names(_ fields: inout Fields) throws(Rejection) -> [PersonName] {
    var names: [PersonName] = []
    for text in try fields.texts("names", countMax: 10_000) {
      do throws(GalleryError) {
        names.append(try PersonName(text))
      } catch {
        throw fields.failure("names", error.description)
      }
    }
    return names
  }

  private static func photos(_ fields: inout Fields) throws(Rejection) -> [Digest] {
    var photos: [Digest] = []
    for text in try fields.texts("photos", countMax: 10_000) {
      guard let digest = Digest(hex: text) else {
        throw fields.failure("photos", "SHA-256 sums in hexadecimal belong in the list")
      }
      photos.append(digest)
    }
    return photos
  }

  private static func training(_ fields: inout Fields) throws(Rejection) -> TrainingOptions {
    var options = TrainingOptions()
    if let c = try fields.optionalNumber("inverse_regularisation", 1e-6...1e6) {
      options.inverseRegularisation = c
    }
    if let folds = try fields.optionalInteger("folds", 0...TrainingOptions.foldsMax) {
      guard folds != 1 else { throw fields.failure("folds", "0 or 2 and more belongs here") }
      options.folds = folds
    }
    if let least = try fields.optionalInteger("encodings_min", 1...1000) {
      options.encodingsMin = least
    }
    if let model = try fields.optionalText("model") {
      options.model = try GalleryPerson.model(model, fields)
    }
    return options
  }

  // MARK: Effects

  private static func facts(_ training: Classifier.Training) -> [String: JSON] {
    [
      "people": .number(Double(training.people)), "encodings": .number(Double(training.samples)),
      "accuracy": training.accuracy.map { .number($0) } ?? .null,
      "hash": .string(training.hash.description),
    ]
  }

  /// - Throws: `.badInput` where nobody is there now who was not before.
  private static func put(
    _ people: [GalleryPerson], _ photos: ReadPhotos, _ edit: inout GalleryEdit
  ) throws(GalleryError) -> [String: JSON] {
    var answers: [JSON] = []
    var added = 0
    var there = 0
    var refused: [String] = []
    for (person, readings) in zip(people, photos.readings) {
      for (photo, reading) in zip(person.photos, readings) {
        guard let model = photos.model else { continue }
        let digest = Digest(of: photo)
        let outcome = try edit.add(reading, photo: digest, name: person.name, model: model)
        if case .added = outcome {
          added += 1
        } else if outcome.isThere(as: person.name) {
          there += 1
        } else {
          refused.append("\(person.name): \(outcome.detail ?? outcome.word)")
        }
        answers.append([
          "name": .string(person.name.text), "photo": .string(digest.description),
          "outcome": .string(outcome.word), "detail": outcome.detail.map { .string($0) } ?? .null,
        ])
      }
      for entry in person.encodings {
        if try edit.add(entry) == .added { added += 1 } else { there += 1 }
      }
    }
    guard added + there > 0 || refused.isEmpty else {
      throw GalleryError(
        .badInput, "no photo was taken: \(refused.prefix(5).joined(separator: "; "))")
    }
    return [
      "added": .number(Double(added)), "already_there": .number(Double(there)),
      "refused": .number(Double(refused.count)), "photos": .array(answers),
    ]
  }
}
