import Kafka
import Meters
import Spool

extension DeliveryState {
  /// The next record to send: what is worth most first, but frames of the moment before frames of the
  /// past.
  mutating func takeNext(now: UInt64) -> RecordWindow.Entry? {
    for spoolClass in [SpoolClass.results, .events, .faces] {
      if let next = backlog[spoolClass]?.first, fits(next), now >= classHeldUntil[spoolClass] ?? 0 {
        return backlog[spoolClass]?.popFirst()
      }
    }
    if let next = window.first {
      return fits(next) ? window.popFirst() : nil
    }
    return takeOldFrame(now: now)
  }

  private func fits(_ entry: RecordWindow.Entry) -> Bool {
    flights.isEmpty || inFlightBytes + entry.record.memoryBytes <= options.inFlightBytesMax
  }

  /// A frame of the backlog, by the token bucket. Few of them are in flight at once, for a live frame
  /// waits behind them.
  private mutating func takeOldFrame(now: UInt64) -> RecordWindow.Entry? {
    guard let next = backlog[.frames]?.first, let spool = options.spool else { return nil }
    let bytes = next.record.memoryBytes
    // In an outage it is the one record that sees whether brokers answer, if there is no other.
    if mode == .flowing {
      let inFlightMax = max(256 << 10, Int(spool.replayRate / 20))
      guard backlogInFlightBytes == 0 || backlogInFlightBytes + bytes <= inFlightMax, fits(next),
        bucket.take(bytes, now: now)
      else { return nil }
    }
    return backlog[.frames]?.popFirst()
  }

  /// How long records of a class wait after one of them was refused.
  private static let asideNanoseconds: UInt64 = 5_000_000_000

  /// A record of the spool that is no frame was refused, perhaps for its topic alone: its class waits, so
  /// that frames, which have another topic, are not held up by it.
  /// - Returns: false where the refusal concerns frames too.
  mutating func setAside(
    _ serial: UInt64, _ error: KafkaError, now: UInt64, wasSent: Bool
  ) -> Bool {
    guard let entry = flights[serial]?.entry, entry.isFromBacklog,
      entry.record.spoolClass != .frames, error.kind == .retriable || error.kind == .refused,
      !error.isPurge
    else { return false }
    classHeldUntil[entry.record.spoolClass] = now + Self.asideNanoseconds
    guard isFlowing(now: now) else { return false }
    returned(serial, wasSent: wasSent)
    return true
  }

  /// Records to be written to the spool now: in an outage all that wait, under pressure the oldest, and
  /// those that have waited too long.
  mutating func takeSpill(now: UInt64) -> [RecordWindow.Entry] {
    guard options.spool != nil, spoolFault == nil, !isClosed else { return [] }
    var taken: [RecordWindow.Entry] = []
    // Those that were in flight while younger ones were written would stand behind them in the spool:
    // they stay, and go first when brokers answer.
    var held: [RecordWindow.Entry] = []
    while let first = window.first, first.serial < lastSpilled, let entry = window.popFirst() {
      held.append(entry)
    }
    defer { held.reversed().forEach { window.restore($0) } }
    // What was taken back comes first, in its order; until it has come, nothing is written.
    let isSettled = flights.count <= 1
    while spillingBytes < options.spillingBytesMax, let first = window.first {
      let isOutage =
        mode != .flowing && isSettled && (!flights.isEmpty || !held.isEmpty || hasProbe)
      let isPressed = window.bytes > options.pressureBytes
      let age = now > first.record.capturedAt ? Double(now - first.record.capturedAt) / 1e9 : 0
      let isOld = mode == .flowing && age > 2 * options.outageAfter
      guard isOutage || isPressed || isOld, let entry = window.popFirst() else { break }
      spillingBytes += entry.record.memoryBytes
      lastSpilled = entry.serial
      taken.append(entry)
    }
    return taken
  }

  /// Whether a record can be sent to see if brokers answer, were the window empty.
  private var hasProbe: Bool { backlog.values.contains { !$0.isEmpty } || window.count > 1 }

  /// Takes a record that is written before it is sent.
  /// - Returns: nil where it must go the way of frames: there is no spool, or it fails.
  mutating func acceptAhead(_ record: Record) -> RecordWindow.Entry? {
    guard options.spool != nil, spoolFault == nil, !isClosed,
      memoryBytes + record.memoryBytes <= options.memoryMax
    else { return nil }
    record.meters.ledger.move(.inPipeline, to: .inMemory)
    let entry = RecordWindow.Entry(serial: nextSerial, attempt: 0, record: record)
    nextSerial += 1
    spillingBytes += record.memoryBytes
    return entry
  }

  /// The records last now.
  mutating func spilled(_ entries: [RecordWindow.Entry]) {
    for entry in entries {
      spillingBytes -= entry.record.memoryBytes
      entry.record.meters.ledger.move(.inMemory, to: .spooled)
    }
  }

  /// The disk did not take the records: they wait in memory again.
  mutating func unspilled(_ entries: [RecordWindow.Entry]) {
    for entry in entries.reversed() {
      spillingBytes -= entry.record.memoryBytes
      if isClosed {
        entry.record.meters.ledger.move(.inMemory, to: .dropped(.ioError))
      } else {
        window.restore(entry)
      }
    }
    trim()
  }

  /// How much of a class may be read from the spool, in bytes; 0 for nothing now.
  func prefetchRoom(_ spoolClass: SpoolClass) -> Int {
    guard !isClosed else { return 0 }
    let held = backlog[spoolClass]?.bytes ?? 0
    return max(0, min(options.prefetchBytesMax - held, options.memoryMax - memoryBytes))
  }

  /// Takes what was read from the spool.
  mutating func load(_ entry: RecordWindow.Entry) {
    var entry = entry
    entry.serial = nextSerial
    nextSerial += 1
    backlog[entry.record.spoolClass, default: RecordWindow()].append(entry)
  }

  /// Whether more should be read before the last of a class is sent.
  func isRunningDry(_ spoolClass: SpoolClass) -> Bool {
    (backlog[spoolClass]?.bytes ?? 0) < options.prefetchBytesMax / 2
  }

  /// Has something said once the lock is free.
  mutating func say(_ news: @escaping @Sendable () -> Void) { self.news.append(news) }

  mutating func takeNews() -> [@Sendable () -> Void] {
    guard !news.isEmpty else { return [] }
    defer { news = [] }
    return news
  }

  /// At the end: all that is in memory alone, to be written.
  mutating func takeAll() -> [RecordWindow.Entry] {
    var taken: [RecordWindow.Entry] = []
    while let entry = window.popFirst() {
      spillingBytes += entry.record.memoryBytes
      taken.append(entry)
    }
    return taken
  }
}
