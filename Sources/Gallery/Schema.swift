/// The tables of the file, and how older files become newer ones.
enum Schema {
  /// 'Vdtg': what tells a gallery from other SQLite files.
  static let applicationID: Int64 = 0x5664_7467

  /// What brings a file from one version to the next: the first makes version 1 of an empty file. Never
  /// changed once released; what is new goes to the end.
  static let migrations = [
    """
    CREATE TABLE people(
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      digest BLOB NOT NULL
    ) STRICT;
    CREATE TABLE models(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE encodings(
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      person INTEGER NOT NULL REFERENCES people(id) ON DELETE CASCADE,
      model INTEGER NOT NULL REFERENCES models(id),
      photo BLOB CHECK (photo IS NULL OR length(photo) = 32),
      digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
      numbers BLOB NOT NULL CHECK (length(numbers) = 512),
      sum INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX encodings_of_person ON encodings(person, digest);
    CREATE TABLE staged(
      upload TEXT NOT NULL,
      digest BLOB NOT NULL,
      name TEXT NOT NULL,
      model TEXT NOT NULL,
      photo BLOB,
      numbers BLOB NOT NULL CHECK (length(numbers) = 512),
      PRIMARY KEY (upload, digest)
    ) STRICT;
    CREATE TABLE facts(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE state(key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE classifier(id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL) STRICT;
    """,
    // From here on names are in Unicode's form C: `NameMigration`.
    "SELECT 1;",
  ]

  /// Brings the file to the version of this program.
  static func prepare(_ connection: SQLiteConnection) throws(GalleryError) {
    let pragma = try connection.statement("PRAGMA user_version")
    _ = try pragma.step()
    let version = Int(pragma.integer(0))
    pragma.reset()
    guard version >= 0 else {
      throw GalleryError(
        .damaged,
        "\(connection.path) is damaged: it says that its version is \(version); move it away and import an export of it"
      )
    }
    guard version <= migrations.count else {
      throw GalleryError(
        .unknownVersion,
        "\(connection.path) has version \(version), and this program knows \(migrations.count) at most; update it"
      )
    }
    if version == migrations.count { return try check(connection) }
    if version > 0 { try check(connection) }
    try connection.execute("BEGIN IMMEDIATE")
    do throws(GalleryError) {
      // Another process may have been quicker.
      let now = try connection.statement("PRAGMA user_version")
      _ = try now.step()
      let from = Int(now.integer(0))
      now.reset()
      if from == 0 { try refuseStrangers(connection) }
      for migration in migrations.dropFirst(max(0, from)) {
        try connection.execute(migration)
      }
      if from == 1 { try NameMigration.run(connection) }
      try connection.execute("PRAGMA application_id = \(applicationID)")
      try connection.execute("PRAGMA user_version = \(migrations.count)")
      try connection.execute("COMMIT")
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  private static func check(_ connection: SQLiteConnection) throws(GalleryError) {
    let pragma = try connection.statement("PRAGMA application_id")
    defer { pragma.reset() }
    guard try pragma.step(), pragma.integer(0) == applicationID else {
      throw stranger(connection.path)
    }
    try refuseCode(connection)
  }

  /// A gallery is tables and their indexes. What is more in it, somebody else put there to be run.
  private static func refuseCode(_ connection: SQLiteConnection) throws(GalleryError) {
    let others = try connection.statement(
      """
      SELECT type, name FROM sqlite_schema
      WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1
      """)
    defer { others.reset() }
    guard try others.step() else { return }
    throw GalleryError(
      .damaged,
      "\(connection.path) is no gallery as the agent makes it: it has the \(others.text(0)) \(others.text(1)); import an export of it into a new one"
    )
  }

  /// A database without a version may be another program's.
  private static func refuseStrangers(_ connection: SQLiteConnection) throws(GalleryError) {
    let tables = try connection.statement("SELECT count(*) FROM sqlite_schema")
    defer { tables.reset() }
    guard try tables.step(), tables.integer(0) == 0 else { throw stranger(connection.path) }
  }

  private static func stranger(_ path: String) -> GalleryError {
    GalleryError(.damaged, "\(path) is a database, but no gallery; name another file")
  }
}
