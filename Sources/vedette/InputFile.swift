import Agent
import CPosix
import Glibc

/// Files that are read whole.
enum InputFile {
  /// No photograph is larger.
  static let bytesMax = 256 << 20

  /// Why a file could not be read, by the last call's `errno`.
  static var reason: String { unsafe String(cString: vp_file_reason(errno)) }

  /// What a command exits with then.
  static var exitStatus: Int32 {
    errno == EACCES || errno == EPERM ? ExitStatus.noPermission : ExitStatus.noInput
  }

  /// Nil where it cannot be read, with `errno`; more than `bytesMax` is `EFBIG`. A FIFO would be waited for, and a device may
  /// never end: neither is read.
  static func read(_ path: String) -> [UInt8]? {
    let descriptor = unsafe vp_open_file(path)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      guard count > 0 else { return bytes }
      bytes += buffer.prefix(count)
      guard bytes.count <= bytesMax else {
        errno = EFBIG
        return nil
      }
    }
  }
}
