import Kafka
import Meters
import Spool

/// The bookkeeping of Delivery, under its one lock: what waits, what is in flight, and whether brokers
/// answer. It decides; `Delivery` calls librdkafka and the log.
struct DeliveryState {
  /// How long nothing is sent after an error of the broker's.
  private static let holdNanoseconds: UInt64 = 250_000_000

  enum Mode: Equatable {
    case flowing
    /// Everything was taken back; one record at a time is sent to see whether brokers answer.
    case outage(since: UInt64)
  }

  struct Flight {
    var entry: RecordWindow.Entry
    /// Nanoseconds of CLOCK_MONOTONIC.
    var sentAt: UInt64
  }

  let options: DeliveryOptions
  private(set) var mode = Mode.flowing
  /// Live records, which are in memory alone.
  var window = RecordWindow()
  /// What was read from the spool to be sent, by class.
  var backlog: [SpoolClass: RecordWindow] = [:]
  /// Records that the spool's thread has and that do not last yet.
  var spillingBytes = 0
  /// The youngest record that was handed to the spool.
  var lastSpilled: UInt64 = 0
  var backlogInFlightBytes = 0
  var bucket: TokenBucket
  /// Why the spool cannot be written; records then stay in memory.
  var spoolFault: String?
  /// Nothing of a class is sent before this time.
  var classHeldUntil: [SpoolClass: UInt64] = [:]
  /// What is to be said once the lock is free.
  var news: [@Sendable () -> Void] = []
  /// What was given up and not told yet.
  var gaps = GapBook()
  private(set) var flights: [UInt64: Flight] = [:]
  private(set) var inFlightBytes = 0
  /// Serials in the order of sending; those no longer in flight are skipped.
  private var sendingOrder: [UInt64] = []
  var nextSerial: UInt64 = 1
  /// Nothing is sent before this time, after an error that would come again at once.
  private var heldUntil: UInt64 = 0
  /// When a record first came back with an error and none was acknowledged since.
  private var failingSince: UInt64?
  /// When the last acknowledgement came.
  private var lastArrival: UInt64 = 0
  var isClosed = false
  var lastError: String?

  init(options: DeliveryOptions) {
    self.options = options
    bucket = TokenBucket(rate: options.spool?.replayRate ?? 1)
  }

  /// Bytes of records in memory, wherever they are on their way.
  var memoryBytes: Int {
    window.bytes + inFlightBytes + spillingBytes + backlogBytes
  }

  var backlogBytes: Int { backlog.values.reduce(0) { $0 + $1.bytes } }

  /// Books a record as waiting; what no longer fits is dropped, oldest first.
  mutating func accept(_ record: Record) {
    guard !isClosed else {
      record.meters.ledger.move(.inPipeline, to: .dropped(.shutdown))
      return
    }
    record.meters.ledger.move(.inPipeline, to: .inMemory)
    window.append(RecordWindow.Entry(serial: nextSerial, attempt: 0, record: record))
    nextSerial += 1
    trim()
  }

  mutating func trim() {
    while memoryBytes > options.memoryMax, let entry = window.popLowest() {
      drop(entry, spoolFault == nil ? .quota : .ioError)
    }
  }

  /// Frames in memory alone that are not on their way to the spool: what a crash would take.
  var exposed: GapBook {
    var book = GapBook()
    for entry in window.waiting where entry.record.spoolClass == .frames {
      book.add(entry.record, .crash)
    }
    for flight in flights.values
    where flight.entry.position == nil && flight.entry.record.spoolClass == .frames {
      book.add(flight.entry.record, .crash)
    }
    return book
  }

  /// What was given up and not told yet, once brokers answer: a long outage then makes one gap.
  mutating func takeGaps() -> [Gap] { mode == .flowing && !gaps.isEmpty ? gaps.take() : [] }

  /// Gives up a record that waits in memory.
  mutating func drop(_ entry: RecordWindow.Entry, _ reason: DropReason) {
    entry.record.meters.ledger.move(entry.waitingFate, to: .dropped(reason))
    if entry.record.spoolClass == .frames { gaps.add(entry.record, reason) }
  }

  /// The next record to hand to librdkafka, or nil while it has enough.
  mutating func departing(now: UInt64) -> RecordWindow.Entry? {
    guard now >= heldUntil, mode == .flowing || flights.isEmpty,
      var entry = takeNext(now: now)
    else { return nil }
    entry.attempt += 1
    entry.record.meters.ledger.move(entry.waitingFate, to: .inFlight)
    inFlightBytes += entry.record.memoryBytes
    if entry.isFromBacklog { backlogInFlightBytes += entry.record.memoryBytes }
    if flights.isEmpty { sendingOrder.removeAll(keepingCapacity: true) }
    flights[entry.serial] = Flight(entry: entry, sentAt: now)
    sendingOrder.append(entry.serial)
    return entry
  }

  /// Ends a flight; the caller books its fate by `arrived`, `returned` or `lost`.
  private mutating func land(_ serial: UInt64) -> Flight? {
    guard let flight = flights.removeValue(forKey: serial) else { return nil }
    inFlightBytes -= flight.entry.record.memoryBytes
    if flight.entry.isFromBacklog { backlogInFlightBytes -= flight.entry.record.memoryBytes }
    return flight
  }

  /// The record was acknowledged.
  /// - Returns: its capture time and meters, and since when the outage lasted that ends by it.
  mutating func arrived(
    _ serial: UInt64, now: UInt64
  ) -> (entry: RecordWindow.Entry, outageSince: UInt64?)? {
    guard let flight = land(serial) else { return nil }
    lastArrival = now
    failingSince = nil
    heldUntil = 0
    flight.entry.record.meters.ledger.move(.inFlight, to: .delivered)
    lastError = nil
    guard case .outage(let since) = mode else { return (flight.entry, nil) }
    mode = .flowing
    if let spool = options.spool, spool.replayJitter > 0 {
      bucket.close(until: now + UInt64(Double.random(in: 0...spool.replayJitter) * 1e9))
    }
    return (flight.entry, since)
  }

  /// Sends nothing for a moment, so that an error that comes at once is not called for in a loop.
  mutating func hold(now: UInt64) {
    heldUntil = now + Self.holdNanoseconds
    if failingSince == nil { failingSince = now }
  }

  /// The record was not taken and waits again, in its place.
  /// - Parameter wasSent: false where librdkafka did not even queue it, which is no attempt.
  mutating func returned(_ serial: UInt64, wasSent: Bool) {
    guard var flight = land(serial) else { return }
    if !wasSent { flight.entry.attempt -= 1 }
    if flight.entry.position != nil {
      flight.entry.record.meters.ledger.move(.inFlight, to: .spooled)
      backlog[flight.entry.record.spoolClass, default: RecordWindow()].restore(flight.entry)
      return
    }
    guard !isClosed else {
      flight.entry.record.meters.ledger.move(.inFlight, to: .dropped(.shutdown))
      return
    }
    flight.entry.record.meters.ledger.move(.inFlight, to: .inMemory)
    window.restore(flight.entry)
    trim()
  }

  /// The record will never be taken.
  mutating func lost(_ serial: UInt64, as fate: Fate) -> RecordWindow.Entry? {
    guard let flight = land(serial) else { return nil }
    flight.entry.record.meters.ledger.move(.inFlight, to: fate)
    return flight.entry
  }

  /// When the oldest record in flight was sent.
  mutating func oldestSentAt() -> UInt64? {
    let gone = sendingOrder.prefix { flights[$0] == nil }.count
    if gone > 0 { sendingOrder.removeFirst(gone) }
    return sendingOrder.first.flatMap { flights[$0]?.sentAt }
  }

  /// Sees whether an outage begins now: records were sent or came back, and none was acknowledged for
  /// too long. On a slow line the oldest may be old, but acknowledgements come.
  mutating func outageBegins(now: UInt64) -> Bool {
    guard mode == .flowing,
      let oldest = [oldestSentAt(), failingSince].compactMap({ $0 }).min()
    else { return false }
    let since = max(oldest, lastArrival)
    guard now > since, Double(now - since) / 1e9 > options.outageAfter else { return false }
    mode = .outage(since: since)
    return true
  }

  /// Whether brokers acknowledge at this time.
  func isFlowing(now: UInt64) -> Bool {
    mode == .flowing && lastArrival > 0
      && Double(now - min(now, lastArrival)) / 1e9 < options.outageAfter
  }

  mutating func beginOutage(now: UInt64) {
    if mode == .flowing { mode = .outage(since: now) }
  }

  /// Drops what waits too long, by the monotonic clock.
  mutating func dropAged(now: UInt64) {
    guard let ageMax = options.ageMax else { return }
    while let first = window.first, now > first.record.capturedAt,
      Double(now - first.record.capturedAt) / 1e9 > ageMax
    {
      _ = window.popFirst()
      drop(first, .age)
    }
  }

  /// Takes nothing more; what still waits is dropped as `shutdown`.
  mutating func close() {
    isClosed = true
    while let entry = window.popFirst() {
      entry.record.meters.ledger.move(.inMemory, to: .dropped(.shutdown))
    }
  }

  /// Books what librdkafka never reported on as lost at shutdown.
  mutating func abandonFlights() {
    for (serial, flight) in flights {
      _ = lost(serial, as: flight.entry.position == nil ? .dropped(.shutdown) : .spooled)
    }
  }

  /// Whether reports may wait a little: nothing hangs on them.
  var isUnhurried: Bool {
    mode == .flowing && window.isEmpty && backlogBytes == 0 && backlogInFlightBytes == 0
      && failingSince == nil && !isClosed && inFlightBytes <= options.inFlightBytesMax / 2
  }

  /// Whether nothing is left that is in memory alone.
  var isIdle: Bool { window.isEmpty && flights.isEmpty && spillingBytes == 0 }

  var picture: DeliveryPicture {
    var picture = DeliveryPicture()
    picture.waiting = window.count
    picture.inFlight = flights.count
    picture.bytes = memoryBytes
    if case .outage(let since) = mode { picture.outageSince = since }
    picture.lastError = lastError
    picture.spoolFault = spoolFault
    return picture
  }
}
