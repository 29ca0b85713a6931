import Agent
import CPosix
import Documents
import Glibc
import Paths

/// Why a picture could not be gone through, or its results not be written.
struct ImageFileError: Error {
  var path: String
  var reason: String
  var isOutput = false

  /// - Parameter found: the member that would tell what was found.
  func json(_ found: String) -> JSON {
    .object([
      ("file", .string(path)), ("width", .null), ("height", .null), (found, .array([])),
      ("error", .string(reason)),
    ])
  }
}

/// Finds and reads the files of the command line.
enum ImageFiles {
  /// Folders become the JPEGs that lie in them, by name.
  static func expand(_ paths: [String]) throws -> [String] {
    paths.flatMap { path -> [String] in
      guard isFolder(path), let names = FolderNames.list(path) else { return [path] }
      return names.sorted().compactMap { name in
        let lower = name.lowercased()
        let isPicture = lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg")
        return isPicture ? "\(path)/\(name)" : nil
      }
    }
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe vp_stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func read(_ path: String) throws(ImageFileError) -> [UInt8] {
    do throws(FileFault) {
      return try InputFile.read(path)
    } catch {
      throw ImageFileError(path: path, reason: "it \(error.sentence)")
    }
  }

  /// Shows how far long work is, on a terminal.
  static func progress(_ done: Int, _ all: Int) {
    guard isatty(2) == 1, all > 3 else { return }
    unsafe vp_say(1, done == all ? "\r\u{1B}[K" : "\r\(done) of \(all) pictures")
  }
}
