import Kafka
import Meters
import Spool

/// The records that wait in memory, oldest first, each with the number of its submission. Records that
/// come back from the broker's queue return to their place, so that order is kept.
struct RecordWindow {
  struct Entry {
    /// Entries are copied several times for each record; of a reference that is one count, not six.
    private final class Shared: Sendable {
      let record: Record

      init(_ record: Record) { self.record = record }
    }

    var serial: UInt64
    var attempt: Int
    private let shared: Shared
    /// Where the record lies in the spool; nil for one that is in memory alone.
    var position: SpoolPosition?
    /// Whether it came from the spool late, which is told with it.
    var isReplay = false
    /// Whether younger records of its lane were handed to the spool before it.
    var isLate = false

    init(serial: UInt64, attempt: Int, record: Record, position: SpoolPosition? = nil) {
      self.serial = serial
      self.attempt = attempt
      shared = Shared(record)
      self.position = position
    }

    var record: Record { shared.record }

    var isFromBacklog: Bool { position != nil }

    /// The fate of the record while it waits.
    var waitingFate: Fate { position == nil ? .inMemory : .spooled }
  }

  private var entries: [Entry] = []
  /// Entries before this index are gone; they are cleared out in batches.
  private var head = 0
  private(set) var bytes = 0
  /// How many of them are copies, telemetry and durable: most lanes have none of these, which is told without looking.
  private var copyCount = 0
  private var telemetryCount = 0
  private var durableCount = 0
  private(set) var telemetryBytes = 0
  private(set) var durableBytes = 0

  var count: Int { entries.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Entry? { isEmpty ? nil : entries[head] }

  mutating func append(_ entry: Entry) {
    note(entry, 1)
    entries.append(entry)
  }

  mutating func popFirst() -> Entry? {
    guard let first else { return nil }
    head += 1
    note(first, -1)
    // The array would keep the payload of a popped entry alive.
    if head > 32 || head == entries.count {
      entries.removeFirst(head)
      head = 0
    } else {
      entries[head - 1] = Self.nothing
    }
    return first
  }

  /// Where the oldest of the lowest class of that priority is.
  private func lowestIndex(_ priority: RecordPriority) -> Int? {
    switch priority {
    case .live:
      if copyCount > 0 { return firstIndex(.copies) }
      return count > telemetryCount + durableCount ? firstIndex(.frames) : nil
    case .telemetry: return telemetryCount > 0 ? firstIndex(.metrics) : nil
    case .durable:
      guard durableCount > 0 else { return nil }
      return SpoolClass.writtenAhead.reversed().lazy.compactMap { firstIndex($0) }.first
    }
  }

  private func firstIndex(_ spoolClass: SpoolClass) -> Int? {
    entries[head...].firstIndex { $0.record.spoolClass == spoolClass }
  }

  /// The record of that priority that is worth least: the oldest of the lowest class.
  func lowest(_ priority: RecordPriority) -> Entry? { lowestIndex(priority).map { entries[$0] } }

  /// Takes out the record of that priority that is worth least.
  mutating func popLowest(_ priority: RecordPriority) -> Entry? {
    guard let index = lowestIndex(priority) else { return nil }
    guard index > head else { return popFirst() }
    let entry = entries.remove(at: index)
    note(entry, -1)
    return entry
  }

  /// One more, or one less.
  private mutating func note(_ entry: Entry, _ change: Int) {
    let record = entry.record
    bytes += change * record.memoryBytes
    switch record.spoolClass {
    case .frames: break
    case .copies: copyCount += change
    case .metrics:
      telemetryCount += change
      telemetryBytes += change * record.memoryBytes
    case .faces, .events, .results:
      durableCount += change
      durableBytes += change * record.memoryBytes
    }
  }

  /// All that wait, in order.
  var waiting: ArraySlice<Entry> { entries[head...] }

  /// Puts back what was popped before.
  mutating func restore(_ entry: Entry) {
    var index = head
    while index < entries.count, entries[index].serial < entry.serial { index += 1 }
    note(entry, 1)
    if index == head, head > 0 {
      head -= 1
      entries[head] = entry
    } else {
      entries.insert(entry, at: index)
    }
  }

  private static let nothing = Entry(
    serial: 0, attempt: 0,
    record: Record(
      topic: "", key: [], headers: Headers(), timestamp: 0, payload: BytesPayload([]),
      payloadBytes: 0, capturedAt: 0, meters: StreamMeters(name: "")))
}
