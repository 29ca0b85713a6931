import Glibc
import Paths

extension OpenFile {
  /// A file that is written anew.
  init(writing path: String) throws(FileFault) {
    try self.init(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
  }

  /// Standard output, which stays open when this goes.
  static func standardOutput() throws(FileFault) -> OpenFile {
    try OpenFile(copyOf: STDOUT_FILENO)
  }
}
