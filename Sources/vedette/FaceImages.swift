import Agent
import CPosix
import Glibc

/// Why a picture could not be gone through, or its results not be written.
struct FaceImageError: Error {
  var path: String
  var reason: String
  var isOutput = false

  var json: String {
    JSON.object([
      ("file", .string(path)), ("width", .null), ("height", .null), ("faces", .array([])),
      ("error", .string(reason)),
    ]).text
  }
}

/// Finds and reads the files of the command line.
enum FaceImages {
  /// Folders become the JPEGs that lie in them, by name.
  static func expand(_ paths: [String]) throws -> [String] {
    paths.flatMap { path -> [String] in
      guard isFolder(path), let folder = unsafe opendir(path) else { return [path] }
      defer { unsafe closedir(folder) }
      var names: [String] = []
      while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
          unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
            unsafe String(cString: $0)
          }
        }
        let lower = name.lowercased()
        if lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg") { names.append("\(path)/\(name)") }
      }
      return names.sorted()
    }
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func read(_ path: String) throws(FaceImageError) -> [UInt8] {
    if let bytes = InputFile.read(path) { return bytes }
    throw FaceImageError(
      path: path,
      reason: errno == EFBIG
        ? "it is larger than \(InputFile.bytesMax >> 20) MiB"
        : "it cannot be read: \(InputFile.reason)")
  }

  /// Shows how far long work is, on a terminal.
  static func progress(_ done: Int, _ all: Int) {
    guard isatty(2) == 1, all > 3 else { return }
    unsafe vp_say(1, done == all ? "\r\u{1B}[K" : "\r\(done) of \(all) pictures")
  }
}
