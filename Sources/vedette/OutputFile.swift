import Glibc
import Paths

/// A file that is written anew, or standard output; closed when it goes.
final class OutputFile {
  private let file: OpenFile

  /// - Parameter path: nil for standard output, which stays open when this goes.
  init(_ path: String?) throws(FileFault) {
    if let path {
      file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    } else {
      file = try OpenFile(copyOf: STDOUT_FILENO)
    }
  }

  /// Appends all of the bytes.
  func write(_ bytes: [UInt8]) throws(FileFault) { try file.write(bytes) }
}
