import CPosix
import Glibc

/// A secret in a file of its own: a password, without the newline that editors add.
enum SecretFile {
  private static let bytesMax = 64 << 10

  static func read(_ path: String) -> String? {
    let fd = unsafe vp_open(path, O_RDONLY)
    guard fd >= 0 else { return nil }
    defer { _ = close(fd) }
    var bytes = [UInt8](repeating: 0, count: bytesMax)
    let count = unsafe Glibc.read(fd, &bytes, bytes.count)
    guard count > 0 else { return nil }
    var text = String(decoding: bytes.prefix(count), as: UTF8.self)
    while let last = text.last, last.isNewline { text.removeLast() }
    return text.isEmpty ? nil : text
  }
}
