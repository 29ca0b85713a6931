import CPosix
import Glibc
import Paths

/// Small reads of folders, links and files in /dev, /proc and /sys; what cannot be read is empty.
enum Files {
  static func names(in folder: String) -> [String] {
    FolderNames.list(folder)?.sorted() ?? []
  }

  /// Where a symbolic link points.
  static func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      return unsafe readlink(path, base.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return count > 0 ? String(path: buffer.prefix(count)) : nil
  }

  static func realPath(_ path: String) -> String? {
    FolderNames.real(path)
  }

  /// The first line of a small file.
  static func text(_ path: String) -> String? {
    let fd = unsafe vp_open_file(path)
    guard fd >= 0 else { return nil }
    defer { _ = close(fd) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafe read(fd, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer.prefix(count).prefix { $0 != 10 && $0 != 0 }, as: UTF8.self)
  }
}
