/// How many entries and bytes of each source there are, and the range of their numbers. Sums stay at their bounds
/// instead of overflowing, for they may come from a file.
struct SourceTable: Equatable {
  struct Row: Equatable {
    var count: UInt64 = 0
    var bytes: UInt64 = 0
    var first: UInt64 = .max
    var last: UInt64 = 0

    var hasNumbers: Bool { first <= last }
  }

  /// No sound file counts more: sums of such numbers fit.
  static let countMax: UInt64 = 1 << 56
  /// The same for records, which are summed up over sources, segments and classes.
  static let recordsMax: UInt64 = 1 << 40

  var rows: [String: Row] = [:]

  var count: UInt64 { rows.values.reduce(0) { $0.adding($1.count) } }
  var bytes: UInt64 { rows.values.reduce(0) { $0.adding($1.bytes) } }
  var isEmpty: Bool { rows.isEmpty }

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
    sum.count = sum.count.adding(row.count)
    sum.bytes = sum.bytes.adding(row.bytes)
    sum.first = min(sum.first, row.first)
    sum.last = max(sum.last, row.last)
    rows[source] = sum
  }

  /// Takes counts and bytes away.
  /// - Parameter isWhole: whether `other` has all that there was between its numbers, so that the range of numbers
  ///   shrinks where that was at one end of it; else it stays as wide as it was.
  mutating func subtract(_ other: SourceTable, isWhole: Bool = false) {
    for (source, row) in other.rows {
      guard var rest = rows[source] else { continue }
      rest.count -= min(rest.count, row.count)
      rest.bytes -= min(rest.bytes, row.bytes)
      if isWhole, row.hasNumbers, rest.hasNumbers {
        if row.first <= rest.first, rest.first <= row.last, row.last < rest.last {
          rest.first = row.last + 1
        } else if row.last >= rest.last, row.first <= rest.last, row.first > rest.first {
          rest.last = row.first - 1
        }
      }
      rows[source] = rest.count > 0 ? rest : nil
    }
  }

  mutating func subtract(_ entry: SpoolEntry) {
    var one = SourceTable()
    one.add(entry)
    subtract(one, isWhole: true)
  }

  /// Keeps so many of the entries, whichever they are.
  mutating func cut(to count: UInt64) {
    var room = count
    for (source, row) in rows.sorted(by: { $0.key < $1.key }) where row.count > 0 {
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
        let last = reader.get(UInt64.self), count <= Self.recordsMax, bytes <= Self.countMax
      else { return nil }
      guard count > 0 else { continue }
      rows[source] = Row(count: count, bytes: bytes, first: first, last: last)
    }
  }

  /// As losses, one for each source.
  func losses(_ spoolClass: SpoolClass, _ reason: LossReason) -> [SpoolLoss] {
    rows.sorted { $0.key < $1.key }.map { source, row in
      SpoolLoss(
        spoolClass: spoolClass, source: source, firstSequence: row.hasNumbers ? row.first : 0,
        lastSequence: row.hasNumbers ? row.last : 0, count: Int(clamping: row.count),
        bytes: Int(clamping: row.bytes), reason: reason)
    }
  }
}

/// Between which numbers lies what damage took, as far as the entries around it tell: it is shown the entries and
/// the damages of a segment in order.
struct LossBounds {
  private var last: [String: UInt64] = [:]
  /// The last number before the first damage, and the first after the last one, of each source.
  private var below: [String: UInt64] = [:]
  private var above: [String: UInt64] = [:]
  private var isDamaged = false

  mutating func noteEntry(_ entry: SpoolEntry) {
    last[entry.source] = entry.sequence
    if isDamaged, above[entry.source] == nil { above[entry.source] = entry.sequence }
  }

  mutating func noteDamage() {
    if !isDamaged { below = last }
    isDamaged = true
    above = [:]
  }

  /// Narrows the ranges of what was lost.
  func narrow(_ lost: SourceTable) -> SourceTable {
    var narrowed = lost
    for (source, row) in lost.rows {
      var row = row
      if let before = below[source], before >= row.first, before < row.last {
        row.first = before + 1
      }
      if let after = above[source], after > row.first, after <= row.last { row.last = after - 1 }
      narrowed.rows[source] = row
    }
    return narrowed
  }
}

extension UInt64 {
  /// The sum, or the largest number where it is larger.
  func adding(_ other: UInt64) -> UInt64 {
    let (sum, isTooLarge) = addingReportingOverflow(other)
    return isTooLarge ? .max : sum
  }
}
