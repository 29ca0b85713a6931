import CInference
import CPosix
import Paths

/// The library that runs networks, in a shared object of its own: who wants none never loads it.
@safe
struct Engine: @unchecked Sendable {
  static let fileName = "libvedette-inference.so"
  private static let installed = "/usr/lib/vedette"

  let functions: UnsafePointer<vn_engine>

  /// Opens it, or finds it open.
  init() throws(InferenceError) {
    let places = Self.folders.map { "\($0)/\(Self.fileName)" }
    guard let path = places.first(where: { unsafe vp_access($0, 0) == 0 }) else {
      throw InferenceError(
        .libraryMissing,
        "the library that runs networks is not there (\(places.joined(separator: ", "))): install the package vedette again, or build the product vedette-inference"
      )
    }
    var error = vn_error()
    guard let functions = unsafe vn_engine_open(path, &error) else {
      throw InferenceError(
        .libraryMissing,
        "\(path), which runs networks, cannot be loaded (\(error.text)): install the packages that vedette depends on"
      )
    }
    unsafe self.functions = unsafe functions
  }

  /// Where it may be: with the program, with the tests, and where the package puts it.
  private static var folders: [String] {
    var folders: [String] = []
    for path in [FolderNames.real("/proc/self/exe"), loadedFrom] {
      guard let path, let end = path.lastIndex(of: "/"), path.hasPrefix("/") else { continue }
      folders.append(String(path[..<end]))
    }
    return folders + [installed]
  }

  private static var loadedFrom: String? {
    unsafe vn_loaded_from().flatMap { unsafe FolderNames.real(String(pathPointer: $0)) }
  }

  /// What it is, such as `OpenCV 4.6.0`.
  var name: String { unsafe String(cString: functions.pointee.name) }
}

extension vn_error {
  var text: String {
    var copy = self
    return unsafe withUnsafeBytes(of: &copy.message) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
