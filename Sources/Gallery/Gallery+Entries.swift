/// Listing, export and import.
extension Gallery {
  /// What the gallery is as a whole.
  package struct Summary: Equatable, Sendable {
    package var version: UInt64
    package var hash: Digest
    package var people: Int
    package var encodings: Int
    package var photos: Int
    package var models: [String]
  }

  package struct PersonSummary: Equatable, Sendable {
    package var name: PersonName
    package var encodings: Int
    package var photos: Int
  }

  /// What came of an import.
  package struct ImportCount: Equatable, Sendable {
    package var added = 0
    package var alreadyThere = 0
  }

  /// So many entries are added in one transaction, so that nobody else waits for long.
  private static let batchMax = 2000

  package func summary() throws(GalleryError) -> Summary {
    let reader = try reader()
    try reader.execute("BEGIN")
    let facts = try GalleryFacts(reader)
    let models = try reader.statement(
      "SELECT name FROM models m WHERE EXISTS (SELECT 1 FROM encodings WHERE model = m.id) ORDER BY 1"
    )
    var names: [String] = []
    while try models.step() { names.append(models.text(0)) }
    return Summary(
      version: facts.version, hash: facts.hash,
      people: Int(try reader.integer("SELECT count(*) FROM people")), encodings: facts.count,
      photos: Int(try reader.integer("SELECT count(DISTINCT photo) FROM encodings")),
      models: names)
  }

  /// How the classifier was trained; nil where there is none.
  package func training() throws(GalleryError) -> Classifier.Training? {
    try reader().readClassifier()?.training
  }

  /// Everybody, by the bytes of the names.
  package func people() throws(GalleryError) -> [PersonSummary] {
    let reader = try reader()
    let rows = try reader.statement(
      """
      SELECT p.name, count(*), count(DISTINCT e.photo) FROM people p
      JOIN encodings e ON e.person = p.id GROUP BY p.id ORDER BY p.name
      """)
    var all: [PersonSummary] = []
    while try rows.step() {
      all.append(
        PersonSummary(
          name: PersonName(stored: rows.text(0)), encodings: Int(rows.integer(1)),
          photos: Int(rows.integer(2))))
    }
    return all
  }

  /// Every entry as of one moment, by name and then by digest: the same content in the same order. Others may
  /// write meanwhile.
  /// - Parameter body: false ends it.
  package func forEachEntry(
    _ body: (GalleryEntry) throws(GalleryError) -> Bool
  ) throws(GalleryError) {
    let reader = try reader()
    let rows = try reader.statement(
      """
      SELECT p.name, m.name, e.photo, e.numbers, e.sum, e.id FROM people p
      JOIN encodings e ON e.person = p.id JOIN models m ON m.id = e.model ORDER BY p.name, e.digest
      """)
    defer { rows.reset() }
    while try rows.step() {
      guard let encoding = try? Encoding(rows.floats(3)),
        Int64(encoding.checksum) == rows.integer(4)
      else { throw reader.damage(rows.integer(5)) }
      let entry = GalleryEntry(
        name: PersonName(stored: rows.text(0)), model: ModelName(stored: rows.text(1)),
        photo: rows.bytes(2).flatMap { Digest($0) }, encoding: encoding)
      guard try body(entry) else { return }
    }
  }

  /// Adds the entries of lines of JSON, some thousands at a time. Where a line is wrong those before it
  /// stay; the import can be repeated, since what is there is not added again.
  /// - Parameters:
  ///   - model: what made encodings whose line does not say.
  ///   - progress: called now and then; false ends the import.
  package func importLines(
    _ lines: LineReader, model: ModelName?, progress: (LineReader) -> Bool
  ) throws(GalleryError) -> ImportCount {
    var count = ImportCount()
    try forEachBatch(lines, model, progress) { batch throws(GalleryError) in
      let added = try transaction { edit throws(GalleryError) in
        var added = 0
        for entry in batch where try edit.add(entry) == .added { added += 1 }
        return added
      }
      count.added += added
      count.alreadyThere += batch.count - added
    }
    return count
  }

  /// Makes the entries of lines of JSON the gallery's whole content, all at once when the last is read. Where a
  /// line is wrong the gallery stays as it was.
  package func replaceByLines(
    _ lines: LineReader, model: ModelName?, progress: (LineReader) -> Bool
  ) throws(GalleryError) -> Int {
    let upload = "by hand"
    try transaction { edit throws(GalleryError) in try edit.discard(upload: upload) }
    do throws(GalleryError) {
      try forEachBatch(lines, model, progress) { batch throws(GalleryError) in
        try transaction { edit throws(GalleryError) in _ = try edit.stage(batch, upload: upload) }
      }
      return try transaction { edit throws(GalleryError) in
        try edit.replace(upload: upload, version: nil, hash: nil)
        return edit.encodingCount
      }
    } catch {
      try? transaction { edit throws(GalleryError) in try edit.discard(upload: upload) }
      throw error
    }
  }

  private func forEachBatch(
    _ lines: LineReader, _ model: ModelName?, _ progress: (LineReader) -> Bool,
    _ body: ([GalleryEntry]) throws(GalleryError) -> Void
  ) throws(GalleryError) {
    var batch: [GalleryEntry] = []
    while let line = try lines.next() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      do throws(GalleryError) {
        batch.append(try EntryLine.parse(line, model: model))
      } catch {
        if !batch.isEmpty { try body(batch) }
        throw GalleryError(error.code, "line \(lines.lines): \(error)")
      }
      guard batch.count == Self.batchMax else { continue }
      try body(batch)
      batch = []
      guard progress(lines) else { throw GalleryError(.cancelled, "the import was ended") }
    }
    if !batch.isEmpty { try body(batch) }
    _ = progress(lines)
  }

  /// A connection that sees one moment of the file while others write.
  private func reader() throws(GalleryError) -> SQLiteConnection {
    let reader = try SQLiteConnection(path)
    try reader.execute("PRAGMA query_only = ON")
    return reader
  }
}
