import Control
import Documents
import Foundation
import Gallery
import Journal
import Logging
import Meters
import Settings
import Synchronization
import Testing

@testable import Agent

/// An agent that plays small files, on a configuration of the test's. There is no broker.
final class RunningBox {
  enum Way: String, CaseIterable, Sendable { case signal, command }

  let folder = NSTemporaryDirectory() + "box-\(UUID().uuidString)"
  /// The lines of the configuration by their keys.
  var lines: [String: String]
  let agent: Agent
  let target: AgentTarget
  let log = Log()

  /// All that was logged.
  final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.map { $0 + "\n" }.joined() } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private struct Handler: LogHandler {
    let log: Log
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { log.add("\(event.message)") }
  }

  var file: String { folder + "/vedette.yaml" }

  /// - Parameter change: of the lines of the configuration.
  init(_ change: (inout [String: String]) -> Void = { _ in }) throws {
    try FileManager.default.createDirectory(
      atPath: folder + "/keys.d", withIntermediateDirectories: true)
    for name in ["front", "yard"] {
      let pixels = (0..<16 * 64).map { UInt8(truncatingIfNeeded: $0 * 7) }
      try Data(pixels).write(to: URL(fileURLWithPath: "\(folder)/\(name).grey"))
    }
    lines = [
      "node": "box", "kafka": "{brokers: ['127.0.0.1:1']}",
      "delivery": "{shutdown_budget: 1 s}", "spool": "off", "status": "off",
      "analysis": "{gallery: '\(folder)/gallery.sqlite', workers: 1}",
      "control": "{keys: '\(folder)/keys.d', heartbeat: off}",
    ]
    change(&lines)
    let file = folder + "/vedette.yaml"
    try Self.write(lines, [:], folder)
    try Self.addKey(folder)
    let logger = Logger(label: "test") { [log] _ in Handler(log: log) }
    agent = try Agent(
      try ConfigurationCheck.load(file), configuration: file, logger: logger)
    target = AgentTarget(
      agent, gallery: GalleryHolder(folder + "/gallery.sqlite"), configuration: file)
    try agent.start()
  }

  deinit {
    agent.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  private static func write(
    _ lines: [String: String], _ cameras: [String: String], _ folder: String
  ) throws {
    func camera(_ name: String) -> String {
      let replay = "{path: '\(folder)/\(name).grey', format: grey, size: 16x16, rate: 50}"
      return "  \(name): {replay: \(replay)\(cameras[name].map { ", \($0)" } ?? "")}"
    }
    let names = Set(["front", "yard"] + cameras.keys).sorted()
    let text =
      lines.sorted { $0.key < $1.key }.map { "\($0): \($1)\n" }.joined() + "cameras:\n"
      + names.map(camera).joined(separator: "\n")
    try text.write(toFile: folder + "/vedette.yaml", atomically: true, encoding: .utf8)
  }

  /// Trusts one more key, when they are read.
  func addKey() throws { try Self.addKey(folder) }

  private static func addKey(_ folder: String) throws {
    let key = TrustedKey(issuer: "ops", bytes: SigningKey().publicBytes)
    try key.json.canonicalText.write(
      toFile: "\(folder)/keys.d/\(UUID().uuidString).pub", atomically: true, encoding: .utf8)
  }

  /// Writes the files anew.
  /// - Parameter cameras: keys of cameras besides where they play from.
  func write(_ cameras: [String: String] = [:]) throws {
    try Self.write(lines, cameras, folder)
  }

  /// Has it carry out a command that is neither of the configuration nor of the gallery.
  @discardableResult
  func obey(_ command: JSON, isStopping: Bool = false) throws -> [String: JSON] {
    let order = try AgentCommands.table.order(command)
    guard case .work(let body) = order.effect else {
      Issue.record("\(order.type) is no work")
      return [:]
    }
    return try body(target) { isStopping }
  }

  /// Has them read again.
  /// - Returns: what is told of it, as far as a command tells it.
  @discardableResult
  func reload(_ way: Way) throws -> [String: JSON] {
    switch way {
    case .command: return try obey(["type": "config.reload"])
    case .signal:
      let reloader = Reloader(agent, ServiceManager(), agent.logger)
      reloader.request()
      reloader.stop(seconds: 0)
      return [:]
    }
  }

  /// The same, where it is refused.
  func reloadWrong(_ way: Way) throws {
    switch way {
    case .command: #expect(throws: CommandFailure.self) { try self.reload(way) }
    case .signal: try reload(way)
    }
  }

  /// What the files say.
  func written() throws -> Assembly { Assembly(try ConfigurationCheck.load(file)) }

  func captured(_ camera: String) -> Int {
    agent.meters.first { $0.name == camera }?.ledger.snapshot.captured ?? 0
  }

  /// Waits until it is so; for a minute at most.
  func wait(for isSo: () -> Bool) -> Bool {
    for _ in 0..<6000 {
      if isSo() { return true }
      usleep(10_000)
    }
    return false
  }
}
