import Documents
import Gallery

/// Sets of people that arrive in pieces. Which pieces of which set are there is kept in the gallery's file.
enum ArrivingSets {
  private static func uploadKey(_ upload: String) -> String { "control/upload/\(upload)" }

  static func forget(_ upload: String, _ edit: inout GalleryEdit) throws(GalleryError) {
    try edit.discard(upload: upload)
    try edit.setState(uploadKey(upload), nil)
  }

  static func take(
    _ chunk: GalleryChunk, from issuer: String, _ edit: inout GalleryEdit
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
  static func discard(
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
}
