import Meters
import Testing

@testable import Delivery
@testable import Kafka
@testable import Spool

private let second: UInt64 = 1_000_000_000

/// What Delivery leaves for later: pauses, questions, replay, and what there is to tell.
@Suite struct RestraintTests {
  private let meters = StreamMeters(name: "cam")

  private func record(
    _ bytes: Int = 10, at time: UInt64 = second, key: UInt8 = 0
  ) -> Record {
    meters.ledger.capture()
    return Record(
      topic: "t", key: [key], headers: Headers(), timestamp: 0, payload: BytesPayload([]),
      payloadBytes: bytes, capturedAt: time, meters: meters)
  }

  /// With a spool on which nothing is written.
  private func spooling(
    memoryMax: Int = 32 << 20, _ change: (inout SpoolUse) -> Void = { _ in }
  ) -> DeliveryState {
    var use = SpoolUse(folder: "/nonexistent")
    change(&use)
    return DeliveryState(
      options: DeliveryOptions(memoryMax: memoryMax, outageAfter: 2, spool: use))
  }

  /// Puts a frame into the state as though it had been read from the spool.
  private func load(_ state: inout DeliveryState, _ ordinal: Int, bytes: Int = 10) {
    meters.ledger.enter(.spooled)
    state.load(
      RecordWindow.Entry(
        serial: 0, attempt: 0, record: record(bytes),
        position: SpoolPosition(segment: 1, ordinal: UInt64(ordinal))))
  }

  @Test func `What goes for want of memory is told every ten seconds at most, each once`() {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000))
    func drop(_ count: Int) {
      for _ in 0..<count { state.accept(record(9000)) }
    }
    drop(9)
    var told: [Int?] = []
    for (dropped, time) in [(3, 20), (0, 31), (2, 32), (1, 35), (4, 42), (0, 60)] {
      drop(dropped)
      told.append(state.takeCrowdedOut(now: UInt64(time) * second))
    }
    #expect(told == [3, nil, 2, nil, 5, nil])
  }

  @Test func `After each error of a blocked lane the pause doubles, up to two seconds`() throws {
    var state = DeliveryState(options: DeliveryOptions())
    state.accept(record())
    var now = second
    for milliseconds in [250, 250, 500, 1000, 2000, 2000] as [UInt64] {
      let departing = state.departing(now: now)
      let entry = try #require(departing, "after \(milliseconds) ms")
      state.returned(entry.serial, wasSent: true)
      state.failed(lane: 0, nil, isFinal: true, now: now)
      now += milliseconds * 1_000_000
      let early = state.departing(now: now - 1_000_000)
      #expect(early == nil, "before \(milliseconds) ms")
    }
  }

  @Test func `Brokers are asked about one topic a second, and about the same every ten`() {
    var state = DeliveryState(options: DeliveryOptions())
    for key in 0..<2 as Range<UInt8> {
      state.accept(record(key: key))
      state.failed(lane: Int(key), nil, isFinal: true, now: second)
    }
    let asked = (100...121).map { time in
      state.takeQuestion(now: UInt64(time) * second).map { String($0.lane) } ?? "-"
    }
    #expect(asked.joined() == "01--------01--------01")
  }

  @Test func `After an outage a lane has a moment to come back until it is told of`() throws {
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    for key in 0..<2 as Range<UInt8> { state.accept(record(key: key)) }
    while state.departing(now: second) != nil {}
    let judgement = state.judge(now: 5 * second)
    #expect(judgement == .outage)
    for serial in state.flights.keys.sorted() { state.returned(serial, wasSent: true) }
    state.recall = nil
    // In an outage there is nothing to tell of one lane.
    let during = state.takeBlocked(now: 90 * second)
    #expect(during.isEmpty)
    let departing = state.departing(now: 100 * second)
    let probe = try #require(departing)
    let arrival = state.arrived(probe.serial, now: 100 * second)
    #expect(arrival?.relief?.outageSince != nil)
    let counts = [101, 105, 107, 200].map { state.takeBlocked(now: $0 * second).count }
    #expect(counts == [0, 0, 1, 0])
  }

  @Test(arguments: [0, 1e9])
  func `After an outage replay waits for a time of its own, and live frames do not`(
    jitter: Double
  ) throws {
    var state = spooling { $0.replayJitter = jitter }
    state.accept(record())
    let departing = state.departing(now: second)
    let live = try #require(departing)
    let judgement = state.judge(now: 5 * second)
    #expect(judgement == .outage)
    state.recall = nil
    load(&state, 0)
    // Of thirty years, it waits for more than a second.
    _ = state.arrived(live.serial, now: 6 * second)
    state.accept(record(at: 6 * second))
    var positions: [Bool] = []
    while let entry = state.departing(now: 7 * second) { positions.append(entry.isFromBacklog) }
    #expect(positions == (jitter == 0 ? [false, true] : [false]))
  }

  @Test func `Of the backlog few frames are in flight at once, for live ones wait behind them`() {
    var state = spooling()
    state.openBucket()
    for ordinal in 0..<20 { load(&state, ordinal, bytes: 100_000) }
    var count = 0
    while state.departing(now: second) != nil { count += 1 }
    #expect((1...3).contains(count))
    state.accept(record())
    let next = state.departing(now: second)
    #expect(next?.isFromBacklog == false)
  }

  @Test func `What is written ahead keeps within memory, too`() {
    var state = spooling(memoryMax: 100_000)
    let taken = (0..<3).map { _ in state.acceptAhead(record(40_000)) != nil }
    #expect(taken == [true, true, false])
  }

  @Test func `What the disk did not take is given to it again, in order and in time`() {
    var state = spooling()
    for _ in 0..<5 { state.accept(record()) }
    state.failed(lane: 0, nil, isFinal: true, now: second)
    for _ in 0..<2 {
      let spill = state.takeSpill(now: 2 * second)
      #expect(spill.map(\.serial) == [1, 2, 3, 4, 5])
      #expect(spill.allSatisfy { !$0.isLate })
      state.unspilled(spill)
    }
    #expect(meters.ledger.snapshot.inMemory == 5 && meters.ledger.snapshot.isBalanced)
  }

  @Test func `A record that has waited for long goes to the spool though nothing is blocked`() {
    var state = spooling()
    state.accept(record(at: second))
    let counts = [2, 5, 6].map { state.takeSpill(now: $0 * second).count }
    #expect(counts == [0, 0, 1])
  }

  @Test func `What waits of a topic is counted over all of its keys`() {
    var state = DeliveryState(options: DeliveryOptions())
    for key in [0, 0, 1, 2] as [UInt8] { state.accept(record(key: key)) }
    #expect(state.picture.standings.map(\.waiting) == [4])
  }

  @Test func `A gap reaches from its first number to its last, in whatever order they come`() {
    var book = GapBook()
    for number in [9, 3, 5] as [UInt64] {
      var lost = record(100)
      lost.sequence = number
      book.add(lost, .quota)
    }
    let gaps = book.take()
    #expect(gaps.map(\.firstSequence) == [3] && gaps.map(\.lastSequence) == [9])
    #expect(gaps.map(\.count) == [3] && gaps.map(\.bytes) == [300])
  }

  @Test func `Latency is measured from the capture on`() throws {
    let bench = try Bench()
    var late = Bench.record(0, bytes: 10, meters: bench.meters)
    late.capturedAt -= 60 * second
    bench.delivery.submit(late)
    bench.eventually { $0.delivered == 1 }
    #expect(bench.meters.latency.quantile(0.5) ?? 0 > 55_000_000)
  }
}
