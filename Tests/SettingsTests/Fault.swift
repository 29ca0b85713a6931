import Analysers
import Testing
import YAML

@testable import Settings

/// A configuration and the one error that it must give, place included.
struct Fault: CustomTestStringConvertible {
  var text: String
  var line: Int
  var column: Int
  var message: String

  var testDescription: String { message }

  /// A camera that is right, in one line, before what is wrong.
  static let camera = "cameras: {front: {device: /dev/video0}}\n"

  /// In line 2, behind a right camera.
  static func below(_ text: String, _ column: Int, _ message: String) -> Fault {
    Fault(text: "\(camera)\(text)\n", line: 2, column: column, message: message)
  }

  /// In line 4, a key of a camera that is right but for it.
  static func front(_ text: String, _ column: Int, _ message: String) -> Fault {
    Fault(
      text: "cameras:\n  front:\n    device: /dev/video0\n    \(text)\n", line: 4, column: column,
      message: message)
  }

  /// In line 3, a key of a replay that is right but for it.
  static func replay(_ text: String, _ column: Int, _ message: String) -> Fault {
    Fault(
      text: "cameras: {yard: {replay: {path: /srv,\n#\n\(text)}}}\n", line: 3, column: column,
      message: message)
  }

  /// Asserts that this is all that is said.
  func verify() {
    let error = #expect(throws: SettingsError.self) {
      try SettingsLoader.parse(Array(text.utf8), file: "v.yaml", analysers: Analysers.keys)
    }
    #expect(
      error?.description == "v.yaml:\(line):\(column): \(message)", "of:\n\(text)")
  }
}

/// What a configuration that is right says.
func parsed(_ text: String) throws -> LoadedSettings {
  try SettingsLoader.parse(Array(text.utf8), file: "v.yaml", analysers: Analysers.keys)
}

/// All that is wrong with a configuration, as it is printed.
func faults(_ text: String) -> [String] {
  do throws(SettingsError) {
    _ = try SettingsLoader.parse(Array(text.utf8), file: "v.yaml", analysers: Analysers.keys)
    return []
  } catch {
    return error.diagnostics.map(\.description)
  }
}
