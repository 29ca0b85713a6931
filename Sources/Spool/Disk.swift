import CPosix
import Glibc
import Paths

/// The calls that the store makes of the file system, so that tests can have them fail.
package struct DiskFaults: Sendable {
  package enum Call: String, CaseIterable, Sendable {
    case create, allocate, write, sync, rename, unlink, read, folderSync
  }

  /// The errno with which a call on a path is to fail, or nil for the real call.
  package var error: @Sendable (Call, String) -> Int32?

  package init(error: @escaping @Sendable (Call, String) -> Int32? = { _, _ in nil }) {
    self.error = error
  }
}

/// An open file of the store; closed when it goes.
final class StoreFile {
  let path: String
  private let file: Descriptor
  private let faults: DiskFaults
  /// Linux forgets dirty pages that could not be written: a later fdatasync would lie.
  private(set) var isTainted = false

  private init(path: String, descriptor: Int32, faults: DiskFaults) {
    self.path = path
    file = Descriptor(descriptor)
    self.faults = faults
  }

  private var descriptor: Int32 { file.number }

  /// Makes a file that must not be there yet.
  static func create(_ path: String, _ faults: DiskFaults) throws(SpoolError) -> StoreFile {
    try open(path, O_RDWR | O_CREAT | O_EXCL, .create, faults)
  }

  /// Opens a file for reading and writing, made where it is not there.
  static func openOrCreate(_ path: String, _ faults: DiskFaults) throws(SpoolError) -> StoreFile {
    try open(path, O_RDWR | O_CREAT, .create, faults)
  }

  static func openForReading(_ path: String, _ faults: DiskFaults) throws(SpoolError) -> StoreFile {
    try open(path, O_RDONLY, .read, faults)
  }

  static func openForWriting(_ path: String, _ faults: DiskFaults) throws(SpoolError) -> StoreFile {
    try open(path, O_RDWR, .read, faults)
  }

  private static func open(
    _ path: String, _ flags: Int32, _ call: DiskFaults.Call, _ faults: DiskFaults
  ) throws(SpoolError) -> StoreFile {
    if let error = faults.error(call, path) {
      throw SpoolError(.disk, errno: error, "\(path) cannot be opened")
    }
    // Without O_NONBLOCK the opening of a FIFO waits for somebody at its other end.
    let descriptor = unsafe vp_open_mode(path, flags | O_NONBLOCK | O_NOCTTY, 0o640)
    guard descriptor >= 0 else {
      throw SpoolError(.disk, errno: errno, "\(path) cannot be opened")
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      _ = close(descriptor)
      throw SpoolError(.disk, "\(path) cannot be opened: it is not a regular file")
    }
    return StoreFile(path: path, descriptor: descriptor, faults: faults)
  }

  /// The same file by a new descriptor.
  func reopened() throws(SpoolError) -> StoreFile {
    try Self.openForWriting(path, faults)
  }

  /// Takes the lock that other processes look for.
  func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  func unlock() { _ = flock(descriptor, LOCK_UN) }

  var size: UInt64 {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return 0 }
    return UInt64(max(0, status.st_size))
  }

  /// Takes the room on the disk now, so that a full disk is seen here and not in the midst of a write.
  func allocate(_ count: UInt64) throws(SpoolError) {
    if let error = faults.error(.allocate, path) { throw failure(error, "no room for \(path)") }
    let code = vp_allocate(descriptor, Int(count))
    // Some file systems cannot; writes then tell.
    guard code == 0 || code == EOPNOTSUPP || code == EINVAL else {
      throw failure(code, "no room for \(path)")
    }
  }

  /// Writes all of `parts`, which are few, in a row at `offset`, by one call where the system lets it.
  func write(_ parts: [[UInt8]], at offset: UInt64) throws(SpoolError) {
    if let error = faults.error(.write, path) {
      throw failure(error, "\(path) cannot be written")
    }
    var vectors: [iovec] = unsafe []
    let code = unsafe write(parts[...], &vectors, at: off_t(offset))
    guard code == 0 else { throw failure(code, "\(path) cannot be written") }
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(SpoolError) {
    try write([bytes], at: offset)
  }

  /// Holds on to each of `parts` in turn, then writes them all.
  /// - Returns: 0 or an errno.
  private func write(
    _ parts: ArraySlice<[UInt8]>, _ vectors: inout [iovec], at offset: off_t
  ) -> Int32 {
    guard let part = parts.first else { return unsafe writeAll(&vectors, at: offset) }
    return unsafe part.withUnsafeBytes { bytes in
      let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
      if bytes.count > 0 { unsafe vectors.append(iovec(iov_base: base, iov_len: bytes.count)) }
      return unsafe write(parts.dropFirst(), &vectors, at: offset)
    }
  }

  private func writeAll(_ vectors: inout [iovec], at offset: off_t) -> Int32 {
    var offset = offset
    while !(unsafe vectors.isEmpty) {
      var count = unsafe pwritev(descriptor, vectors, Int32(vectors.count), offset)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? ENOSPC : errno }
      offset += count
      while let first = unsafe vectors.first, unsafe count >= first.iov_len {
        unsafe count -= first.iov_len
        unsafe vectors.removeFirst()
      }
      if count > 0 {
        unsafe vectors[0].iov_base += count
        unsafe vectors[0].iov_len -= count
      }
    }
    return 0
  }

  /// Reads up to `count` bytes; fewer at the end of the file.
  func read(count: Int, at offset: UInt64) throws(SpoolError) -> [UInt8] {
    if let error = faults.error(.read, path) { throw failure(error, "\(path) cannot be read") }
    var failed: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[done...])
        let got = unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + done)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failed = errno }
        guard got > 0 else { break }
        done += got
      }
    }
    guard failed == 0 else { throw failure(failed, "\(path) cannot be read") }
    return bytes
  }

  /// Makes what was written last. After a failure the file is not to be trusted.
  func sync() throws(SpoolError) {
    try noteSynced(try syncing()())
  }

  /// What `sync` does, to be called on any thread, once; `noteSynced` is to be given the errno that it returns.
  func syncing() throws(SpoolError) -> @Sendable () -> Int32 {
    guard !isTainted else { throw failure(EIO, "\(path) failed to be written before") }
    if let error = faults.error(.sync, path) { return { error } }
    return { [file] in fdatasync(file.number) == 0 ? 0 : errno }
  }

  func noteSynced(_ code: Int32) throws(SpoolError) {
    guard code == 0 else {
      isTainted = true
      throw failure(code, "\(path) cannot be made durable")
    }
  }

  func truncate(to count: UInt64) throws(SpoolError) {
    guard ftruncate(descriptor, off_t(count)) == 0 else {
      throw failure(errno, "\(path) cannot be cut")
    }
  }

  private func failure(_ code: Int32, _ sentence: String) -> SpoolError {
    SpoolError(.disk, errno: code, sentence)
  }
}

/// Closed when nobody has it any more.
private final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { _ = close(number) }
}

/// What is done to folders.
enum Folder {
  static func make(_ path: String) throws(SpoolError) {
    guard unsafe vp_mkdir(path, 0o750) == 0 || errno == EEXIST else {
      throw SpoolError(.disk, errno: errno, "the folder \(path) cannot be made")
    }
  }

  /// Makes renames and deletions within the folder last.
  static func sync(_ path: String, _ faults: DiskFaults) throws(SpoolError) {
    if let error = faults.error(.folderSync, path) {
      throw SpoolError(.disk, errno: error, "the folder \(path) cannot be made durable")
    }
    let descriptor = unsafe vp_open(path, O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else {
      throw SpoolError(.disk, errno: errno, "the folder \(path) cannot be opened")
    }
    defer { _ = close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw SpoolError(.disk, errno: errno, "the folder \(path) cannot be made durable")
    }
  }

  static func rename(_ old: String, _ new: String, _ faults: DiskFaults) throws(SpoolError) {
    if let error = faults.error(.rename, old) {
      throw SpoolError(.disk, errno: error, "\(old) cannot be renamed")
    }
    guard unsafe vp_rename(old, new) == 0 else {
      throw SpoolError(.disk, errno: errno, "\(old) cannot be renamed to \(new)")
    }
  }

  /// Deletes a file; one that is gone already is no error.
  static func remove(_ path: String, _ faults: DiskFaults) throws(SpoolError) {
    if let error = faults.error(.unlink, path) {
      throw SpoolError(.disk, errno: error, "\(path) cannot be deleted")
    }
    guard unsafe vp_unlink(path) == 0 || errno == ENOENT else {
      throw SpoolError(.disk, errno: errno, "\(path) cannot be deleted")
    }
  }

  static func exists(_ path: String) -> Bool { unsafe vp_access(path, F_OK) == 0 }

  /// Names of the files within; empty where the folder cannot be read.
  static func names(_ path: String) -> [String] { (try? list(path)) ?? [] }

  /// Names of the files within.
  static func list(_ path: String) throws(SpoolError) -> [String] {
    guard let names = FolderNames.list(path) else {
      throw SpoolError(.disk, errno: errno, "the folder \(path) cannot be read")
    }
    return names
  }
}
