import CPosix
import Glibc

package enum FolderNames {
  /// Names of what lies in a folder, but for `.` and `..`, in no order.
  /// - Returns: nil where it cannot be read, with `errno`.
  package static func list(_ folder: String) -> [String]? {
    guard let stream = unsafe vp_opendir(folder) else { return nil }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(path: bytes.prefix { $0 != 0 })
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// The path that links lead to; nil where there is no such thing, with `errno`.
  package static func real(_ path: String) -> String? {
    guard let real = unsafe vp_realpath(path) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(pathPointer: real)
  }
}

extension String {
  /// - Parameter pathPointer: a path that ends with a zero.
  package init(pathPointer: UnsafePointer<CChar>) {
    let count = unsafe strlen(pathPointer)
    unsafe self.init(
      path: UnsafeRawBufferPointer(start: pathPointer, count: count))
  }
}

extension CommandLine {
  /// What the program was called with, without its own name. Unlike `arguments` it loses no byte.
  package static var words: [String] {
    (1..<max(1, Int(argc))).compactMap { index in
      unsafe unsafeArgv[index].map { unsafe String(pathPointer: $0) }
    }
  }
}
