import Kafka
import Meters
import Testing

@testable import Delivery

/// Records that are sent without having waited.
@Suite struct DepartureTests {
  private static let second: UInt64 = 1_000_000_000
  private let meters = StreamMeters(name: "cam")
  private var state: DeliveryState

  init() {
    state = DeliveryState(options: DeliveryOptions(memoryMax: 1 << 20, outageAfter: 2))
  }

  private func record(_ bytes: Int = 1000, at time: UInt64 = 0, topic: String = "t") -> Record {
    meters.ledger.capture()
    return Record(
      topic: topic, key: [1], headers: Headers(), timestamp: 0, payload: BytesPayload([]),
      payloadBytes: bytes, capturedAt: time, meters: meters)
  }

  /// Whether a record is sent at once; where it is not, nothing may have changed.
  private mutating func isSent(_ record: Record, now: UInt64 = Self.second) -> Bool {
    let before = (meters.ledger.snapshot, state.flights.count, state.inFlightBytes)
    guard let entry = state.departingAtOnce(record, now: now) else {
      #expect(meters.ledger.snapshot == before.0)
      #expect(state.flights.count == before.1 && state.inFlightBytes == before.2)
      return false
    }
    #expect(entry.attempt == 1 && state.flights[entry.serial] != nil)
    #expect(meters.ledger.snapshot.inFlight == before.0.inFlight + 1)
    #expect(meters.ledger.snapshot.inPipeline == before.0.inPipeline - 1)
    return true
  }

  @Test mutating func `Where nothing waits and nothing is wrong it goes, again and again`() {
    #expect(isSent(record()))
    #expect(isSent(record(), now: 2 * Self.second))
    #expect(isSent(record(topic: "u"), now: 2 * Self.second))
  }

  @Test mutating func `It overtakes nothing that waits, of whichever lane`() {
    state.accept(record(topic: "u"))
    #expect(!isSent(record()))
    _ = state.departing(now: Self.second)
    #expect(isSent(record()))
  }

  @Test
  mutating func
    `It waits for a lane that failed, in an outage, for what is taken back, and after the end`()
  {
    #expect(isSent(record()))
    let flight = state.flights.keys.first ?? 0
    state.failed(lane: 0, nil, now: Self.second)
    #expect(!isSent(record()))
    _ = state.arrived(flight, now: 2 * Self.second)
    #expect(isSent(record(), now: 3 * Self.second))
    state.recall = .queued
    #expect(!isSent(record(), now: 3 * Self.second))
    state.recall = nil
    state.outageSince = 3 * Self.second
    #expect(!isSent(record(), now: 3 * Self.second))
    state.outageSince = nil
    state.close()
    #expect(!isSent(record(), now: 3 * Self.second))
  }

  @Test mutating func `It waits where memory or the share of what may be in flight is full`() {
    #expect(!isSent(record(2 << 20)))
    state = DeliveryState(options: DeliveryOptions(memoryMax: 100 << 20, outageAfter: 2))
    #expect(isSent(record()))
    // The first of a lane goes however large; the next has to fit.
    #expect(!isSent(record(90 << 20)))
  }

  @Test mutating func `What is old already goes the way of all, which may be to the spool`() {
    #expect(!isSent(record(at: Self.second), now: 6 * Self.second))
    #expect(isSent(record(at: 5 * Self.second), now: 6 * Self.second))
  }
}
