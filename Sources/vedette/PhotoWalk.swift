import CPosix
import Glibc
import Paths

/// The photographs under paths, each with the name of whom it shows.
struct PhotoWalk {
  struct Photo {
    var path: String
    var name: String
  }

  private static let endings = ["jpg", "jpeg", "jpe", "png"]
  /// Pictures that are told of, though they cannot be read.
  private static let otherEndings = ["png", "gif", "webp", "bmp", "tif", "tiff", "heic", "avif"]

  private(set) var photos: [Photo] = []
  /// Sentences on what was left out.
  private(set) var troubles: [String] = []

  /// - Parameter name: whom everything shows; nil for the file's name without its ending, or, where
  ///   photographs lie in a folder within a folder that is given, for that folder's name.
  init(_ paths: [String], name: String?) {
    for path in paths {
      if Self.isFolder(path) {
        walk(path, name: name, isInner: false)
      } else {
        photos.append(Photo(path: path, name: name ?? Self.stem(path)))
      }
    }
  }

  private mutating func walk(_ folder: String, name: String?, isInner: Bool) {
    guard let entries = FolderNames.list(folder) else {
      troubles.append("\(folder) cannot be read: \(FileFault.last)")
      return
    }
    for entry in entries.sorted() where !entry.hasPrefix(".") {
      let path = folder.hasSuffix("/") ? folder + entry : "\(folder)/\(entry)"
      if Self.isFolder(path) {
        if isInner {
          troubles.append("\(path) was left out: people's folders hold photographs alone")
        } else {
          walk(path, name: name ?? entry, isInner: true)
        }
        continue
      }
      let ending = entry.split(separator: ".").last?.lowercased() ?? ""
      if Self.endings.contains(ending) {
        photos.append(Photo(path: path, name: name ?? Self.stem(path)))
      } else if Self.otherEndings.contains(ending) {
        troubles.append("\(path) was left out: it is no JPEG; convert it first")
      }
    }
  }

  private static func stem(_ path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    guard let dot = file.lastIndex(of: "."), dot > file.startIndex else { return String(file) }
    return String(file[..<dot])
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe vp_stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
