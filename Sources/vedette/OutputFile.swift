import CPosix
import Glibc

/// A file that is written anew; closed when it goes.
final class OutputFile {
  private let descriptor: Int32

  /// Nil where it cannot be made.
  init?(_ path: String) {
    descriptor = unsafe vp_open_mode(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { return nil }
  }

  /// Standard output, which stays open when this goes.
  init() { descriptor = dup(STDOUT_FILENO) }

  deinit { if descriptor >= 0 { _ = close(descriptor) } }

  /// Appends all of the bytes.
  /// - Returns: false where the disk refuses.
  func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
