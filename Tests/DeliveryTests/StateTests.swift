import Meters
import Testing

@testable import Delivery
@testable import Kafka
@testable import Spool

@Suite struct StateTests {
  private func record(_ meters: CameraMeters, bytes: Int, at time: UInt64 = 0) -> Record {
    meters.ledger.capture()
    return Record(
      topic: "t", key: [], headers: Headers(), timestamp: 0, payload: BytesPayload([]),
      payloadBytes: bytes, capturedAt: time, meters: meters)
  }

  @Test func `Whatever happens, the ledger balances, order is kept, and memory stays bounded`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let meters = CameraMeters(name: "cam")
      let options = DeliveryOptions(memoryMax: 1 << 20, outageAfter: 2, ageMax: 1000)
      var state = DeliveryState(options: options)
      var now: UInt64 = 1
      var accepted = 0
      for _ in 0..<400 {
        now += .random(in: 0...500_000_000, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
          state.accept(record(meters, bytes: .random(in: 0...100_000, using: &random), at: now))
          accepted += 1
        case 4, 5:
          var last: UInt64 = 0
          while let entry = state.departing(now: now) {
            #expect(entry.serial > last)
            last = entry.serial
          }
        case 6: if let one = state.flights.keys.randomElement() { _ = state.arrived(one, now: now) }
        case 7:
          if let one = state.flights.keys.randomElement() { state.returned(one, wasSent: true) }
        case 8:
          if let one = state.flights.keys.randomElement() {
            _ = state.lost(one, as: .dropped(.oversize))
          }
        default:
          if state.outageBegins(now: now) {
            for serial in state.flights.keys.shuffled() { state.returned(serial, wasSent: true) }
            #expect(state.flights.isEmpty)
          }
        }
        let counts = meters.ledger.snapshot
        #expect(counts.isBalanced && counts.captured == accepted)
        #expect(counts.inMemory == state.window.count && counts.inFlight == state.flights.count)
        #expect(state.window.bytes + state.inFlightBytes <= options.memoryMax)
        #expect(state.flights.isEmpty == (state.inFlightBytes == 0))
      }
      state.close()
      for serial in state.flights.keys { state.returned(serial, wasSent: true) }
      let counts = meters.ledger.snapshot
      #expect(counts.isBalanced && counts.inMemory == 0 && counts.inFlight == 0)
      #expect(state.isIdle)
    }
  }

  @Test func `An event whose topic is refused waits alone, and frames flow`() throws {
    let meters = CameraMeters(name: "cam")
    var options = DeliveryOptions(spool: SpoolUse(folder: "/nonexistent"))
    options.outageAfter = 2
    var state = DeliveryState(options: options)
    let second: UInt64 = 1_000_000_000
    state.accept(record(meters, bytes: 1000, at: second))
    let departed = state.departing(now: second)
    let frame = try #require(departed)
    _ = state.arrived(frame.serial, now: second)
    var event = record(meters, bytes: 100, at: second)
    event.spoolClass = .events
    meters.ledger.enter(.spooled)
    state.load(
      RecordWindow.Entry(
        serial: 0, attempt: 0, record: event,
        position: SpoolPosition(segment: 1, ordinal: 0)))
    let next = state.departing(now: second)
    let sent = try #require(next)
    #expect(sent.record.spoolClass == .events)
    var error = KafkaError(property: "a test", text: "refused")
    error.kind = .refused
    let isAside = state.setAside(sent.serial, error, now: 2 * second, wasSent: true)
    #expect(isAside)
    state.accept(record(meters, bytes: 1000, at: 2 * second))
    let classes = [2, 3, 8].map { state.departing(now: $0 * second)?.record.spoolClass }
    #expect(classes == [.frames, nil, .events])
    #expect(meters.ledger.snapshot.isBalanced)
  }

  @Test func `Records that come back stand in their old order, before what came later`() {
    let meters = CameraMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions())
    for _ in 0..<20 { state.accept(record(meters, bytes: 10)) }
    var serials: [UInt64] = []
    for _ in 0..<10 { if let entry = state.departing(now: 1) { serials.append(entry.serial) } }
    while state.departing(now: 1) != nil {}
    for _ in 0..<5 { state.accept(record(meters, bytes: 10)) }
    for serial in state.flights.keys.shuffled() { state.returned(serial, wasSent: true) }
    var again: [UInt64] = []
    while let entry = state.departing(now: 2) { again.append(entry.serial) }
    #expect(again == (1...25).map { $0 })
    #expect(state.flights.values.filter { $0.entry.attempt == 2 }.count == 20)
  }

  @Test func `An outage begins when the oldest is too old, sends one at a time, and ends with it`()
  {
    let meters = CameraMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    for _ in 0..<5 { state.accept(record(meters, bytes: 10)) }
    while state.departing(now: 1_000_000_000) != nil {}
    let begins = [2_900_000_000, 3_100_000_000, 3_200_000_000].map { state.outageBegins(now: $0) }
    #expect(begins == [false, true, false])
    for serial in state.flights.keys { state.returned(serial, wasSent: true) }
    let probe = state.departing(now: 4_000_000_000)
    #expect(probe?.serial == 1)
    let second = state.departing(now: 4_000_000_000)
    #expect(second == nil)
    let ended = state.arrived(1, now: 4_500_000_000)
    #expect(ended?.outageSince == 1_000_000_000)
    #expect(state.mode == .flowing)
    let next = state.departing(now: 5_000_000_000)
    #expect(next?.serial == 2)
  }

  @Test func `A window that is full drops its oldest as quota, and age drops as age`() {
    let meters = CameraMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000, ageMax: 10))
    for time in 0..<30 {
      state.accept(record(meters, bytes: 9000, at: UInt64(time) * 1_000_000_000))
    }
    #expect(meters.ledger.snapshot.dropped(.quota) == 21)
    #expect(state.window.first?.serial == 22)
    state.dropAged(now: 35_000_000_000)
    #expect(meters.ledger.snapshot.dropped(.age) == 4)
    #expect(state.window.first?.serial == 26)
  }

  @Test func `After an error nothing is sent for a moment, or until an acknowledgement comes`() {
    let meters = CameraMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions())
    for _ in 0..<3 { state.accept(record(meters, bytes: 10)) }
    let sent = (0..<2).compactMap { _ in state.departing(now: 1_000_000_000)?.serial }
    #expect(sent == [1, 2])
    state.returned(1, wasSent: true)
    state.hold(now: 1_000_000_000)
    let held = state.departing(now: 1_200_000_000)
    #expect(held == nil)
    _ = state.arrived(2, now: 1_200_000_000)
    let next = state.departing(now: 1_200_000_000)
    #expect(next?.serial == 1)
  }

  @Test func `A fault that lasts is an outage, though nothing is in flight`() {
    let meters = CameraMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    state.accept(record(meters, bytes: 10))
    var begins: [UInt64] = []
    for tenth in UInt64(10)..<40 {
      let now = tenth * 100_000_000
      if let entry = state.departing(now: now) {
        state.returned(entry.serial, wasSent: true)
        state.hold(now: now)
      }
      if state.outageBegins(now: now) { begins.append(tenth) }
    }
    #expect(begins == [31])
  }

  @Test func `An old record is no outage while others are acknowledged`() {
    let meters = CameraMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    for _ in 0..<10 { state.accept(record(meters, bytes: 10)) }
    while state.departing(now: 1_000_000_000) != nil {}
    for serial in UInt64(1)...5 {
      let now = 1_000_000_000 + serial * 1_500_000_000
      _ = state.arrived(serial, now: now)
      let begins = state.outageBegins(now: now + 1_400_000_000)
      #expect(!begins)
    }
    let begins = state.outageBegins(now: 10_600_000_000)
    #expect(begins && state.picture.outageSince == 8_500_000_000)
  }
}
