import Foundation
import TestDice
import TestFolders

@testable import Gallery

/// A folder of its own for a test, deleted at the end.
final class Scratch {
  let path: String
  var file: String { path + "/gallery.sqlite" }

  init() {
    path = TestFolders.base + "/gallery-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, _ name: String) -> String {
    _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8))
    return "\(path)/\(name)"
  }
}

extension Dice {
  /// An encoding near `centre`.
  mutating func encoding(near centre: [Float]? = nil, spread: Float = 0.1) throws -> Encoding {
    try Encoding(
      (0..<Encoding.count).map {
        (centre?[$0] ?? 0) + Float.random(in: -spread...spread, using: &self)
      })
  }
}

let model = ModelName(stored: "test-model")

func name(_ text: String) -> PersonName { PersonName(stored: text) }

func entry(_ person: String, _ seed: UInt64, photo: Bool = false) throws -> GalleryEntry {
  var dice = Dice(seed: seed)
  return GalleryEntry(
    name: try PersonName(person), model: model,
    photo: photo ? Digest(of: Array("photo \(seed)".utf8)) : nil, encoding: try dice.encoding())
}

extension Gallery {
  @discardableResult
  func add(_ entries: [GalleryEntry]) throws(GalleryError) -> [GalleryEdit.Addition] {
    try transaction { edit throws(GalleryError) in
      var additions: [GalleryEdit.Addition] = []
      for entry in entries { additions.append(try edit.add(entry)) }
      return additions
    }
  }

  func entries() throws -> [GalleryEntry] {
    var all: [GalleryEntry] = []
    try forEachEntry { entry throws(GalleryError) in
      all.append(entry)
      return true
    }
    return all
  }
}

/// The error that a closure throws; nil where it throws none.
func failure(_ body: () throws -> Void) -> GalleryError? {
  do {
    try body()
    return nil
  } catch { return error as? GalleryError }
}
