import Foundation

/// What `tools/NAME` fetches, once for all tests of a process.
package enum Fetched {
  /// The folder that it fetches to; nil where it cannot: tests that need it are then skipped.
  package static func folder(_ tool: String, _ arguments: [String] = []) -> String? {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    let process = Process()
    process.executableURL = root.appendingPathComponent("tools/\(tool)")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").last.map(String.init)
  }
}
