import Documents
import Gallery

/// Commands whose whole effect is in the transaction.
extension ControlDesk {
  func change(
    _ envelope: Envelope, _ command: ControlCommand, _ prepared: Prepared, _ memory: ControlMemory
  ) throws(GalleryError) {
    try commit { edit, inner, results throws(GalleryError) in
      inner.memory.take(memory)
      results.append(ControlResult(number: inner.memory.nextNumber(), envelope, .accepted))
      let outcome: Result<[String: JSON], CommandFailure>
      if let key = prepared.attemptKey { try edit.setState(key, nil) }
      switch command {
      case .galleryPut where prepared.failure != nil:
        outcome = .failure(prepared.failure ?? Self.deadly)
      case .keysPut(let key): outcome = put(key, &inner)
      case .keysRevoke(let id): outcome = revoke(id, &inner)
      default:
        let attempt = try edit.attempt { edit throws(GalleryError) in
          try Self.apply(command, envelope.issuer, prepared, &edit)
        }
        switch attempt {
        case .success(let facts): outcome = .success(facts)
        case .failure(let error):
          guard Self.isFinal(error) else { throw error }
          if case .galleryReplace(let chunk) = command { try Self.forget(chunk.upload, &edit) }
          outcome = .failure(CommandFailure(error.description))
        }
      }
      var result = Self.result(outcome, envelope, inner.memory.nextNumber())
      if result.facts["hash"] == nil, command.traits.scope == .gallery {
        result.facts["hash"] = .string(try edit.hash().description)
      }
      results.append(result)
    }
  }

  /// Whether trying again would end alike. What is damaged is not mended by waiting; another command may replace it.
  private static func isFinal(_ error: GalleryError) -> Bool {
    switch error.code {
    case .disk, .denied, .busy, .unknownVersion, .cancelled: false
    case .badInput, .full, .notFound, .stale, .mismatch, .damaged: true
    }
  }

  private static func apply(
    _ command: ControlCommand, _ issuer: String, _ prepared: Prepared, _ edit: inout GalleryEdit
  ) throws(GalleryError) -> [String: JSON] {
    switch command {
    case .galleryPut(let people): return try put(people, prepared, &edit)
    case .galleryRemove(let names, let photos):
      var removed = 0
      for name in names { removed += try edit.remove(name) }
      for photo in photos { removed += try edit.remove(photo: photo) }
      return ["removed": .number(Double(removed))]
    case .galleryReplace(let chunk): return try replace(chunk, issuer, &edit)
    case .galleryDiscard(let upload): return try discard(upload, &edit)
    case .ping, .status, .snapshot, .configure, .silhouette, .galleryTrain, .spoolDrain,
      .spoolDiscard, .configReload, .configReset, .keysPut, .keysRevoke, .timeReset:
      return [:]
    }
  }

  /// - Throws: `.badInput` where nobody is there now who was not before.
  private static func put(
    _ people: [GalleryPerson], _ prepared: Prepared, _ edit: inout GalleryEdit
  ) throws(GalleryError) -> [String: JSON] {
    var photos: [JSON] = []
    var added = 0
    var there = 0
    var refused: [String] = []
    for (person, readings) in zip(people, prepared.readings) {
      for (photo, reading) in zip(person.photos, readings) {
        guard let model = prepared.model else { continue }
        let digest = Digest(of: photo)
        let outcome = try edit.add(reading, photo: digest, name: person.name, model: model)
        if case .added = outcome {
          added += 1
        } else if outcome.isThere(as: person.name) {
          there += 1
        } else {
          refused.append("\(person.name): \(outcome.detail ?? outcome.word)")
        }
        photos.append([
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
      "refused": .number(Double(refused.count)), "photos": .array(photos),
    ]
  }

  // MARK: A set in pieces

  private static func uploadKey(_ upload: String) -> String { "control/upload/\(upload)" }

  private static func forget(_ upload: String, _ edit: inout GalleryEdit) throws(GalleryError) {
    try edit.discard(upload: upload)
    try edit.setState(uploadKey(upload), nil)
  }

  private static func replace(
    _ chunk: GalleryChunk, _ issuer: String, _ edit: inout GalleryEdit
  ) throws(GalleryError) -> [String: JSON] {
    let announced: [String: JSON] = [
      "version": .number(Double(chunk.version)), "hash": .string(chunk.hash.description),
      "chunks": .number(Double(chunk.chunks)),
    ]
    var have: Set<Int> = []
    if let bytes = try edit.state(uploadKey(chunk.upload)),
      let stored = try? JSONReader.read(bytes)
    {
      for (name, value) in announced where stored[name] != value {
        throw GalleryError(
          .mismatch, "its \(name) is not that of the other pieces of \(chunk.upload)")
      }
      have = Set((stored["have"]?.items ?? []).compactMap(\.integer))
    } else {
      try forgetOlder(than: chunk.version, &edit)
      try makeRoom(&edit)
    }
    have.insert(chunk.chunk)
    let staged = try edit.stage(chunk.entries, upload: chunk.upload)
    guard have.count == chunk.chunks else {
      var stored = announced
      stored["issuer"] = .string(issuer)
      stored["at"] = .number(Double(try nextTurn(edit)))
      stored["have"] = .array(have.sorted().map { .number(Double($0)) })
      try edit.setState(uploadKey(chunk.upload), JSON.object(stored).canonical)
      return [
        "received": .number(Double(have.count)), "chunks": .number(Double(chunk.chunks)),
        "entries": .number(Double(staged)),
      ]
    }
    try edit.replace(upload: chunk.upload, version: chunk.version, hash: chunk.hash)
    try edit.setState(uploadKey(chunk.upload), nil)
    return [
      "received": .number(Double(have.count)), "chunks": .number(Double(chunk.chunks)),
      "entries": .number(Double(edit.encodingCount)), "version": .number(Double(edit.version)),
    ]
  }

  /// Sets that are arriving, each with its issuer, and when its last piece came, counted in pieces.
  private static func arriving(
    _ edit: borrowing GalleryEdit
  ) throws(GalleryError) -> [(upload: String, issuer: String, turn: Int)] {
    try edit.states(prefix: uploadKey("")).map { key, value in
      let stored = try? JSONReader.read(value)
      return (
        String(key.dropFirst(uploadKey("").count)), stored?["issuer"]?.text ?? "",
        stored?["at"]?.integer ?? 0
      )
    }
  }

  private static func nextTurn(_ edit: borrowing GalleryEdit) throws(GalleryError) -> Int {
    let last = try arriving(edit).map(\.turn).max() ?? 0
    return min(max(last, 0), Int(JSON.integerMax) - 1) + 1
  }

  /// - Throws: `.notFound` where no piece of the set has come.
  private static func discard(
    _ upload: String?, _ edit: inout GalleryEdit
  ) throws(GalleryError) -> [String: JSON] {
    let sets = try arriving(edit).map(\.upload)
    let discarded = upload.map { upload in sets.filter { $0 == upload } } ?? sets
    if let upload, discarded.isEmpty {
      throw GalleryError(
        .notFound,
        "no piece of the set \(upload) is here; arriving: \(sets.isEmpty ? "none" : sets.joined(separator: ", "))"
      )
    }
    for name in discarded { try forget(name, &edit) }
    return ["discarded": .array(discarded.map { .string($0) })]
  }

  /// Of too many sets one gives way: of the issuer who has the most of them the one of which nothing came for longest. So
  /// sets that nobody finishes keep nobody out, and one issuer's no other's.
  private static func makeRoom(_ edit: inout GalleryEdit) throws(GalleryError) {
    while true {
      let sets = try arriving(edit)
      // A set of which empty pieces alone have come has nothing staged.
      guard try max(sets.count, edit.uploads().count) >= GalleryEdit.uploadsMax else { return }
      let counts = Dictionary(sets.map { ($0.issuer, 1) }) { $0 + $1 }
      let most = counts.values.max() ?? 0
      let oldest = sets.filter { counts[$0.issuer] == most }.min { $0.turn < $1.turn }
      guard let oldest else { return }
      try forget(oldest.upload, &edit)
    }
  }

  /// Sets that are arriving, and would be out of date when they are there.
  private static func forgetOlder(
    than version: UInt64, _ edit: inout GalleryEdit
  ) throws(GalleryError) {
    for (key, value) in try edit.states(prefix: uploadKey("")) {
      let stored = try? JSONReader.read(value)
      guard let old = stored?["version"]?.integer, UInt64(max(0, old)) >= version else {
        try forget(String(key.dropFirst(uploadKey("").count)), &edit)
        continue
      }
    }
  }

  // MARK: Keys

  private func put(
    _ key: TrustedKey, _ inner: inout Inner
  ) -> Result<[String: JSON], CommandFailure> {
    var ring = inner.ring
    do throws(Rejection) {
      try ring.put(key)
    } catch {
      return .failure(CommandFailure(error.description))
    }
    // The last root key may come again as one that is none, or for other boxes.
    guard hasRoot(ring) || !hasRoot(inner.ring) else { return Self.lastRoot(key.id) }
    inner.ring = ring
    inner.overrides.keys[key.id] = key.json
    return .success(["key": .string(key.id), "keys": .number(Double(inner.ring.keys.count))])
  }

  private func hasRoot(_ ring: KeyRing) -> Bool {
    ring.rootCount(reaching: options.identity.labels) > 0
  }

  private static func lastRoot(_ id: String) -> Result<[String: JSON], CommandFailure> {
    .failure(
      CommandFailure("\(id) is the last root key: put another first, or nobody could put one"))
  }

  private func revoke(
    _ id: String, _ inner: inout Inner
  ) -> Result<[String: JSON], CommandFailure> {
    var ring = inner.ring
    ring.revoke(id)
    guard hasRoot(ring) else { return Self.lastRoot(id) }
    inner.ring = ring
    inner.memory.forgetSequence(id)
    inner.overrides.keys[id] = nil
    inner.overrides.revoked.insert(id)
    return .success(["key": .string(id), "keys": .number(Double(ring.keys.count))])
  }
}
