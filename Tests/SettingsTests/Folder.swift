import Foundation

/// A folder that goes with the test.
final class Folder {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("vedette-settings-\(UUID().uuidString)").path

  init() throws {
    try FileManager.default.createDirectory(
      atPath: "\(path)/conf.d", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
    return "\(path)/\(name)"
  }
}
