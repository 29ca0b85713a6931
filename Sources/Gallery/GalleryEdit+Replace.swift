/// Replacing the whole set, in one go or in pieces that come over days.
extension GalleryEdit {
  /// So many sets may be arriving at once.
  package static let uploadsMax = 4
  package static let uploadNameBytesMax = 100

  /// Does what `body` does, or, where that throws, nothing, and goes on with the transaction either way. So
  /// that a command that fails can be answered for in the same transaction.
  package mutating func attempt<Result>(
    _ body: (inout GalleryEdit) throws(GalleryError) -> Result
  ) throws(GalleryError) -> Swift.Result<Result, GalleryError> {
    try settle()
    let facts = facts
    let changes = changes
    let classifier = classifier
    let isModified = isModified
    try connection.execute("SAVEPOINT attempt")
    do throws(GalleryError) {
      let result = try body(&self)
      try settle()
      try connection.execute("RELEASE attempt")
      return .success(result)
    } catch {
      try connection.execute("ROLLBACK TO attempt; RELEASE attempt")
      goBack(to: facts, changes, classifier, isModified: isModified)
      return .failure(error)
    }
  }

  /// Makes these the gallery's whole content.
  /// - Parameters:
  ///   - version: above that of the last replacement with a version; the gallery's version becomes at least
  ///     this. Nil for a replacement by hand, after which the fleet's next one is taken as before.
  ///   - hash: what the content's hash must be; nil where nobody said.
  /// - Throws: `.stale`, `.mismatch`, `.full`; the caller then throws too, or has used `attempt`.
  package mutating func replace(
    with entries: some Sequence<GalleryEntry>, version: UInt64?, hash: Digest? = nil
  ) throws(GalleryError) {
    try checkFresh(version)
    try removeAll()
    for entry in entries { try put(entry, digest: entry.digest) }
    try finishReplacement(version: version, hash: hash)
  }

  /// Keeps entries of a set that is arriving; those that are there already are taken for sent twice.
  /// - Parameter upload: what the pieces of the set have in common; up to 100 bytes.
  /// - Returns: how many entries of the set have come.
  package mutating func stage(
    _ entries: some Sequence<GalleryEntry>, upload: String
  ) throws(GalleryError) -> Int {
    guard (1...Self.uploadNameBytesMax).contains(upload.utf8.count) else {
      throw GalleryError(
        .badInput, "an upload's name has 1 to \(Self.uploadNameBytesMax) bytes")
    }
    var count = try stagedCount(upload)
    if count == 0, try uploads().count >= Self.uploadsMax {
      throw GalleryError(
        .full, "\(Self.uploadsMax) sets are arriving already; discard one")
    }
    for entry in entries {
      try connection.statement("INSERT OR IGNORE INTO staged VALUES (?, ?, ?, ?, ?, ?)")
        .bind(1, upload).bind(2, entry.digest.bytes).bind(3, entry.name.text)
        .bind(4, entry.model.text).bind(5, entry.photo?.bytes).bind(6, entry.encoding.numbers).run()
      count += connection.changes
      guard count <= Gallery.encodingsMax else {
        throw GalleryError(.full, "a set has \(Gallery.encodingsMax) encodings at most")
      }
    }
    return count
  }

  /// The sets that are arriving.
  package func uploads() throws(GalleryError) -> [String] {
    let find = try connection.statement("SELECT DISTINCT upload FROM staged ORDER BY upload")
    var names: [String] = []
    while try find.step() { names.append(find.text(0)) }
    return names
  }

  package func stagedCount(_ upload: String) throws(GalleryError) -> Int {
    let find = try connection.statement("SELECT count(*) FROM staged WHERE upload = ?")
    defer { find.reset() }
    return try find.bind(1, upload).step() ? Int(find.integer(0)) : 0
  }

  /// Forgets a set that was arriving.
  package mutating func discard(upload: String) throws(GalleryError) {
    try connection.statement("DELETE FROM staged WHERE upload = ?").bind(1, upload).run()
  }

  /// Makes the set that has arrived the gallery's whole content.
  /// - Parameter hash: what the content's hash must be; nil where nobody said.
  /// - Throws: `.notFound`, `.stale`, `.mismatch`; see `replace(with:version:hash:)`.
  package mutating func replace(
    upload: String, version: UInt64?, hash: Digest?
  ) throws(GalleryError) {
    try checkFresh(version)
    let staged = try connection.statement(
      "SELECT digest, name, model, photo, numbers FROM staged WHERE upload = ?")
    defer { staged.reset() }
    guard try staged.bind(1, upload).step() else {
      throw GalleryError(.notFound, "no part of the set \(upload) has come")
    }
    try removeAll()
    repeat {
      guard let digest = Digest(staged.bytes(0) ?? []) else {
        throw GalleryError(.damaged, "\(connection.path) is damaged: a digest is none")
      }
      let entry = GalleryEntry(
        name: PersonName(stored: staged.text(1)), model: ModelName(stored: staged.text(2)),
        photo: staged.bytes(3).flatMap { Digest($0) },
        encoding: try Encoding(staged.floats(4)))
      try put(entry, digest: digest)
    } while try staged.step()
    try finishReplacement(version: version, hash: hash)
    try discard(upload: upload)
  }

  private func checkFresh(_ version: UInt64?) throws(GalleryError) {
    guard let version else { return }
    guard version < UInt64(GalleryFacts.counterMax) else {
      throw GalleryError(
        .badInput, "version \(version) is too large; \(GalleryFacts.counterMax - 1) is the most")
    }
    guard version > facts.replaced else {
      throw GalleryError(
        .stale, "version \(version) is not above \(facts.replaced), which is here")
    }
  }

  private mutating func put(_ entry: GalleryEntry, digest: Digest) throws(GalleryError) {
    guard case .alreadyThere(let owner) = try add(entry, digest: digest), owner != entry.name else {
      return
    }
    throw GalleryError(
      .mismatch, "the set has one photo or encoding for \(owner) and \(entry.name)")
  }

  private mutating func finishReplacement(version: UInt64?, hash: Digest?) throws(GalleryError) {
    try settle()
    if let hash, hash != facts.hash {
      throw GalleryError(.mismatch, "the set's hash is \(facts.hash), not \(hash)")
    }
    if let version { facts.replaced = version }
    facts.version = max(facts.version + 1, version ?? 0)
    changes = GalleryChanges()
    changes.isWhole = true
  }
}
