import CChecksum
import CPosix
import CSQLite
import Glibc
import Synchronization

/// Named face encodings in one SQLite file, and in memory as a snapshot for matching.
///
/// Any thread may call it. Those who match take the snapshot, and wait for nobody; those who change it wait for
/// each other, in this process and in others. What a transaction did survives kill -9 and power loss once
/// it has returned, and is there whole or not at all.
package final class Gallery: Sendable {
  package static let defaultPath = "/var/lib/vedette/gallery.sqlite"
  package static let encodingsMax = 1_000_000
  /// Above so many bytes the check at the start leaves out whether indexes agree with their tables.
  private static let fullCheckBytesMax: Int64 = 32 << 20

  package let path: String
  /// What one thread at a time uses.
  private struct Writer: @unchecked Sendable {
    let connection: SQLiteConnection
    /// SQLite's count of changes by others, as it was when the snapshot was read.
    var dataVersion: Int64 = 0
  }

  private let writer: Mutex<Writer>
  /// Held for no longer than it takes to copy a reference.
  private let current: Mutex<GallerySnapshot?>

  /// Opens the file, made where it is not there, and checks it.
  /// - Parameter isLoaded: whether everything is read into memory now, rather than at the first question.
  /// - Throws: `.damaged`, `.unknownVersion`, `.busy`, `.disk`.
  package init(_ path: String, isLoaded: Bool = true) throws(GalleryError) {
    self.path = path
    // Faces are nobody's business: not for everybody to read. SQLite gives its other files the same owner, group and
    // mode. What cannot be opened here, SQLite tells of better.
    if unsafe vp_access(path, F_OK) != 0 || geteuid() == 0 { try Self.make(path) }
    let connection = try SQLiteConnection(path)
    try Schema.prepare(connection)
    // What is removed is overwritten, not only forgotten.
    try connection.execute(
      """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
      PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216
      """)
    try Self.check(connection, path)
    writer = Mutex(Writer(connection: connection))
    current = Mutex(nil)
    if isLoaded { _ = try snapshot() }
  }

  private static func make(_ path: String) throws(GalleryError) {
    let isThere = unsafe vp_access(path, F_OK) == 0
    do throws(GalleryError) {
      _ = try FolderOwner.open(path, O_RDWR)
    } catch {
      // Made, and given away, or not made at all; where there is no file either way, SQLite says why.
      if !isThere, let owner = FolderOwner(ofFile: path), owner.isAnother { throw error }
    }
  }

  /// Whether the file is sound as a database; each encoding's own sum is checked where it is read.
  private static func check(
    _ connection: SQLiteConnection, _ path: String
  ) throws(GalleryError) {
    let size = try connection.integer(
      "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    let isSmall = size <= Self.fullCheckBytesMax
    let statement =
      isSmall
      ? try connection.statement("PRAGMA integrity_check(1)")
      : try connection.statement("PRAGMA quick_check(1)")
    defer { statement.reset() }
    guard try statement.step(), statement.text(0) == "ok" else {
      throw GalleryError(
        .damaged,
        "\(path) is damaged (\(statement.text(0))); move it away and import an export of it, or have it replaced over the control topic"
      )
    }
  }

  /// The newest snapshot that is in memory; read from the file where there is none yet.
  package func snapshot() throws(GalleryError) -> GallerySnapshot {
    if let known = current.withLock({ $0 }) { return known }
    return try writer.withLock { writer throws(GalleryError) in
      if let known = current.withLock({ $0 }) { return known }
      return try load(&writer)
    }
  }

  /// The newest snapshot in memory; nil where none has been read. Never waits for the disk.
  package var loadedSnapshot: GallerySnapshot? { current.withLock { $0 } }

  /// Looks whether another process changed the file, and reads it then. Takes microseconds where not, and may
  /// wait for a transaction of this process: not for a thread that must not wait.
  /// - Returns: whether the snapshot is another than before.
  package func refresh() throws(GalleryError) -> Bool {
    try writer.withLock { writer throws(GalleryError) in
      let now = try writer.connection.integer("PRAGMA data_version")
      guard now != writer.dataVersion else { return false }
      let before = current.withLock { $0 }
      let facts = try GalleryFacts(writer.connection)
      if let before, facts.version == before.version, facts.training == before.training {
        // Others wrote to the state table alone.
        writer.dataVersion = now
        return false
      }
      _ = try load(&writer)
      return true
    }
  }

  /// Reads and changes the gallery and the state table as one: all of it is kept, or, where `body`
  /// throws, none. Waits for other transactions; `body` must not begin one.
  package func transaction<Result: Sendable>(
    _ body: (inout GalleryEdit) throws(GalleryError) -> Result
  ) throws(GalleryError) -> Result {
    try writer.withLock { writer throws(GalleryError) in
      let connection = writer.connection
      try connection.execute("BEGIN IMMEDIATE")
      do throws(GalleryError) {
        var edit = try GalleryEdit(connection)
        let result = try body(&edit)
        try edit.finish()
        try connection.execute("COMMIT")
        publish(edit, &writer)
        return result
      } catch {
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
        throw error
      }
    }
  }

  /// Makes the next snapshot. What was committed stands, whatever happens here.
  private func publish(_ edit: borrowing GalleryEdit, _ writer: inout Writer) {
    guard edit.isChanged, let before = current.withLock({ $0 }) else { return }
    var next: GallerySnapshot?
    if before.version == edit.versionBefore, before.training == edit.trainingBefore,
      !edit.changes.isWhole
    {
      next = try? before.applying(
        edit.changes, facts: edit.facts, classifier: edit.classifier ?? before.classifier)
    }
    if let next {
      current.withLock { $0 = next }
    } else {
      // Where it cannot be read now, the next question tries again and tells why.
      if (try? load(&writer)) == nil { current.withLock { $0 = nil } }
    }
  }

  private func load(_ writer: inout Writer) throws(GalleryError) -> GallerySnapshot {
    let connection = writer.connection
    try connection.execute("BEGIN")
    defer { if connection.isInTransaction { try? connection.execute("ROLLBACK") } }
    let made = try connection.readSnapshot()
    writer.dataVersion = try connection.integer("PRAGMA data_version")
    current.withLock { $0 = made }
    return made
  }
}
