import CPosix
package import Gallery
import Glibc
import Synchronization

/// Keeps the overrides apart from the gallery: two files with the same text, each with a check sum, each replaced whole.
/// A damaged file leaves the other; a lost gallery leaves both.
package final class OverrideStore: Sendable {
  /// What is in the files.
  package enum Found: Equatable, Sendable {
    /// There are no files.
    case none
    /// - Parameter trouble: what is wrong with the other file, or nil.
    case copy(OverridesCopy, trouble: String?)
    /// There is a file, and none that can be read.
    case unreadable(String)
  }

  /// Larger ones were not written by us.
  private static let bytesMax = 16 << 20

  package let folder: String
  /// What both files say; nil where that is not known.
  private let written = Mutex<OverridesCopy?>(nil)

  package init(folder: String) { self.folder = folder }

  package var paths: [String] { ["\(folder)/overrides.a", "\(folder)/overrides.b"] }

  package func read() -> Found {
    var copies: [OverridesCopy] = []
    var troubles: [String] = []
    for path in paths {
      do throws(Rejection) {
        if let copy = try Self.read(path) { copies.append(copy) }
      } catch {
        troubles.append("\(path): \(error)")
      }
    }
    guard let newest = copies.max(by: { $0.generation < $1.generation }) else {
      return troubles.isEmpty ? .none : .unreadable(troubles.joined(separator: "; "))
    }
    written.withLock { $0 = copies.count == 2 && copies[0] == copies[1] ? newest : nil }
    return .copy(newest, trouble: troubles.first)
  }

  /// Nil where there is none.
  private static func read(_ path: String) throws(Rejection) -> OverridesCopy? {
    let descriptor = unsafe vp_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Rejection(.malformed, unsafe String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= bytesMax {
      let count = unsafe Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Rejection(.malformed, unsafe String(cString: strerror(errno))) }
      if count == 0 { return try OverridesCopy(bytes) }
      bytes += piece.prefix(count)
    }
    throw Rejection(.malformed, "it is too large")
  }

  /// Whether both files say this.
  func holds(_ overrides: Overrides) -> Bool { written.withLock { $0?.overrides == overrides } }

  /// Writes both files, one after the other, through to the disk.
  package func write(_ copy: OverridesCopy) throws(GalleryError) {
    written.withLock { $0 = nil }
    for path in paths { try Self.write(copy.bytes, path, folder) }
    written.withLock { $0 = copy }
  }

  private static func write(
    _ bytes: [UInt8], _ path: String, _ folder: String
  ) throws(GalleryError) {
    let new = "\(path).new"
    unsafe vp_unlink(new)
    let descriptor = try FolderOwner.open(new, O_WRONLY | O_TRUNC | O_NOFOLLOW)
    var isWritten = true
    var rest = bytes[...]
    while isWritten, !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 { rest.removeFirst(count) }
      isWritten = count > 0 || count < 0 && errno == EINTR
    }
    isWritten = isWritten && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isWritten else { throw failure(new, code) }
    guard unsafe vp_rename(new, path) == 0 else { throw failure(path, errno) }
    let place = unsafe vp_open(folder, O_RDONLY | O_DIRECTORY)
    guard place >= 0 else { throw failure(folder, errno) }
    defer { close(place) }
    guard fsync(place) == 0 else { throw failure(folder, errno) }
  }

  private static func failure(_ path: String, _ code: Int32) -> GalleryError {
    GalleryError(
      .disk, "\(path) cannot be written: \(unsafe String(cString: strerror(code)))")
  }
}
