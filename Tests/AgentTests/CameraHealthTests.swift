import Delivery
import Kafka
import Logging
import Meters
import Settings
import Testing

@testable import Agent

/// By this systemd's watchdog is fed or not.
@Suite struct CameraHealthTests {
  private let front = CameraMeters(name: "front")
  private let yard = CameraMeters(name: "yard")

  /// - Parameter timeout: of the camera front.
  private func cameras(timeout: String = "5 s") throws -> CameraSet {
    let text = "cameras: {front: {device: /none/a, timeout: \(timeout)}, yard: {device: /none/b}}"
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let delivery = Delivery(
      producer: try Producer(brokers: ["127.0.0.1:1"], properties: [:], secrets: [:]),
      options: DeliveryOptions(), logger: logger)
    let settings = try SettingsLoader.parse(Array(text.utf8), file: "v.yaml").settings
    for meters in [front, yard] { meters.update { $0.state = .streaming } }
    return try CameraSet(Assembly(settings).cameras, topic: "frames", logger: logger) {
      [front, yard] camera, topic throws(AgentError) in
      do {
        return try Pipeline(
          camera, identity: NodeIdentity(node: "n"), topic: topic, delivery: delivery,
          meters: camera.name == "front" ? front : yard, numbers: NumberBook(), look: nil,
          logger: logger)
      } catch { throw AgentError("\(error)", .temporary) }
    }
  }

  private func count(_ meters: CameraMeters) {
    meters.ledger.capture()
    meters.ledger.move(.inPipeline, to: .delivered)
  }

  @Test func `One camera that hangs is found among others that go on`() throws {
    let cameras = try cameras()
    #expect(cameras.health(now: 0) == .well)
    count(yard)
    #expect(cameras.health(now: 80) == .well)
    #expect(cameras.health(now: 95) == .stuck("front"))
    // Each has a time of its own.
    #expect(cameras.health(now: 175) == .stuck("front, yard"))
    count(front)
    #expect(cameras.health(now: 176) == .stuck("yard"))
  }

  @Test func `A camera that may be silent for long is not stuck`() throws {
    let cameras = try cameras(timeout: "100 s")
    #expect(cameras.health(now: 0) == .well)
    #expect(cameras.health(now: 190) == .stuck("yard"))
    #expect(cameras.health(now: 201) == .stuck("front, yard"))
  }
}
