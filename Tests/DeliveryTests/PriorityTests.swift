import Foundation
import Kafka
import Meters
import Spool
import TestFolders
import Testing

@testable import Delivery

/// What is given up first when room is short: pictures, then telemetry, then events.
@Suite(.serialized) struct PriorityTests {
  private let second: UInt64 = 1_000_000_000
  private let frames = StreamMeters(name: "front")
  private let heartbeats = StreamMeters(name: "node/heartbeat")
  private let events = StreamMeters(name: "events")

  private func record(
    _ meters: StreamMeters, _ spoolClass: SpoolClass, bytes: Int, topic: String? = nil
  ) -> Record {
    meters.ledger.capture()
    var record = Record(
      topic: topic ?? spoolClass.name, key: [0], headers: Headers(), timestamp: 0,
      payload: BytesPayload([]),
      payloadBytes: bytes, capturedAt: second, meters: meters)
    record.spoolClass = spoolClass
    return record
  }

  private func dropped(_ meters: StreamMeters) -> Int {
    #expect(meters.ledger.snapshot.isBalanced)
    return meters.ledger.snapshot.dropped(.quota)
  }

  @Test func `In an outage that memory alone bridges, heartbeats and events outlast all frames`() {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    for _ in 0..<5 { state.accept(record(events, .events, bytes: 2000)) }
    for _ in 0..<3 { state.accept(record(heartbeats, .metrics, bytes: 900)) }
    for _ in 0..<100 { state.accept(record(frames, .frames, bytes: 9000)) }
    #expect(dropped(events) == 0 && dropped(heartbeats) == 0)
    #expect(dropped(frames) > 80 && state.memoryBytes <= 100_000)
  }

  @Test func `Where no frame is left to go, heartbeats go before events, the oldest first`() {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    // Half of memory is with the broker, where nothing can be taken back one by one.
    for _ in 0..<6 { state.accept(record(frames, .frames, bytes: 8976)) }
    while state.departing(now: second) != nil {}
    #expect(state.liveCount == 1 && state.inFlightBytes == 50_000)
    for _ in 0..<3 { state.accept(record(heartbeats, .metrics, bytes: 900)) }
    for _ in 0..<4 { state.accept(record(events, .events, bytes: 8976)) }
    #expect(dropped(frames) == 1 && dropped(heartbeats) == 0 && dropped(events) == 0)
    state.accept(record(events, .faces, bytes: 4976))
    #expect(dropped(heartbeats) == 1 && dropped(events) == 0)
    #expect(state.lanes[1].live.first?.serial == 8)
    state.accept(record(events, .results, bytes: 1176))
    #expect(dropped(heartbeats) == 3 && dropped(events) == 0)
  }

  @Test(arguments: [nil, "one"])
  func `Of events, results and faces the faces go first, of whatever topics`(topic: String?) {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    for spoolClass in [SpoolClass.results, .events, .faces] {
      let meters = spoolClass == .faces ? heartbeats : events
      for _ in 0..<4 { state.accept(record(meters, spoolClass, bytes: 8976, topic: topic)) }
    }
    #expect(dropped(heartbeats) == 2 && dropped(events) == 0)
  }

  @Test func `Telemetry beyond its share of memory makes room for frames`() {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    for _ in 0..<40 { state.accept(record(heartbeats, .metrics, bytes: 976)) }
    for _ in 0..<9 { state.accept(record(frames, .frames, bytes: 8976)) }
    // A sixteenth is three of them.
    #expect(dropped(heartbeats) == 35 && dropped(frames) == 0)
    for _ in 0..<50 { state.accept(record(frames, .frames, bytes: 8976)) }
    #expect(dropped(heartbeats) == 37 && dropped(frames) == 50)
  }

  @Test func `Events that brokers refuse leave half of memory to the frames that they take`() {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    state.accept(record(events, .events, bytes: 8976))
    state.failed(lane: 0, nil, isFinal: true, now: second)
    for _ in 0..<8 { state.accept(record(events, .events, bytes: 8976)) }
    for _ in 0..<5 { state.accept(record(frames, .frames, bytes: 8976)) }
    #expect(dropped(events) == 4 && dropped(frames) == 0)
    for _ in 0..<20 { state.accept(record(frames, .frames, bytes: 8976)) }
    #expect(dropped(events) == 4 && dropped(frames) == 20)
  }

  @Test func `Copies go before frames, and what a blocked topic has before what the others have`() {
    let copies = StreamMeters(name: "front/annotated")
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    for _ in 0..<3 { state.accept(record(frames, .frames, bytes: 8976)) }
    for _ in 0..<3 { state.accept(record(copies, .copies, bytes: 8976)) }
    for _ in 0..<6 { state.accept(record(frames, .frames, bytes: 8976)) }
    #expect(dropped(copies) == 2 && dropped(frames) == 0)
    state.failed(lane: 0, nil, isFinal: true, now: second)
    state.accept(record(copies, .copies, bytes: 8976))
    #expect(dropped(copies) == 2 && dropped(frames) == 1)
  }

  @Test func `Who discards spooled frames keeps the telemetry of the outage`() throws {
    let folder = TestFolders.base + "/delivery-priority-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var use = SpoolUse(folder: folder)
    use.store.segmentBytes = 1 << 20
    use.replayJitter = 0
    use.retryInterval = 0.3
    func options(_ memoryMax: Int) -> DeliveryOptions {
      DeliveryOptions(memoryMax: memoryMax, outageAfter: 0.5, spool: use)
    }
    let first = try Bench(options: options(4 << 20), isUp: false, streams: [heartbeats])
    first.submit(30, bytes: 100_000)
    for _ in 0..<10 {
      var record = Bench.record(
        0, bytes: 1000, meters: heartbeats, topic: "vedette.metrics", key: "node")
      record.spoolClass = .metrics
      first.delivery.submit(record)
    }
    first.delivery.shutdown(seconds: 0)
    #expect(heartbeats.ledger.snapshot.spooled == 10 && first.counts.spooled == 30)
    let later = StreamMeters(name: "node/heartbeat")
    let next = try Bench(options: options(1 << 20), isUp: false, streams: [later])
    next.eventually { $0.captured == 30 && later.ledger.snapshot.captured == 10 }
    #expect(next.delivery.discard(.frames))
    next.eventually { $0.dropped(.discarded) > 15 }
    #expect(later.ledger.snapshot.droppedInAll == 0)
    next.cluster.setBroker(1, isUp: true)
    next.eventually(within: 60) { _ in later.ledger.snapshot.delivered == 10 }
    #expect(try next.headers("ce_replay", topic: "vedette.metrics").allSatisfy { $0 == "1" })
  }
}
