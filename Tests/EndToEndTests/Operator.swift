import Foundation
import Testing

/// Whoever commands a box: keys in a folder, and the tool that sends what they sign.
struct Operator {
  let folder: Folder
  let broker: Broker

  /// With a folder and a broker of its own, and a key `ops` that the box trusts.
  init() throws {
    try self.init(Folder(), Broker())
    try trust()
  }

  /// - Parameter folder: where the keys are made, in whose `keys.d` the box finds those that it trusts.
  init(_ folder: Folder, _ broker: Broker) {
    self.folder = folder
    self.broker = broker
  }

  /// Makes a key that the box trusts.
  func trust(_ name: String = "ops", isRoot: Bool = false) throws {
    try makeKey(name, isRoot: isRoot)
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/keys.d", withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      atPath: "\(folder.path)/\(name).pub", toPath: "\(folder.path)/keys.d/\(name).pub")
  }

  /// Makes a key.
  func makeKey(_ name: String, isRoot: Bool = false) throws {
    let made = try Program(
      "vedette", ["control", "keygen", "\(folder.path)/\(name)"] + (isRoot ? ["--root"] : []))
    #expect(made.wait(within: 30) && made.process.terminationStatus == 0, "\(made.log)")
  }

  /// Begins to send a command.
  func begin(
    _ arguments: [String], key: String = "ops", to other: Broker? = nil
  ) throws -> Program {
    try Program(
      "vedette",
      [
        "control", "send", "--broker", (other ?? broker).address, "--key",
        "\(folder.path)/\(key).key",
      ] + arguments)
  }

  /// Sends a command, and waits for its end.
  /// - Parameter status: what the tool ends with.
  /// - Returns: its results.
  @discardableResult
  func send(
    _ words: [String], target: [String] = ["--node", "box-1"], key: String = "ops",
    status: Int32 = 0, to other: Broker? = nil, seconds: Int = 60
  ) throws -> [[String: Any]] {
    let program = try begin(
      ["--timeout", "\(seconds)", "--json"] + target + words, key: key, to: other)
    var results: [[String: Any]] = []
    while case let line = program.readLine(), !line.isEmpty {
      if let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] {
        results.append(value)
      }
    }
    #expect(program.wait(within: Double(seconds + 10)))
    #expect(program.process.terminationStatus == status, "\(words): \(program.log)")
    return results
  }
}

/// Tests of a box that is commanded.
protocol CommandedBox {
  var ops: Operator { get }
}

extension CommandedBox {
  /// Of the box and its keys.
  var folder: Folder { ops.folder }
  var broker: Broker { ops.broker }
}
