import Kafka
import Meters

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
  private(set) var window = RecordWindow()
  private(set) var flights: [UInt64: Flight] = [:]
  private(set) var inFlightBytes = 0
  /// Serials in the order of sending; those no longer in flight are skipped.
  private var sendingOrder: [UInt64] = []
  private var nextSerial: UInt64 = 1
  /// Nothing is sent before this time, after an error that would come again at once.
  private var heldUntil: UInt64 = 0
  /// When a record first came back with an error and none was acknowledged since.
  private var failingSince: UInt64?
  /// When the last acknowledgement came.
  private var lastArrival: UInt64 = 0
  private(set) var isClosed = false
  var lastError: String?

  init(options: DeliveryOptions) { self.options = options }

  /// Books a record as waiting; what no longer fits is dropped, oldest first.
  mutating func accept(_ record: Record) {
    guard !isClosed else {
      record.meters.ledger.enter(.dropped(.shutdown))
      return
    }
    record.meters.ledger.enter(.inMemory)
    window.append(RecordWindow.Entry(serial: nextSerial, attempt: 0, record: record))
    nextSerial += 1
    trim()
  }

  private mutating func trim() {
    while window.bytes + inFlightBytes > options.memoryMax, let entry = window.popFirst() {
      entry.record.meters.ledger.move(.inMemory, to: .dropped(.quota))
    }
  }

  /// The next record to hand to librdkafka, or nil while it has enough.
  mutating func departing(now: UInt64) -> RecordWindow.Entry? {
    guard now >= heldUntil, let next = window.first else { return nil }
    switch mode {
    case .flowing:
      guard flights.isEmpty || inFlightBytes + next.record.memoryBytes <= options.inFlightBytesMax
      else { return nil }
    case .outage:
      guard flights.isEmpty else { return nil }
    }
    guard var entry = window.popFirst() else { return nil }
    entry.attempt += 1
    entry.record.meters.ledger.move(.inMemory, to: .inFlight)
    inFlightBytes += entry.record.memoryBytes
    if flights.isEmpty { sendingOrder.removeAll(keepingCapacity: true) }
    flights[entry.serial] = Flight(entry: entry, sentAt: now)
    sendingOrder.append(entry.serial)
    return entry
  }

  /// Ends a flight; the caller books its fate by `arrived`, `returned` or `lost`.
  private mutating func land(_ serial: UInt64) -> Flight? {
    guard let flight = flights.removeValue(forKey: serial) else { return nil }
    inFlightBytes -= flight.entry.record.memoryBytes
    return flight
  }

  /// The record was acknowledged.
  /// - Returns: its capture time and meters, and since when the outage lasted that ends by it.
  mutating func arrived(
    _ serial: UInt64, now: UInt64
  ) -> (record: Record, outageSince: UInt64?)? {
    guard let flight = land(serial) else { return nil }
    lastArrival = now
    failingSince = nil
    heldUntil = 0
    flight.entry.record.meters.ledger.move(.inFlight, to: .delivered)
    lastError = nil
    guard case .outage(let since) = mode else { return (flight.entry.record, nil) }
    mode = .flowing
    return (flight.entry.record, since)
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
    guard !isClosed else {
      flight.entry.record.meters.ledger.move(.inFlight, to: .dropped(.shutdown))
      return
    }
    flight.entry.record.meters.ledger.move(.inFlight, to: .inMemory)
    window.restore(flight.entry)
    trim()
  }

  /// The record will never be taken.
  mutating func lost(_ serial: UInt64, as fate: Fate) -> Record? {
    guard let flight = land(serial) else { return nil }
    flight.entry.record.meters.ledger.move(.inFlight, to: fate)
    return flight.entry.record
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
      first.record.meters.ledger.move(.inMemory, to: .dropped(.age))
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
    for serial in flights.keys { _ = lost(serial, as: .dropped(.shutdown)) }
  }

  /// Whether reports may wait a little: nothing hangs on them.
  var isUnhurried: Bool {
    mode == .flowing && window.isEmpty && failingSince == nil && !isClosed
      && inFlightBytes <= options.inFlightBytesMax / 2
  }

  var isIdle: Bool { window.isEmpty && flights.isEmpty }

  var picture: DeliveryPicture {
    var picture = DeliveryPicture()
    picture.waiting = window.count
    picture.inFlight = flights.count
    picture.bytes = window.bytes + inFlightBytes
    if case .outage(let since) = mode { picture.outageSince = since }
    picture.lastError = lastError
    return picture
  }
}
