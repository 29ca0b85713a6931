import CRdKafka
import Meters
import Testing

@testable import Delivery
@testable import Kafka
@testable import Spool

@Suite struct StateTests {
  private func record(
    _ meters: StreamMeters, bytes: Int, at time: UInt64 = 0, topic: String = "t", key: UInt8 = 0
  ) -> Record {
    meters.ledger.capture()
    return Record(
      topic: topic, key: [key], headers: Headers(), timestamp: 0, payload: BytesPayload([]),
      payloadBytes: bytes, capturedAt: time, meters: meters)
  }

  @Test func `Whatever happens, the ledger balances, order is kept, and memory stays bounded`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let meters = StreamMeters(name: "cam")
      let options = DeliveryOptions(memoryMax: 1 << 20, outageAfter: 2, ageMax: 1000)
      var state = DeliveryState(options: options)
      var now: UInt64 = 1
      var accepted = 0
      for _ in 0..<400 {
        now += .random(in: 0...500_000_000, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
          let new = record(
            meters, bytes: .random(in: 0...100_000, using: &random), at: now,
            topic: Bool.random(using: &random) ? "t" : "u", key: .random(in: 0..<3, using: &random))
          accepted += 1
          let isWaiting = state.liveCount > 0
          if Bool.random(using: &random) || state.departingAtOnce(new, now: now) == nil {
            state.accept(new)
          } else {
            // It has overtaken nothing.
            #expect(!isWaiting)
          }
        case 4, 5:
          var last: [LaneID: UInt64] = [:]
          while let entry = state.departing(now: now) {
            let lane = LaneID(topic: entry.record.topic, key: entry.record.key)
            #expect(entry.serial > last[lane] ?? 0)
            last[lane] = entry.serial
          }
        case 6: if let one = state.flights.keys.randomElement() { _ = state.arrived(one, now: now) }
        case 7:
          if let (one, flight) = state.flights.randomElement() {
            state.returned(one, wasSent: true)
            state.failed(lane: flight.lane, nil, isFinal: .random(using: &random), now: now)
          }
        case 8:
          if let one = state.flights.keys.randomElement() {
            _ = state.lost(one, as: .dropped(.oversize))
          }
        default:
          if state.judge(now: now) == .outage {
            for serial in state.flights.keys.shuffled() { state.returned(serial, wasSent: true) }
            #expect(state.flights.isEmpty)
          }
          state.recall = nil
        }
        let counts = meters.ledger.snapshot
        #expect(counts.isBalanced && counts.captured == accepted)
        #expect(counts.inMemory == state.liveCount && counts.inFlight == state.flights.count)
        #expect(state.liveBytes + state.inFlightBytes <= options.memoryMax)
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
    let meters = StreamMeters(name: "cam")
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
    event.topic = "events"
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
    let lane = try #require(state.flights[sent.serial]?.lane)
    state.returned(sent.serial, wasSent: true)
    state.failed(lane: lane, error, isFinal: true, now: 2 * second)
    state.accept(record(meters, bytes: 1000, at: 2 * second))
    let classes = [2, 2, 8].map { state.departing(now: $0 * second)?.record.spoolClass }
    #expect(classes == [.frames, nil, .events])
    #expect(meters.ledger.snapshot.isBalanced)
  }

  @Test func `The cause that says most is kept until a record is acknowledged`() throws {
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 1 << 20, outageAfter: 2))
    state.accept(record(StreamMeters(name: "cam"), bytes: 10))
    let departing = state.departing(now: 1)
    let serial = try #require(departing).serial
    state.note(KafkaError(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, call: "poll"))
    state.note(KafkaError(RD_KAFKA_RESP_ERR__AUTHENTICATION, call: "poll", text: "bad password"))
    state.note(KafkaError(RD_KAFKA_RESP_ERR__TRANSPORT, call: "poll", text: "Disconnected"))
    state.note(KafkaError(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, call: "delivery"))
    #expect(state.picture.lastError?.contains("bad password") == true)
    // Of two that say as much, the later one.
    state.note(KafkaError(RD_KAFKA_RESP_ERR__RESOLVE, call: "poll", text: "no such host"))
    #expect(state.picture.lastError?.contains("no such host") == true)
    _ = state.arrived(serial, now: 2)
    #expect(state.picture.lastError == nil)
    state.note(KafkaError(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, call: "delivery"))
    #expect(state.picture.lastError?.contains("timed out") == true)
  }

  @Test func `Records that come back stand in their old order, before what came later`() {
    let meters = StreamMeters(name: "cam")
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
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    for _ in 0..<5 { state.accept(record(meters, bytes: 10)) }
    while state.departing(now: 1_000_000_000) != nil {}
    let begins = [2_900_000_000, 3_100_000_000, 3_200_000_000].map { state.judge(now: $0) }
    #expect(begins == [.unchanged, .outage, .unchanged])
    for serial in state.flights.keys { state.returned(serial, wasSent: true) }
    let early = state.departing(now: 4_000_000_000)
    #expect(early == nil, "nothing is sent while records are taken back")
    state.recall = nil
    let probe = state.departing(now: 4_000_000_000)
    #expect(probe?.serial == 1)
    let second = state.departing(now: 4_000_000_000)
    #expect(second == nil)
    let ended = state.arrived(1, now: 4_500_000_000)
    #expect(ended?.relief?.outageSince == 1_000_000_000)
    #expect(state.outageSince == nil)
    let next = state.departing(now: 5_000_000_000)
    #expect(next?.serial == 2)
  }

  @Test func `A window that is full drops its oldest as quota, and age drops as age`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 100_000, ageMax: 10))
    for time in 0..<30 {
      state.accept(record(meters, bytes: 9000, at: UInt64(time) * 1_000_000_000))
    }
    #expect(meters.ledger.snapshot.dropped(.quota) == 21)
    #expect(state.lanes[0].live.first?.serial == 22)
    state.dropAged(now: 35_000_000_000)
    #expect(meters.ledger.snapshot.dropped(.age) == 4)
    #expect(state.lanes[0].live.first?.serial == 26)
  }

  @Test func `After an error nothing is sent for a moment, or until an acknowledgement comes`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions())
    for _ in 0..<3 { state.accept(record(meters, bytes: 10)) }
    let sent = (0..<2).compactMap { _ in state.departing(now: 1_000_000_000)?.serial }
    #expect(sent == [1, 2])
    state.returned(1, wasSent: true)
    state.failed(lane: 0, nil, now: 1_000_000_000)
    let held = state.departing(now: 1_200_000_000)
    #expect(held == nil)
    _ = state.arrived(2, now: 1_200_000_000)
    let next = state.departing(now: 1_200_000_000)
    #expect(next?.serial == 1)
  }

  @Test func `A fault that lasts is an outage, though nothing is in flight`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    state.accept(record(meters, bytes: 10))
    var begins: [UInt64] = []
    for tenth in UInt64(10)..<40 {
      let now = tenth * 100_000_000
      if let entry = state.departing(now: now) {
        state.returned(entry.serial, wasSent: true)
        state.failed(lane: 0, nil, now: now)
      }
      if state.judge(now: now) == .outage { begins.append(tenth) }
    }
    #expect(begins == [31])
  }

  @Test func `A lane that is passed over is known though acknowledgements are read together`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    func send(key: UInt8, at tenth: UInt64) -> UInt64? {
      state.accept(record(meters, bytes: 10, key: key))
      return state.departing(now: tenth * 100_000_000)?.serial
    }
    #expect(send(key: 1, at: 10) == 1)
    let sent = (0..<4).compactMap { send(key: 2, at: 11 + UInt64($0)) }
    for (place, serial) in sent.enumerated() {
      let ended = UInt64(1150 + 100 * place) * 1_000_000
      _ = state.arrived(serial, endedAt: ended, now: 1_900_000_000)
    }
    let judgement = state.judge(now: 3_200_000_000)
    #expect(judgement == .blocked && state.outageSince == nil)
    #expect(state.lanes[0].isBlocked && !state.lanes[1].isBlocked)
  }

  @Test func `An old record is no outage while others are acknowledged`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    for _ in 0..<10 { state.accept(record(meters, bytes: 10)) }
    while state.departing(now: 1_000_000_000) != nil {}
    for serial in UInt64(1)...5 {
      let now = 1_000_000_000 + serial * 1_500_000_000
      _ = state.arrived(serial, now: now)
      let begins = state.judge(now: now + 1_400_000_000)
      #expect(begins == .unchanged)
    }
    let begins = state.judge(now: 10_600_000_000)
    #expect(begins == .outage && state.picture.outageSince == 8_500_000_000)
  }

  @Test
  func
    `Whatever time-outs a throttling broker causes, nothing is dropped while the spool takes it`()
  {
    let meters = StreamMeters(name: "cam")
    var options = DeliveryOptions(
      memoryMax: 1 << 20, outageAfter: 2, spool: SpoolUse(folder: "/nonexistent"))
    options.ageMax = nil
    var state = DeliveryState(options: options)
    var now: UInt64 = 1_000_000_000
    for round in 0..<2000 {
      now += 50_000_000
      state.accept(record(meters, bytes: 20_000, at: now))
      while state.departing(now: now) != nil {}
      // The broker takes one in ten; the others time out in its queue, and come back.
      if round % 10 == 0, let oldest = state.flights.keys.min() {
        _ = state.arrived(oldest, now: now)
      }
      if round % 40 == 39 {
        for serial in state.flights.keys.sorted().dropFirst() {
          state.returned(serial, wasSent: true)
        }
      }
      // The spool's thread writes what it is given before the next comes.
      state.spilled(state.takeSpill(now: now))
      #expect(state.memoryBytes <= options.memoryMax)
    }
    let counts = meters.ledger.snapshot
    #expect(counts.isBalanced && counts.droppedInAll == 0 && counts.spooled > 1000)
  }

  @Test func `What comes back after younger ones were spilled is marked as late at the end`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(
      options: DeliveryOptions(
        memoryMax: 400_000, outageAfter: 2, spool: SpoolUse(folder: "/nonexistent")))
    // Four are in flight; of the others pressure takes the oldest.
    for _ in 0..<16 { state.accept(record(meters, bytes: 20_000, at: 1_000_000_000)) }
    while state.departing(now: 1_000_000_000) != nil {}
    let flying = state.flights.keys.sorted()
    #expect(flying == [1, 2, 3, 4])
    let early = state.takeSpill(now: 1_100_000_000)
    #expect(early.first?.serial == 5 && early.allSatisfy { !$0.isLate })
    state.spilled(early)
    let judgement = state.judge(now: 4_000_000_000)
    #expect(judgement == .outage)
    for serial in flying { state.returned(serial, wasSent: true) }
    state.recall = nil
    state.spilled(state.takeSpill(now: 4_100_000_000))
    let last = state.takeAll()
    #expect(last.map(\.serial) == [1, 2, 3, 4] && last.allSatisfy(\.isLate))
    state.spilled(last)
    #expect(meters.ledger.snapshot.spooled == 16 && meters.ledger.snapshot.isBalanced)
  }

  @Test func `The record that probes an outage is of the spool, unless the disk hangs`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(
      options: DeliveryOptions(outageAfter: 2, spool: SpoolUse(folder: "/nonexistent")))
    let second: UInt64 = 1_000_000_000
    state.accept(record(meters, bytes: 10, at: second))
    let sent = state.departing(now: second)
    #expect(sent?.serial == 1)
    let judgement = state.judge(now: 4 * second)
    #expect(judgement == .outage)
    state.returned(1, wasSent: true)
    state.recall = nil
    state.accept(record(meters, bytes: 10, at: 4 * second))
    // Sent from memory it would be written behind the other one.
    let early = state.departing(now: 4 * second)
    #expect(early == nil)
    let late = state.departing(now: 12 * second)
    #expect(late?.serial == 1)
    state.returned(1, wasSent: true)
    let spilled = state.takeSpill(now: 13 * second)
    #expect(spilled.map(\.serial) == [1, 2] && spilled.allSatisfy { !$0.isLate })
  }

  @Test func `What has to be mended is told as it is`() throws {
    var state = DeliveryState(options: DeliveryOptions())
    let meters = StreamMeters(name: "cam")
    state.accept(record(meters, bytes: 10))
    func remedy(_ code: rd_kafka_resp_err_t) -> String? {
      state.failed(lane: 0, KafkaError(code, call: "delivery"), isFinal: true, now: 1)
      return state.picture.blocked.first?.remedy
    }
    #expect(remedy(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)?.contains("grant it") == true)
    // What tells less does not take its place.
    #expect(remedy(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)?.contains("grant it") == true)
    #expect(remedy(RD_KAFKA_RESP_ERR__TRANSPORT)?.contains("grant it") == true)
    #expect(remedy(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)?.contains("create it") == true)
    #expect(remedy(RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS)?.contains("acks is wrong") == true)
  }

  @Test func `A lane that others have lapped is blocked, and they go on`() throws {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    var now: UInt64 = 1_000_000_000
    for _ in 0..<5 { state.accept(record(meters, bytes: 10, at: now, key: 1)) }
    while state.departing(now: now) != nil {}
    var judgements: [DeliveryState.Judgement] = []
    for _ in 0..<30 {
      now += 100_000_000
      state.accept(record(meters, bytes: 10, at: now, key: 2))
      let departed = state.departing(now: now)
      let sent = try #require(departed)
      #expect(sent.record.key == [2])
      _ = state.arrived(sent.serial, now: now + 1_000_000)
      judgements.append(state.judge(now: now + 2_000_000))
      if state.recall == .queued {
        for (serial, flight) in state.flights where flight.entry.record.key == [1] {
          state.returned(serial, wasSent: false)
        }
        state.recall = nil
        // The one that sees whether it is taken again.
        let probe = state.departing(now: now)
        #expect(probe?.record.key == [1] && probe?.attempt == 1)
      }
    }
    #expect(judgements.filter { $0 == .blocked }.count == 1 && !judgements.contains(.outage))
    #expect(state.picture.blocked.map(\.key) == ["\u{1}"])
    #expect(state.flights.count == 1 && state.liveCount == 4)
  }

  @Test func `On a slow line lanes take turns, and none is taken for blocked`() {
    let meters = StreamMeters(name: "cam")
    var state = DeliveryState(options: DeliveryOptions(outageAfter: 2))
    var now: UInt64 = 1_000_000_000
    // Eight cameras share a line on which a record takes 0.9 s.
    for round in 0..<20 {
      for key in UInt8(1)...8 {
        state.accept(record(meters, bytes: 1000, at: now, key: key))
        while state.departing(now: now) != nil {}
        now += 900_000_000
        if let oldest = state.flights.filter({ $0.value.entry.record.key == [key] }).keys.min() {
          _ = state.arrived(oldest, now: now)
        }
        let judgement = state.judge(now: now)
        #expect(judgement == .unchanged, "round \(round), camera \(key)")
      }
    }
  }

  @Test func `Without a spool the records of a blocked lane are the first to go`() {
    let meters = StreamMeters(name: "cam")
    let blocked = StreamMeters(name: "blocked")
    var state = DeliveryState(options: DeliveryOptions(memoryMax: 101_000))
    for _ in 0..<5 { state.accept(record(meters, bytes: 9000, key: 1)) }
    for _ in 0..<5 { state.accept(record(blocked, bytes: 9000, key: 2)) }
    state.failed(lane: 1, nil, isFinal: true, now: 1)
    for _ in 0..<5 { state.accept(record(meters, bytes: 9000, key: 1)) }
    #expect(meters.ledger.snapshot.droppedInAll == 0)
    #expect(blocked.ledger.snapshot.dropped(.quota) == 5)
  }

  /// What librdkafka holds cannot go to the disk: were it half of memory, a burst would find memory full.
  @Test(arguments: [1, 4])
  func `A burst finds memory while brokers throttle and the spool has room`(lanes: Int) {
    let meters = StreamMeters(name: "cam")
    let memory = 4 << 20
    var state = DeliveryState(
      options: DeliveryOptions(memoryMax: memory, spool: SpoolUse(folder: "/nonexistent")))
    let now: UInt64 = 1_000_000_000
    var count = 0
    func accept() {
      state.accept(record(meters, bytes: 20_000, at: now, key: UInt8(count % lanes)))
      count += 1
    }
    // Brokers acknowledge nothing yet, and the disk keeps up with what is given to it.
    for _ in 0..<500 {
      accept()
      while state.departing(now: now) != nil {}
      state.spilled(state.takeSpill(now: now))
    }
    #expect(meters.ledger.snapshot.droppedInAll == 0)
    // Then the disk is busy for as long as two fifths of memory take to come.
    for _ in 0..<memory * 2 / 5 / 20_000 {
      accept()
      while state.departing(now: now) != nil {}
      _ = state.takeSpill(now: now)
    }
    let counts = meters.ledger.snapshot
    #expect(counts.droppedInAll == 0, "\(counts)")
    #expect(counts.isBalanced && state.memoryBytes <= memory)
  }

  @Test func `What brokers' throttling comes to is read from the statistics`() {
    let statistics = BrokerStatistics(
      """
      {"brokers":{"a:9092/1":{"rtt":{"min":1,"max":2,"avg":2},"throttle":{"min":0,"max":900,"avg":340,"sum":1,
      "cnt":3},"toppars":{}},"b:9092/2":{"throttle":{ "min":0,"max":0,"avg": 7}}},"topics":{}}
      """)
    #expect(statistics.throttleMilliseconds == 340)
    for (text, milliseconds) in [
      ("", 0), ("\"throttle\":", 0), ("{\"throttle\":{\"avg\":", 0), ("\"throttle\":{\"avg\":x", 0),
      ("\"throttle\":{\"min\":5},\"avg\":7", 0), ("\"throttle\":{\"avg\":-5}", 0),
      ("\"throttle\":{\"avg\":99999999999999999999}", 1_000_000_000),
    ] {
      #expect(BrokerStatistics(text).throttleMilliseconds == milliseconds, "\(text)")
    }
  }
}
