/// How many entries and bytes of each source there are, and the range of their numbers.
struct SourceTable: Equatable {
  struct Row: Equatable {
    var count: UInt64 = 0
    var bytes: UInt64 = 0
    var first: UInt64 = .max
    var last: UInt64 = 0
  }

  var rows: [String: Row] = [:]

  var count: UInt64 { rows.values.reduce(0) { $0 + $1.count } }
  var bytes: UInt64 { rows.values.reduce(0) { $0 + $1.bytes } }

  mutating func add(_ entry: SpoolEntry) {
    var row = Row()
    row.count = 1
    row.bytes = UInt64(entry.meta.count + entry.body.count)
    row.first = entry.sequence
    row.last = entry.sequence
    add(row, of: entry.source)
  }

  mutating func add(_ other: SourceTable) {
    for (source, row) in other.rows { add(row, of: source) }
  }

  mutating func add(_ row: Row, of source: String) {
    var sum = rows[source] ?? Row()
    sum.count += row.count
    sum.bytes += row.bytes
    sum.first = min(sum.first, row.first)
    sum.last = max(sum.last, row.last)
    rows[source] = sum
  }

  /// Takes counts and bytes away; the range of numbers stays as wide as it was.
  mutating func subtract(_ other: SourceTable) {
    for (source, row) in other.rows {
      guard var rest = rows[source] else { continue }
      rest.count -= min(rest.count, row.count)
      rest.bytes -= min(rest.bytes, row.bytes)
      rows[source] = rest.count > 0 ? rest : nil
    }
  }

  mutating func subtract(_ entry: SpoolEntry) {
    var one = SourceTable()
    one.add(entry)
    subtract(one)
  }

  /// Keeps so many of the entries, whichever they are.
  mutating func cut(to count: UInt64) {
    var room = count
    for (source, row) in rows.sorted(by: { $0.key < $1.key }) {
      let kept = min(room, row.count)
      room -= kept
      rows[source]?.bytes = row.bytes / row.count * kept
      rows[source]?.count = kept
    }
    rows = rows.filter { $0.value.count > 0 }
  }

  func encode(into writer: inout ByteWriter) {
    writer.put(UInt32(rows.count))
    for (source, row) in rows.sorted(by: { $0.key < $1.key }) {
      writer.put(text: source)
      for number in [row.count, row.bytes, row.first, row.last] { writer.put(number) }
    }
  }

  init() {}

  init?(from reader: inout ByteReader) {
    guard let count = reader.get(UInt32.self) else { return nil }
    for _ in 0..<count {
      guard let source = reader.getText(), let count = reader.get(UInt64.self),
        let bytes = reader.get(UInt64.self), let first = reader.get(UInt64.self),
        let last = reader.get(UInt64.self)
      else { return nil }
      rows[source] = Row(count: count, bytes: bytes, first: first, last: last)
    }
  }

  /// As losses, one for each source.
  func losses(_ spoolClass: SpoolClass, _ reason: LossReason) -> [SpoolLoss] {
    rows.sorted { $0.key < $1.key }.map { source, row in
      SpoolLoss(
        spoolClass: spoolClass, source: source, firstSequence: row.first, lastSequence: row.last,
        count: Int(row.count), bytes: Int(row.bytes), reason: reason)
    }
  }
}
