import CPosix
package import Gallery
import Glibc
import Paths
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
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try OpenFile(path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        .readAll(bytesMax: bytesMax)
    } catch {
      if error.isMissing { return nil }
      throw Rejection(.malformed, error.code == EFBIG ? "it is too large" : "\(error)")
    }
    return try OverridesCopy(bytes)
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
    let file = try FolderOwner.open(new, O_WRONLY | O_TRUNC | O_NOFOLLOW)
    do throws(FileFault) {
      try file.write(bytes)
      try file.sync()
    } catch {
      throw failure(new, error)
    }
    guard unsafe vp_rename(new, path) == 0 else { throw failure(path, .last) }
    do throws(FileFault) {
      try OpenFile(folder, flags: O_RDONLY | O_DIRECTORY).sync()
    } catch {
      throw failure(folder, error)
    }
  }

  private static func failure(_ path: String, _ fault: FileFault) -> GalleryError {
    GalleryError(.disk, "\(path) cannot be written: \(fault)")
  }
}
