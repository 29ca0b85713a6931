import Glibc
import Paths

/// Small reads of folders and links in /dev, /proc and /sys; what cannot be read is empty.
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
}
