import CPosix
import CSQLite
import Glibc
import Paths

/// One connection to a database file, and its statements; closed when it goes. Used by one thread at a time.
@safe
final class SQLiteConnection {
  /// How long a call waits while another process writes.
  static let busyTimeoutMilliseconds: Int32 = 10_000
  /// The largest value that is read or written; a classifier of 2,000 people has 3 MB.
  static let valueBytesMax: Int32 = 16 << 20

  let path: String
  fileprivate let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  /// Opens the file, made where it is not there. What is in it may be of anybody's making: nothing of it is run.
  init(_ path: String) throws(GalleryError) {
    try Self.refuseOthers(path)
    var opened: OpaquePointer?
    // No mutex of SQLite's: the owner lets one thread in at a time.
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    let status = unsafe sqlite3_open_v2(path.pathBytes, &opened, flags, nil)
    guard status == SQLITE_OK, let opened = unsafe opened else {
      let reason = unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "no memory"
      let isDenied = unsafe opened.map {
        [EACCES, EPERM].contains(unsafe sqlite3_system_errno($0))
      }
      unsafe sqlite3_close_v2(opened)
      guard isDenied != true else {
        throw GalleryError(
          .denied,
          "\(path) cannot be opened: permission denied; run this as root or as the agent's user")
      }
      throw GalleryError(
        .disk,
        "\(path) cannot be opened (\(reason)): its folder must be there, and this user must be allowed to write it"
      )
    }
    self.path = path
    unsafe handle = unsafe opened
    unsafe sqlite3_extended_result_codes(handle, 1)
    unsafe sqlite3_busy_timeout(handle, Self.busyTimeoutMilliseconds)
    let distrust = unsafe vs_distrust(handle, Self.valueBytesMax)
    guard distrust == SQLITE_OK else { throw failure(distrust) }
  }

  /// A FIFO would be waited for, and a device may never end.
  private static func refuseOthers(_ path: String) throws(GalleryError) {
    var status = stat()
    guard unsafe vp_stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    throw GalleryError(.disk, "\(path) cannot be opened: it is not a regular file")
  }

  deinit {
    for statement in statements.values { statement.finish() }
    unsafe sqlite3_close_v2(handle)
  }

  /// Runs statements that give nothing back.
  func execute(_ sql: String) throws(GalleryError) {
    let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw failure(status) }
  }

  /// The statement, prepared once and kept.
  func statement(_ sql: StaticString) throws(GalleryError) -> SQLiteStatement {
    let text = sql.description
    if let known = statements[text] {
      known.reset()
      return known
    }
    let made = try SQLiteStatement(text, self)
    statements[text] = made
    return made
  }

  /// Whether a transaction is open.
  var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

  /// Rows that the last statement changed.
  var changes: Int { Int(unsafe sqlite3_changes(handle)) }

  var lastRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

  /// Lets another thread make the running call end with an error.
  func failure(_ status: Int32) -> GalleryError {
    let reason = unsafe String(cString: sqlite3_errmsg(handle))
    let primary = status & 0xFF
    return switch primary {
    case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_TOOBIG:
      GalleryError(
        .damaged,
        "\(path) is damaged or no gallery (\(reason)); move it away and import an export of it, or have it replaced over the control topic"
      )
    case SQLITE_BUSY, SQLITE_LOCKED:
      GalleryError(
        .busy,
        "\(path) is being written by another process for more than \(Self.busyTimeoutMilliseconds / 1000) s; try again"
      )
    case SQLITE_FULL: GalleryError(.disk, "\(path) cannot be written: the disk is full")
    case SQLITE_READONLY:
      GalleryError(
        .disk, "\(path) cannot be written: it, or its folder, is read-only for this user")
    default: GalleryError(.disk, "\(path): \(reason) (SQLite's error \(status))")
    }
  }

  fileprivate func prepare(_ sql: String) throws(GalleryError) -> OpaquePointer {
    var made: OpaquePointer?
    let status = unsafe sqlite3_prepare_v2(handle, sql, -1, &made, nil)
    guard status == SQLITE_OK, let made = unsafe made else { throw failure(status) }
    return unsafe made
  }
}

/// A prepared statement of a connection, which keeps and finishes it.
@safe
final class SQLiteStatement {
  private let handle: OpaquePointer
  private unowned let connection: SQLiteConnection
  private var isFinished = false

  fileprivate init(_ sql: String, _ connection: SQLiteConnection) throws(GalleryError) {
    self.connection = connection
    unsafe handle = try unsafe connection.prepare(sql)
  }

  fileprivate func finish() {
    guard !isFinished else { return }
    isFinished = true
    unsafe sqlite3_finalize(handle)
  }

  deinit { finish() }

  /// Ready to be run again; what was bound is forgotten.
  func reset() {
    unsafe sqlite3_reset(handle)
    unsafe sqlite3_clear_bindings(handle)
  }

  // Binding: places count from 1.

  @discardableResult
  func bind(_ place: Int32, _ text: String) throws(GalleryError) -> Self {
    var text = text
    let status = text.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) {
        unsafe vs_bind_text(handle, place, $0.baseAddress, Int32(clamping: $0.count))
      }
    }
    return try check(status)
  }

  @discardableResult
  func bind(_ place: Int32, _ number: Int64) throws(GalleryError) -> Self {
    try check(unsafe sqlite3_bind_int64(handle, place, number))
  }

  @discardableResult
  func bind(_ place: Int32, _ bytes: [UInt8]?) throws(GalleryError) -> Self {
    guard let bytes else { return try check(unsafe sqlite3_bind_null(handle, place)) }
    let status = unsafe bytes.withUnsafeBytes {
      unsafe vs_bind_blob(handle, place, $0.baseAddress, Int32(clamping: $0.count))
    }
    return try check(status)
  }

  @discardableResult
  func bind(_ place: Int32, _ numbers: [Float]) throws(GalleryError) -> Self {
    let status = unsafe numbers.withUnsafeBytes {
      unsafe vs_bind_blob(handle, place, $0.baseAddress, Int32(clamping: $0.count))
    }
    return try check(status)
  }

  private func check(_ status: Int32) throws(GalleryError) -> Self {
    guard status == SQLITE_OK else { throw connection.failure(status) }
    return self
  }

  // Running.

  /// Goes to the next row.
  /// - Returns: false where there is none; the statement is then reset.
  func step() throws(GalleryError) -> Bool {
    let status = unsafe sqlite3_step(handle)
    if status == SQLITE_ROW { return true }
    if status == SQLITE_DONE {
      unsafe sqlite3_reset(handle)
      return false
    }
    let failure = connection.failure(status)
    unsafe sqlite3_reset(handle)
    throw failure
  }

  /// Runs a statement that gives no rows.
  func run() throws(GalleryError) {
    while try step() {}
  }

  // Reading: columns count from 0.

  func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

  func text(_ column: Int32) -> String {
    String(decoding: bytes(column) ?? [], as: UTF8.self)
  }

  /// Nil for NULL.
  func bytes(_ column: Int32) -> [UInt8]? {
    guard unsafe sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
    return unsafe withBytes(column) { unsafe Array($0) }
  }

  func withBytes<Result>(
    _ column: Int32, _ body: (UnsafeRawBufferPointer) throws(GalleryError) -> Result
  ) throws(GalleryError) -> Result {
    let start = unsafe sqlite3_column_blob(handle, column)
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return try unsafe body(UnsafeRawBufferPointer(start: start, count: count))
  }
}

extension SQLiteStatement {
  func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let start = unsafe sqlite3_column_blob(handle, column)
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return unsafe body(UnsafeRawBufferPointer(start: start, count: count))
  }
}
