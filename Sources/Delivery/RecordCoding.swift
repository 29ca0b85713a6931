package import Kafka
import Meters
package import Spool
import Threads

/// Whose records they are, as the spool has it: numbers begin anew with each run.
struct RecordSource: Hashable {
  var name: String
  var run: String

  init(name: String, run: String) {
    self.name = name
    self.run = run
  }

  /// No name of a camera has an `@`.
  init(_ text: String) {
    let parts = text.split(separator: "@", maxSplits: 1)
    name = parts.first.map(String.init) ?? ""
    run = parts.count > 1 ? String(parts[1]) : ""
  }

  var text: String { run.isEmpty ? name : "\(name)@\(run)" }
}

/// Records as the spool keeps them. `meta` is, little-endian: version (8 bits), attempts so far (32),
/// Kafka's timestamp (64), then topic, key and headers, each behind its length (32).
extension RecordWindow.Entry {
  fileprivate static let version: UInt8 = 1

  var stored: SpoolEntry {
    var meta: [UInt8] = [Self.version]
    meta.reserveCapacity(64 + record.headers.bytes.count)
    Self.put(UInt32(clamping: attempt), &meta)
    Self.put(record.timestamp, &meta)
    for part in [Array(record.topic.utf8), record.key, record.headers.bytes] {
      Self.put(UInt32(part.count), &meta)
      meta += part
    }
    return SpoolEntry(
      source: RecordSource(name: record.meters.name, run: record.run).text,
      sequence: record.sequence, time: record.timestamp &* 1000,
      meta: meta, body: unsafe record.payload.withUnsafeBytes { unsafe Array($0) })
  }

  private static func put<Number: FixedWidthInteger>(_ number: Number, _ bytes: inout [UInt8]) {
    for byte in 0..<MemoryLayout<Number>.size {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(8 * byte)))
    }
  }

  /// Nil where `stored` was written by another version. Its serial is given when it is loaded.
  init?(_ stored: StoredEntry, _ spoolClass: SpoolClass, meters: StreamMeters) {
    guard let read = StoredRecord(stored.entry) else { return nil }
    var record = Record(
      topic: read.topic, key: read.key, headers: read.headers, timestamp: read.timestamp,
      payload: BytesPayload(stored.entry.body), payloadBytes: stored.entry.body.count,
      capturedAt: Clock.monotonic, meters: meters)
    record.spoolClass = spoolClass
    record.sequence = stored.entry.sequence
    record.run = RecordSource(stored.entry.source).run
    self.init(serial: 0, attempt: read.attempts, record: record, position: stored.position)
  }
}

/// What a record in the spool says of itself, for whoever looks at it.
package struct StoredRecord: Sendable {
  package var topic: String
  package var key: [UInt8]
  package var headers: Headers
  /// Milliseconds since 1970-01-01 UTC.
  package var timestamp: Int64
  /// How often it was sent without success.
  package var attempts: Int
  package var camera: String

  /// Nil where it was written by another version.
  package init?(_ entry: SpoolEntry) {
    var meta = MetaReader(entry.meta)
    guard meta.number(1) == UInt64(RecordWindow.Entry.version), let attempts = meta.number(4),
      let timestamp = meta.number(8), let topic = meta.part(), let key = meta.part(),
      let bytes = meta.part(), let headers = Headers(bytes: bytes)
    else { return nil }
    self.topic = String(decoding: topic, as: UTF8.self)
    self.key = key
    self.headers = headers
    self.timestamp = Int64(bitPattern: timestamp)
    self.attempts = Int(attempts)
    camera = RecordSource(entry.source).name
  }

  /// The lane that the record takes; nil where it was written by another version.
  static func lane(of entry: SpoolEntry) -> LaneID? {
    var meta = MetaReader(entry.meta)
    guard meta.number(1) == UInt64(RecordWindow.Entry.version), meta.number(4) != nil,
      meta.number(8) != nil,
      let topic = meta.part(), let key = meta.part()
    else { return nil }
    return LaneID(topic: String(decoding: topic, as: UTF8.self), key: key)
  }
}

/// Takes `meta` apart.
private struct MetaReader {
  private var rest: ArraySlice<UInt8>

  init(_ meta: [UInt8]) { rest = meta[...] }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  /// A number of so many bytes, eight at most.
  mutating func number(_ size: Int) -> UInt64? {
    take(size)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func part() -> [UInt8]? { number(4).flatMap { take(Int($0)) }.map(Array.init) }
}
