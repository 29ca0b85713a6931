import Agent
import Glibc
import Paths

/// Files of the user's that are read whole.
enum InputFile {
  /// No photograph is larger.
  static let bytesMax = 256 << 20

  static func read(_ path: String) throws(FileFault) -> [UInt8] {
    try WholeFile.read(path, bytesMax: bytesMax)
  }
}

extension FileFault {
  /// What is wrong with a file that was to be read.
  var sentence: String {
    code == EFBIG
      ? "is larger than \(InputFile.bytesMax >> 20) MiB" : "cannot be read: \(self)"
  }

  /// What a command exits with that could not read the file.
  var exitStatus: Int32 { isDenied ? ExitStatus.noPermission : ExitStatus.noInput }
}
