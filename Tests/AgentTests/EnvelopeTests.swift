import Control
import Delivery
import Documents
import Foundation
import Frames
import Kafka
import Logging
import Meters
import Spool
import Testing

@testable import Agent

/// Every record tells the same of itself, in the same headers: consumers sort and deduplicate by them.
@Suite struct EnvelopeTests {
  private let identity = NodeIdentity(node: "box")
  private let meters = StreamMeters(name: "front")
  private let time = FrameTime(monotonic: 5_000_000_007, wall: 1_769_860_800_123_456)

  private static let common = [
    "content-type", "ce_specversion", "ce_source", "ce_type", "ce_boot", "ce_id", "ce_time",
    "ce_sequence", "ce_monotonic",
  ]

  private func names(_ record: Record) -> [String] { record.headers.list.map(\.name) }

  private func key(_ record: Record) -> String { String(decoding: record.key, as: UTF8.self) }

  @Test func `A picture tells when and where it was captured, and its size`() {
    let stream = PictureStream(
      identity, camera: "front", topic: "vedette.frames", type: .frame, meters: meters)
    _ = stream.record(BytesPayload([1]), byteCount: 1, time, size: FrameSize(width: 8, height: 6))
    let record = stream.record(
      BytesPayload([1, 2]), byteCount: 2, time, size: FrameSize(width: 8, height: 6),
      more: [("ce_frame", "9")])
    #expect(names(record) == Self.common + ["ce_width", "ce_height", "ce_frame"])
    let headers = Dictionary(uniqueKeysWithValues: record.headers.list.map { ($0.name, $0.text) })
    #expect(
      headers == [
        "content-type": "image/jpeg", "ce_specversion": "1.0", "ce_source": "/box/front",
        "ce_type": "vedette.frame.v1", "ce_boot": identity.boot,
        "ce_id": "box/front/\(identity.boot)/1", "ce_time": "2026-01-31T12:00:00.123456Z",
        "ce_sequence": "1", "ce_monotonic": "5000000007", "ce_width": "8", "ce_height": "6",
        "ce_frame": "9",
      ])
    #expect(key(record) == "box/front" && record.timestamp == 1_769_860_800_123)
    #expect(record.sequence == 1 && record.run == identity.boot && record.payloadBytes == 2)
    #expect(record.capturedAt == time.monotonic)
    // A frame was counted when it was captured.
    #expect(meters.ledger.snapshot.captured == 0)
  }

  @Test func `What is made of frames is numbered by itself, and counted when it is made`() {
    let stream = PictureStream(
      identity, camera: "front", name: "metrics", topic: "vedette.metrics",
      type: RecordType(rawValue: "vedette.colours.v1"), contentType: "application/json",
      meters: meters)
    let record = stream.record(
      BytesPayload([]), byteCount: 0, time, size: FrameSize(width: 8, height: 6))
    #expect(record.headers["ce_id"] == "box/front/metrics/\(identity.boot)/0")
    #expect(record.headers["content-type"] == "application/json")
    #expect(record.headers["ce_source"] == "/box/front" && key(record) == "box/front")
    #expect(meters.ledger.snapshot.captured == 1)
  }

  @Test(arguments: [("front", "/box/front"), ("", "/box")])
  func `An event tells which camera it is about, or the node`(
    camera: String, source: String
  ) throws {
    let events = EventWriter(identity: identity, topic: "vedette.events", meters: meters)
    _ = events.event(.alarm, camera: camera, run: "r", [])
    let made = events.event(.gap, camera: camera, run: "earlier", [("n", .integer(7))])
    let record = try #require(made)
    #expect(names(record) == Self.common)
    #expect(record.headers["ce_source"] == source && "/" + key(record) == source)
    #expect(record.headers["ce_id"] == "box/events/\(identity.boot)/1")
    #expect(record.headers["ce_boot"] == identity.boot && record.run == identity.boot)
    #expect(record.headers["ce_type"] == "vedette.gap.v1")
    #expect(record.headers["ce_monotonic"] == String(record.capturedAt))
    let bytes = unsafe record.payload.withUnsafeBytes { unsafe Data($0) }
    let body = try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    #expect(body["type"] as? String == "vedette.gap.v1" && body["camera"] as? String == camera)
    #expect(body["boot"] as? String == "earlier" && body["n"] as? Int == 7)
    #expect(body["time"] as? String == record.headers["ce_time"])
    #expect(meters.ledger.snapshot.captured == 2)
  }

  private func delivery() throws -> Delivery {
    Delivery(
      producer: try Producer(brokers: ["127.0.0.1:1"], properties: [:], secrets: [:]),
      options: DeliveryOptions(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func `Answers are durable, and known by their number alone, whichever run sends them`()
    throws
  {
    let results = ResultWriter(
      identity: identity, topic: "vedette.results", meters: meters, delivery: try delivery())
    var result = ControlResult(number: 12, nil, .succeeded)
    result.id = "a.1"
    let made = results.record(result)
    let record = try #require(made)
    #expect(record.headers["ce_id"] == "box/results/12" && record.priority == .durable)
    #expect(names(record) == Self.common + ["ce_state", "ce_command"] && key(record) == "box")
    #expect(record.headers["ce_command"] == "a.1" && record.headers["ce_source"] == "/box")
    // What nobody signed has no number of its own.
    result.number = 0
    result.id = nil
    let refused = results.record(result)
    let other = try #require(refused)
    #expect(other.headers["ce_id"] == "box/rejections/\(identity.boot)/0")
    #expect(names(other) == Self.common + ["ce_state"])
  }

  @Test func `Heartbeats are telemetry`() throws {
    let heartbeats = HeartbeatWriter(
      identity: identity, topic: "vedette.metrics", seconds: 10, meters: meters,
      delivery: try delivery())
    let record = heartbeats.record(["outage": false])
    #expect(record.priority == .telemetry && names(record) == Self.common && key(record) == "box")
    #expect(record.headers["ce_id"] == "box/heartbeat/\(identity.boot)/0")
  }
}
