@_spi(_Unicode) import Swift

extension String {
  /// Unicode's normalization form C: one sequence of bytes for what is one text. A name that is typed on one
  /// machine and a file's name from another are then the same person.
  var composed: String {
    guard !utf8.allSatisfy({ $0 < 0x80 }) else { return self }
    var scalars = UnicodeScalarView()
    for scalar in _nfc { scalars.append(scalar) }
    return String(scalars)
  }
}

/// Brings the names of galleries of version 1, which are as they came, into form C.
enum NameMigration {
  /// People whose names are then equal become one. Called within the schema's transaction.
  static func run(_ connection: SQLiteConnection) throws(GalleryError) {
    try composeStaged(connection)
    let people = try uncomposed(connection)
    guard !people.isEmpty else { return }
    for (id, name) in people {
      let find = try connection.statement("SELECT id FROM people WHERE name = ?")
      let other = try find.bind(1, name.composed).step() ? find.integer(0) : nil
      find.reset()
      guard let other else {
        try connection.statement("UPDATE people SET name = ? WHERE id = ?")
          .bind(1, name.composed).bind(2, id).run()
        continue
      }
      try connection.statement("UPDATE encodings SET person = ? WHERE person = ?")
        .bind(1, other).bind(2, id).run()
      try connection.statement("DELETE FROM people WHERE id = ?").bind(1, id).run()
      try connection.statement("UPDATE people SET digest = ? WHERE id = ?")
        .bind(1, try digest(connection, other).bytes).bind(2, other).run()
    }
    // It was trained for other people.
    try connection.execute("DELETE FROM classifier")
    var facts = try GalleryFacts(connection)
    facts.version += 1
    facts.hash = try connection.contentHash()
    try facts.write(connection)
  }

  private static func uncomposed(
    _ connection: SQLiteConnection
  ) throws(GalleryError) -> [(Int64, String)] {
    let all = try connection.statement("SELECT id, name FROM people ORDER BY id")
    defer { all.reset() }
    var people: [(Int64, String)] = []
    while try all.step() {
      let name = all.text(1)
      // Swift takes the two forms for equal; their bytes are not.
      if !name.utf8.elementsEqual(name.composed.utf8) { people.append((all.integer(0), name)) }
    }
    return people
  }

  private static func digest(
    _ connection: SQLiteConnection, _ person: Int64
  ) throws(GalleryError) -> Digest {
    let find = try connection.statement(
      "SELECT digest FROM encodings WHERE person = ? ORDER BY digest")
    defer { find.reset() }
    try find.bind(1, person)
    var digests: [Digest] = []
    while try find.step() {
      guard let digest = Digest(find.bytes(0) ?? []) else {
        throw GalleryError(.damaged, "\(connection.path) is damaged: a digest is none")
      }
      digests.append(digest)
    }
    return ContentHash.ofPerson(digests)
  }

  private static func composeStaged(_ connection: SQLiteConnection) throws(GalleryError) {
    let all = try connection.statement("SELECT DISTINCT name FROM staged")
    var names: [String] = []
    while try all.step() { names.append(all.text(0)) }
    all.reset()
    for name in names where !name.utf8.elementsEqual(name.composed.utf8) {
      try connection.statement("UPDATE staged SET name = ? WHERE name = ?")
        .bind(1, name.composed).bind(2, name).run()
    }
  }
}
