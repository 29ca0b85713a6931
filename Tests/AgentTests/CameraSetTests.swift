import Delivery
import Foundation
import Kafka
import Logging
import Meters
import Settings
import Testing

@testable import Agent

/// A change of a running camera that cannot be carried out.
@Suite(.timeLimit(.minutes(5))) struct CameraSetTests {
  private let folder = NSTemporaryDirectory() + "cameras-\(UUID().uuidString)"
  private let meters = CameraMeters(name: "front")
  private let fails = Flag()

  private func camera(_ more: String) throws -> CameraAssembly {
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(repeating: 128, count: 256).write(to: URL(fileURLWithPath: folder + "/one.grey"))
    let file = folder + "/vedette.yaml"
    let replay = "replay: {path: \(folder)/one.grey, format: grey, size: 16x16, rate: 100}"
    try "cameras: {front: {\(replay)\(more)}}".write(
      toFile: file, atomically: true, encoding: .utf8)
    return try #require(Assembly(try SettingsLoader.load(path: file).settings).cameras.first)
  }

  /// Makes `change` of a camera that streams, fails, and looks whether it goes on.
  private func goesOn(_ change: String, from before: String = "") throws -> Bool {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let delivery = Delivery(
      producer: try Producer(brokers: ["127.0.0.1:1"], properties: [:], secrets: [:]),
      options: DeliveryOptions(), logger: logger)
    let set = try CameraSet([try camera(before)], topic: "frames", logger: logger) {
      [meters, fails] settings, topic throws(AgentError) in
      if fails.value { throw AgentError("no memory", .temporary) }
      do {
        return try Pipeline(
          settings, identity: NodeIdentity(node: "n"), topic: topic, delivery: delivery,
          meters: meters, numbers: NumberBook(), look: nil, logger: logger)
      } catch { throw AgentError("\(error)", .temporary) }
    }
    defer { set.stop() }
    try set.start()
    wait { captured > 0 }
    _ = fails.set(true)
    let changed = try camera(change)
    #expect(throws: AgentError.self) { try set.replace(changed, topic: "frames") }
    #expect(set.isUnsettled("front"))
    let seen = captured
    if meters.current.state == .failed {
      usleep(200_000)
      #expect(captured == seen)
      #expect(meters.current.detail?.contains("no memory") == true)
      // What could not be done then is done when it can.
      _ = fails.set(false)
      try set.replace(changed, topic: "frames")
      #expect(!set.isUnsettled("front"))
      return false
    }
    wait { captured > seen }
    return true
  }

  private var captured: Int { meters.ledger.snapshot.captured }

  private func wait(for condition: () -> Bool) {
    while !condition() { usleep(2000) }
  }

  @Test(arguments: [
    ", enabled: false", ", masks: [{x: 0, y: 0, width: 8, height: 8}]",
  ])
  func `A camera that cannot be stopped or masked as it was told to stands still`(
    change: String
  ) throws {
    #expect(try !goesOn(change))
  }

  @Test func `One whose pictures would only be better goes on as it was`() throws {
    #expect(try goesOn(", quality: 30"))
  }
}
