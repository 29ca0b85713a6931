/// A transaction that is open: what may be read and changed in it. It ends with the closure that it is
/// given to.
package struct GalleryEdit: ~Copyable {
  /// What came of an entry.
  package enum Addition: Equatable, Sendable {
    case added
    /// The same photo, or the same numbers, is there already, under this name.
    case alreadyThere(PersonName)
  }

  let connection: SQLiteConnection
  let versionBefore: UInt64
  let trainingBefore: Int64
  var facts: GalleryFacts
  var changes = GalleryChanges()
  /// Nil where it stays as it was.
  var classifier: Classifier??
  /// Whether encodings came or went, even where the content is what it was in the end.
  private(set) var isModified = false
  private var modelIDs: [ModelName: Int64] = [:]
  /// People whose encodings changed since the hashes were computed.
  private var touched: Set<Int64> = []

  init(_ connection: SQLiteConnection) throws(GalleryError) {
    self.connection = connection
    facts = try GalleryFacts(connection)
    versionBefore = facts.version
    trainingBefore = facts.training
  }

  var isChanged: Bool { facts.version != versionBefore || facts.training != trainingBefore }

  /// The gallery's version; a change shows when the transaction has ended.
  package var version: UInt64 { facts.version }

  /// The content's hash as it is now, with what was changed here.
  package mutating func hash() throws(GalleryError) -> Digest {
    try settle()
    return facts.hash
  }

  /// How many encodings there are now.
  package var encodingCount: Int { facts.count }

  /// Adds one encoding, and the person where the name is new.
  /// - Throws: `.full` at a million encodings.
  package mutating func add(_ entry: GalleryEntry) throws(GalleryError) -> Addition {
    try add(entry, digest: entry.digest)
  }

  mutating func add(_ entry: GalleryEntry, digest: Digest) throws(GalleryError) -> Addition {
    if let owner = try owner(of: digest) { return .alreadyThere(owner) }
    guard facts.count < Gallery.encodingsMax else {
      throw GalleryError(.full, "the gallery has \(facts.count) encodings, and that is the most")
    }
    let person = try personID(entry.name)
    try connection.statement(
      "INSERT INTO encodings(person, model, photo, digest, numbers, sum) VALUES (?, ?, ?, ?, ?, ?)"
    )
    .bind(1, person).bind(2, try modelID(entry.model)).bind(3, entry.photo?.bytes)
    .bind(4, digest.bytes).bind(5, entry.encoding.numbers)
    .bind(6, Int64(entry.encoding.checksum)).run()
    facts.count += 1
    isModified = true
    touched.insert(person)
    if !changes.isWhole {
      changes.added.append(
        .init(
          id: connection.lastRow, person: Int32(clamping: person), model: entry.model,
          numbers: entry.encoding.numbers))
      changes.shorten()
    }
    return .added
  }

  /// Removes a person with all encodings.
  /// - Returns: how many encodings there were; 0 where there is no such person.
  package mutating func remove(_ name: PersonName) throws(GalleryError) -> Int {
    let find = try connection.statement(
      "SELECT e.id, e.person FROM encodings e JOIN people p ON p.id = e.person WHERE p.name = ?")
    return try remove(try find.bind(1, name.text))
  }

  /// Removes what came of a photo, of every model.
  /// - Returns: how many encodings there were.
  package mutating func remove(photo: Digest) throws(GalleryError) -> Int {
    let find = try connection.statement("SELECT id, person FROM encodings WHERE photo = ?")
    return try remove(try find.bind(1, photo.bytes))
  }

  private mutating func remove(_ found: SQLiteStatement) throws(GalleryError) -> Int {
    var ids: [Int64] = []
    while try found.step() {
      ids.append(found.integer(0))
      touched.insert(found.integer(1))
    }
    for id in ids {
      try connection.statement("DELETE FROM encodings WHERE id = ?").bind(1, id).run()
    }
    facts.count -= ids.count
    isModified = isModified || !ids.isEmpty
    if !changes.isWhole {
      changes.removed.formUnion(ids)
      changes.shorten()
    }
    return ids.count
  }

  /// Removes everybody.
  package mutating func removeAll() throws(GalleryError) {
    guard facts.count > 0 else { return }
    try connection.execute("DELETE FROM encodings; DELETE FROM people")
    facts.count = 0
    isModified = true
    touched = []
    changes = GalleryChanges()
    changes.isWhole = true
    facts.hash = ContentHash.empty
  }

  /// Whose photo this is already, by this model; nil where it is new.
  package func owner(ofPhoto photo: Digest, model: ModelName) throws(GalleryError) -> PersonName? {
    let find = try connection.statement(
      """
      SELECT p.name FROM encodings e JOIN people p ON p.id = e.person JOIN models m ON m.id = e.model
      WHERE e.photo = ? AND m.name = ?
      """)
    defer { find.reset() }
    try find.bind(1, photo.bytes).bind(2, model.text)
    return try find.step() ? PersonName(stored: find.text(0)) : nil
  }

  private func owner(of digest: Digest) throws(GalleryError) -> PersonName? {
    let find = try connection.statement(
      "SELECT p.name FROM encodings e JOIN people p ON p.id = e.person WHERE e.digest = ?")
    defer { find.reset() }
    return try find.bind(1, digest.bytes).step() ? PersonName(stored: find.text(0)) : nil
  }

  private func personID(_ name: PersonName) throws(GalleryError) -> Int64 {
    let find = try connection.statement("SELECT id FROM people WHERE name = ?")
    defer { find.reset() }
    if try find.bind(1, name.text).step() { return find.integer(0) }
    try connection.statement("INSERT INTO people(name, digest) VALUES (?, ?)")
      .bind(1, name.text).bind(2, [UInt8]()).run()
    guard connection.lastRow < Int64(Int32.max) else {
      throw GalleryError(
        .full, "the file has numbered \(Int32.max) people; export and import it into a new one")
    }
    return connection.lastRow
  }

  private mutating func modelID(_ model: ModelName) throws(GalleryError) -> Int64 {
    if let known = modelIDs[model] { return known }
    try connection.statement("INSERT OR IGNORE INTO models(name) VALUES (?)").bind(1, model.text)
      .run()
    let find = try connection.statement("SELECT id FROM models WHERE name = ?")
    defer { find.reset() }
    guard try find.bind(1, model.text).step() else {
      throw GalleryError(.damaged, "\(connection.path) is damaged: a model cannot be found")
    }
    modelIDs[model] = find.integer(0)
    return find.integer(0)
  }

  /// Brings the people's digests and the content's hash up to the encodings.
  mutating func settle() throws(GalleryError) {
    guard !touched.isEmpty else { return }
    for person in touched.sorted() { try settle(person) }
    touched = []
    facts.hash = try connection.contentHash()
  }

  private mutating func settle(_ person: Int64) throws(GalleryError) {
    var digests: [Digest] = []
    let find = try connection.statement(
      "SELECT digest FROM encodings WHERE person = ? ORDER BY digest")
    try find.bind(1, person)
    while try find.step() {
      guard let digest = Digest(find.bytes(0) ?? []) else {
        throw GalleryError(.damaged, "\(connection.path) is damaged: a digest is none")
      }
      digests.append(digest)
    }
    let key = Int32(clamping: person)
    guard !digests.isEmpty else {
      try connection.statement("DELETE FROM people WHERE id = ?").bind(1, person).run()
      changes.people[key] = .some(nil)
      return
    }
    try connection.statement("UPDATE people SET digest = ? WHERE id = ?")
      .bind(1, ContentHash.ofPerson(digests).bytes).bind(2, person).run()
    let name = try connection.statement("SELECT name FROM people WHERE id = ?")
    defer { name.reset() }
    guard try name.bind(1, person).step() else { return }
    changes.people[key] = .init(name: PersonName(stored: name.text(0)), count: digests.count)
  }

  /// Goes back to what was settled before an attempt that failed.
  mutating func goBack(
    to facts: GalleryFacts, _ changes: GalleryChanges, _ classifier: Classifier??, isModified: Bool
  ) {
    self.facts = facts
    self.changes = changes
    self.classifier = classifier
    self.isModified = isModified
    modelIDs = [:]
    touched = []
  }

  /// The last of the transaction: hashes and version.
  mutating func finish() throws(GalleryError) {
    try settle()
    if isModified, facts.version == versionBefore { facts.version += 1 }
    if isChanged { try facts.write(connection) }
  }
}
