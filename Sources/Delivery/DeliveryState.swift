import Kafka
import Meters
import Spool
import Threads

/// The bookkeeping of Delivery, under its one lock: what waits, what is in flight, and which lanes brokers
/// take records of. It decides; `Delivery` calls librdkafka and the log.
struct DeliveryState {
  private static let crowdingNanoseconds: UInt64 = 10_000_000_000

  struct Flight {
    var entry: RecordWindow.Entry
    /// Nanoseconds of CLOCK_MONOTONIC.
    var sentAt: UInt64
    var lane: Int
  }

  /// What librdkafka is to give back.
  enum Recall: Comparable {
    /// What it has not sent yet: no record is doubled by that, of whichever lane.
    case queued
    /// What it has sent, too: when no lane is acknowledged.
    case all
  }

  let options: DeliveryOptions
  var lanes = Lanes()
  /// Since when no broker acknowledges anything; nil outside an outage.
  var outageSince: UInt64?
  /// Records that the spool's thread has and that do not last yet.
  var spillingBytes = 0
  var backlogInFlightBytes = 0
  var bucket: TokenBucket
  /// Why the spool cannot be written; records then stay in memory.
  var spoolFault: String?
  /// What is to be said once the lock is free.
  var news: [@Sendable () -> Void] = []
  /// What was given up and not told yet.
  var gaps = GapBook()
  /// What was given up for want of memory since that was last logged, and when it was.
  private var crowdedOut = 0
  private var crowdingToldAt: UInt64 = 0
  private(set) var flights: [UInt64: Flight] = [:]
  private(set) var inFlightBytes = 0
  var nextSerial: UInt64 = 1
  /// When the last acknowledgement came, of any lane.
  var lastArrival: UInt64 = 0
  /// Before this time brokers are not asked about topics.
  var nextQuestion: UInt64 = 0
  /// When the last outage ended.
  var lastOutageEnd: UInt64 = 0
  /// Set while records are to be taken back from librdkafka: nothing may overtake them.
  var recall: Recall?
  var isClosed = false
  /// The most telling error since the last acknowledgement: a time-out does not take a refused login's place.
  private(set) var cause: KafkaError?
  /// Topics that brokers say are missing or denied, whether or not a record for them has failed yet.
  private(set) var topicFaults: [String: TopicFault] = [:]
  /// For how long brokers make this client wait, in milliseconds, as librdkafka last told; 0 for not at all.
  var throttleMilliseconds = 0
  /// Bytes of records out of the spool that were acknowledged.
  var replayedBytes = 0

  init(options: DeliveryOptions) {
    self.options = options
    bucket = Self.bucket(rate: options.spool?.replayRate ?? 1)
  }

  /// For bytes of the backlog, with bursts of a tenth of a second.
  private static func bucket(rate: Double) -> TokenBucket {
    TokenBucket(rate: rate, burst: rate / 10)
  }

  /// More than any line takes, in bytes a second.
  private static let openRate = 1e10

  /// Lets as much of the backlog through as comes.
  mutating func openBucket() { bucket = Self.bucket(rate: Self.openRate) }

  /// Bytes of records in memory, wherever they are on their way.
  var memoryBytes: Int { liveBytes + inFlightBytes + spillingBytes + backlogBytes }

  var liveBytes: Int { lanes.indicesInUse.reduce(0) { $0 + lanes[$1].live.bytes } }
  var liveCount: Int { lanes.indicesInUse.reduce(0) { $0 + lanes[$1].live.count } }
  var backlogBytes: Int { lanes.indicesInUse.reduce(0) { $0 + lanes[$1].storedBytes } }

  /// The lane of the record, which is blocked from the start in an outage.
  mutating func lane(of record: Record) -> Int {
    let (index, isNew) = lanes.lane(LaneID(topic: record.topic, key: record.key))
    if isNew, let outageSince { lanes[index].block(since: outageSince) }
    return index
  }

  /// Books a record as waiting; what no longer fits is dropped, oldest first.
  mutating func accept(_ record: Record) {
    guard !isClosed else {
      record.meters.ledger.move(.inPipeline, to: .dropped(.shutdown))
      return
    }
    record.meters.ledger.move(.inPipeline, to: .inMemory)
    lanes[lane(of: record)].live.append(
      RecordWindow.Entry(serial: nextSerial, attempt: 0, record: record))
    nextSerial += 1
    trim()
  }

  /// Keeps within memory. What is durable goes last, and telemetry after what is live, as long as they keep within their
  /// shares: brokers that refuse one topic for hours must not keep the frames out that they take.
  mutating func trim() {
    while memoryBytes > options.memoryMax, let (lane, priority) = nextToGo,
      let entry = lanes[lane].live.popLowest(priority)
    {
      crowdedOut += 1
      drop(entry, options.spool == nil ? .quota : spoolFault == nil ? .overload : .ioError)
    }
  }

  /// How many records went for want of memory, at most every so often.
  mutating func takeCrowdedOut(now: UInt64) -> Int? {
    guard crowdedOut > 0, now >= crowdingToldAt + Self.crowdingNanoseconds else { return nil }
    crowdingToldAt = now
    defer { crowdedOut = 0 }
    return crowdedOut
  }

  private var nextToGo: (lane: Int, priority: RecordPriority)? {
    let waiting = lanes.indicesInUse.reduce(into: (telemetry: 0, durable: 0)) { sum, index in
      sum.telemetry += lanes[index].live.telemetryBytes
      sum.durable += lanes[index].live.durableBytes
    }
    if waiting.telemetry > options.telemetryBytesMax { return lowest(.telemetry) }
    if waiting.durable > options.durableBytesMax { return lowest(.durable) }
    return lowest(.live) ?? lowest(.telemetry) ?? lowest(.durable)
  }

  /// Where the record of that priority waits that is worth least: of lanes that are blocked before others, of the lowest
  /// class, the oldest.
  private func lowest(_ priority: RecordPriority) -> (lane: Int, priority: RecordPriority)? {
    var found: (lane: Int, entry: RecordWindow.Entry)?
    for lane in lanes.indicesInUse {
      guard let entry = lanes[lane].live.lowest(priority) else { continue }
      if let known = found {
        let isBlocked = lanes[lane].isBlocked
        guard isBlocked == lanes[known.lane].isBlocked else {
          if isBlocked { found = (lane, entry) }
          continue
        }
        guard
          (entry.record.spoolClass, entry.serial)
            < (known.entry.record.spoolClass, known.entry.serial)
        else { continue }
      }
      found = (lane, entry)
    }
    return found.map { ($0.lane, priority) }
  }

  /// Frames and telemetry in memory alone that are not on their way to the spool: what a crash would take.
  var exposed: GapBook {
    var book = GapBook()
    for index in lanes.indicesInUse {
      for entry in lanes[index].live.waiting where entry.record.priority != .durable {
        book.add(entry.record, .crash)
      }
    }
    for flight in flights.values
    where flight.entry.position == nil && flight.entry.record.priority != .durable {
      book.add(flight.entry.record, .crash)
    }
    return book
  }

  /// What was given up and not told yet, once brokers answer: a long outage then makes one gap.
  mutating func takeGaps() -> [Gap] { outageSince == nil && !gaps.isEmpty ? gaps.take() : [] }

  /// Gives up a record that waits in memory.
  mutating func drop(_ entry: RecordWindow.Entry, _ reason: DropReason) {
    entry.record.meters.ledger.move(entry.waitingFate, to: .dropped(reason))
    if entry.record.priority != .durable { gaps.add(entry.record, reason) }
  }

  /// The next record to hand to librdkafka, or nil while it has enough.
  mutating func departing(now: UInt64) -> RecordWindow.Entry? {
    guard recall == nil, let next = takeNext(now: now) else { return nil }
    var entry = next.entry
    entry.attempt += 1
    entry.record.meters.ledger.move(entry.waitingFate, to: .inFlight)
    depart(entry, next.lane, now: now)
    return entry
  }

  /// The same of a record that is new, where nothing waits that would go first and nothing is wrong, as nearly always: it is
  /// booked as in flight without having waited.
  /// - Returns: nil where it must be accepted and wait its turn; nothing has changed then.
  mutating func departingAtOnce(_ record: Record, now: UInt64) -> RecordWindow.Entry? {
    let bytes = record.memoryBytes
    guard isClear, memoryBytes + bytes <= options.memoryMax, !isOld(record, now: now) else {
      return nil
    }
    let lane = lane(of: record)
    guard now >= lanes[lane].heldUntil, fits(bytes, lane) else { return nil }
    let entry = RecordWindow.Entry(serial: nextSerial, attempt: 1, record: record)
    nextSerial += 1
    record.meters.ledger.move(.inPipeline, to: .inFlight)
    depart(entry, lane, now: now)
    return entry
  }

  private mutating func depart(_ entry: RecordWindow.Entry, _ lane: Int, now: UInt64) {
    inFlightBytes += entry.record.memoryBytes
    if entry.isFromBacklog { backlogInFlightBytes += entry.record.memoryBytes }
    lanes[lane].departed(entry, now: now)
    flights[entry.serial] = Flight(entry: entry, sentAt: now, lane: lane)
  }

  /// Ends a flight; the caller books its fate by `arrived`, `returned` or `lost`.
  private mutating func land(_ serial: UInt64) -> Flight? {
    guard let flight = flights.removeValue(forKey: serial) else { return nil }
    inFlightBytes -= flight.entry.record.memoryBytes
    if flight.entry.isFromBacklog { backlogInFlightBytes -= flight.entry.record.memoryBytes }
    lanes[flight.lane].landed(flight.entry)
    return flight
  }

  /// A record that was acknowledged.
  struct Arrival {
    var entry: RecordWindow.Entry
    /// What that put an end to; most put an end to nothing.
    var relief: Relief?
  }

  final class Relief {
    /// Since when the outage lasted that ends by it.
    let outageSince: UInt64?
    /// How a lane stood that the log was told of, and that is taken again.
    let unblocked: Standing?

    init(outageSince: UInt64?, unblocked: Standing?) {
      self.outageSince = outageSince
      self.unblocked = unblocked
    }
  }

  /// The record was acknowledged.
  /// - Parameter endedAt: when that was, where it is learned later.
  mutating func arrived(_ serial: UInt64, endedAt: UInt64? = nil, now: UInt64) -> Arrival? {
    guard let flight = land(serial) else { return nil }
    var arrival = Arrival(entry: flight.entry)
    if outageSince != nil || lanes[flight.lane].isTold {
      arrival.relief = relieve(flight.lane, now: now)
    }
    _ = lanes[flight.lane].acknowledged(
      sentAt: flight.sentAt, endedAt: min(endedAt ?? now, now), now: now)
    lastArrival = now
    if !topicFaults.isEmpty { topicFaults[flight.entry.record.topic] = nil }
    flight.entry.record.meters.ledger.move(.inFlight, to: .delivered)
    if flight.entry.isReplay { replayedBytes += flight.entry.record.payloadBytes }
    if cause != nil { cause = nil }
    return arrival
  }

  private mutating func relieve(_ lane: Int, now: UInt64) -> Relief {
    let relief = Relief(
      outageSince: outageSince, unblocked: lanes[lane].isTold ? standing(of: lane) : nil)
    lanes[lane].isTold = false
    guard outageSince != nil else { return relief }
    outageSince = nil
    lastOutageEnd = now
    if let spool = options.spool, spool.replayJitter > 0 {
      bucket.close(until: now + UInt64(Double.random(in: 0...spool.replayJitter) * 1e9))
    }
    return relief
  }

  /// Keeps what brokers say of a topic; nil where nothing is wrong with it.
  mutating func note(topic: String, _ error: KafkaError?, now: UInt64) {
    topicFaults[topic] = error.map {
      TopicFault(since: topicFaults[topic]?.since ?? now, error: $0)
    }
  }

  /// Keeps an error, unless one that says more came before.
  mutating func note(_ error: KafkaError) {
    // Of what ails a topic and what ails all connections, the later one.
    if let cause, min(cause.precision, .cause) > error.precision { return }
    cause = error
  }

  /// The record was not taken and waits again, in its place.
  /// - Parameter wasSent: false where librdkafka did not even send it, which is no attempt.
  mutating func returned(_ serial: UInt64, wasSent: Bool) {
    guard var flight = land(serial) else { return }
    if !wasSent { flight.entry.attempt -= 1 }
    if flight.entry.position != nil {
      flight.entry.record.meters.ledger.move(.inFlight, to: .spooled)
      lanes[flight.lane].stored[flight.entry.record.spoolClass, default: RecordWindow()]
        .restore(flight.entry)
      return
    }
    guard !isClosed else {
      flight.entry.record.meters.ledger.move(.inFlight, to: .dropped(.shutdown))
      return
    }
    flight.entry.record.meters.ledger.move(.inFlight, to: .inMemory)
    lanes[flight.lane].live.restore(flight.entry)
    trim()
  }

  /// The record will never be taken.
  mutating func lost(_ serial: UInt64, as fate: Fate) -> RecordWindow.Entry? {
    guard let flight = land(serial) else { return nil }
    flight.entry.record.meters.ledger.move(.inFlight, to: fate)
    return flight.entry
  }

  /// Drops what waits too long, by the monotonic clock.
  mutating func dropAged(now: UInt64) {
    guard let ageMax = options.ageMax else { return }
    for lane in lanes.indicesInUse {
      while let first = lanes[lane].live.first, now > first.record.capturedAt,
        Double(now - first.record.capturedAt) / 1e9 > ageMax
      {
        _ = lanes[lane].live.popFirst()
        drop(first, .age)
      }
    }
  }

  /// Takes nothing more; what still waits is dropped as `shutdown`.
  mutating func close() {
    isClosed = true
    for lane in lanes.indicesInUse {
      while let entry = lanes[lane].live.popFirst() {
        entry.record.meters.ledger.move(.inMemory, to: .dropped(.shutdown))
      }
    }
  }

  /// Books what librdkafka never reported on: it is kept by the spool where there is one, else lost at
  /// shutdown.
  mutating func abandonFlights(isKept: Bool) {
    for (serial, flight) in flights {
      if isKept, flight.entry.position == nil {
        returned(serial, wasSent: true)
      } else {
        _ = lost(serial, as: flight.entry.position == nil ? .dropped(.shutdown) : .spooled)
      }
    }
  }

  /// Whether reports may wait a little: nothing hangs on them.
  var isUnhurried: Bool {
    backlogInFlightBytes == 0 && inFlightBytes <= options.inFlightBytesMax / 2 && isClear
  }

  /// Whether nothing waits in memory, and every lane is taken.
  private var isClear: Bool {
    guard outageSince == nil, !isClosed, recall == nil else { return false }
    return lanes.indicesInUse.allSatisfy { index in
      lanes[index].live.isEmpty && !lanes[index].isBlocked && lanes[index].failingSince == nil
        && lanes[index].storedBytes == 0
    }
  }

  /// Whether there is nothing to judge, to send or to tell: reports may wait, and no record has been out for so long that
  /// it could be overdue.
  func isCalm(now: UInt64) -> Bool {
    guard isUnhurried, gaps.isEmpty, crowdedOut == 0 else { return false }
    let overdue = UInt64(max(0, min(options.outageAfter / 2, 3600)) * 1e9)
    return flights.values.allSatisfy { now < $0.sentAt + overdue }
  }

  /// Whether nothing is left that is in memory alone.
  var isIdle: Bool { liveCount == 0 && flights.isEmpty && spillingBytes == 0 }

  /// Whether waiting brings nothing that the spool does not keep as well: whatever could be delivered was.
  var isSettled: Bool {
    guard options.spool != nil, spoolFault == nil else { return isIdle }
    return lanes.indicesInUse.allSatisfy { index in
      lanes[index].isBlocked || (lanes[index].live.isEmpty && lanes[index].liveFlightCount == 0)
    }
  }
}
