/// What a class must remember beside its segments. It is small and written whole.
struct ClassState: Equatable {
  /// A segment that entries were taken from.
  struct Cursor: Equatable {
    /// Entries from its start that are done with.
    var done: UInt64
    /// What was neither done with nor lost.
    var remaining: SourceTable
    /// Entries behind those that are done with, though some before them are not.
    var beyond = OrdinalMap()

    /// What it takes of the state, in bytes.
    var size: Int {
      remaining.rows.keys.reduce(24 + beyond.bytes.count) { $0 + 36 + $1.utf8.count }
    }
  }

  /// A segment that is not sealed: what commits have covered of it.
  struct Open: Equatable {
    /// As it stands at the file's beginning, so that the blocks can be read should it be damaged there.
    var header: [UInt8]
    /// Entries, and where their blocks end.
    var count: UInt64
    var end: UInt64
    /// Entries from its start that are done with.
    var done: UInt64
    /// What was neither done with nor lost.
    var remaining: SourceTable
    var beyond = OrdinalMap()
  }

  /// Bytes of `OrdinalMap`s that are written, of all segments together: what does not fit is sent again by the next
  /// process.
  static let beyondBytesMax = 32 << 10

  /// Sealed segments that nothing was taken from yet, as ranges of their numbers, ascending.
  var untouched: [ClosedRange<UInt64>] = []
  /// What is in those.
  var untouchedTable = SourceTable()
  var untouchedBytes: UInt64 = 0
  var cursors: [UInt64: Cursor] = [:]
  var nextNumber: UInt64 = 1
  /// The segment being appended to; its number is reserved here before the file is made.
  var active: UInt64?
  /// Segments that failed while they were appended to, and have no name of their own yet.
  var left: [UInt64] = []
  /// The active segment and those left behind; absent for one that nothing was committed to.
  var open: [UInt64: Open] = [:]
  /// Segments of records that came late: they belong before records of their sources with larger numbers, which were
  /// written before them.
  var late: [UInt64] = []
  /// Segments that are done with, whose files may still be there.
  var deleting: [UInt64] = []
  /// Untouched segments up to this number were thinned.
  var thinnedUpTo: UInt64 = 0
  /// A segment whose thinned copy may just have taken its place, and what that took away.
  var thinning: UInt64?
  var thinnedTable = SourceTable()
  var thinnedBytes: UInt64 = 0
  /// Milliseconds that the store has been open, in all its life: an age by it cannot jump.
  var clock: UInt64 = 0
  /// Whether it was written by a version that does not tell of open segments.
  var isOld = false
  /// What was lost to damage, until the owner says that it has put that down for good.
  var lost = SourceTable()

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.put(nextNumber)
    writer.put(active ?? 0)
    writer.put(clock)
    writer.put(thinnedUpTo)
    writer.put(thinning ?? 0)
    writer.put(thinnedBytes)
    writer.put(untouchedBytes)
    writer.put(UInt32(untouched.count))
    for range in untouched {
      writer.put(range.lowerBound)
      writer.put(range.upperBound)
    }
    writer.put(UInt32(cursors.count))
    for (number, cursor) in cursors.sorted(by: { $0.key < $1.key }) {
      writer.put(number)
      writer.put(cursor.done)
      cursor.remaining.encode(into: &writer)
    }
    writer.put(UInt32(deleting.count))
    for number in deleting { writer.put(number) }
    writer.put(UInt32(left.count))
    for number in left { writer.put(number) }
    untouchedTable.encode(into: &writer)
    thinnedTable.encode(into: &writer)
    lost.encode(into: &writer)
    // What follows is passed over by versions that do not know of it.
    writer.put(UInt32(open.count))
    for (number, one) in open.sorted(by: { $0.key < $1.key }) {
      writer.put(number)
      writer.bytes += one.header.prefix(SegmentFormat.headerCount)
      writer.put(one.count)
      writer.put(one.end)
      writer.put(one.done)
      one.remaining.encode(into: &writer)
    }
    encodeMaps(into: &writer)
    writer.put(UInt32(late.count))
    for number in late { writer.put(number) }
    return writer.bytes
  }

  private func encodeMaps(into writer: inout ByteWriter) {
    var maps = cursors.mapValues(\.beyond)
    for (number, one) in open { maps[number] = one.beyond }
    var room = Self.beyondBytesMax
    let written = maps.sorted { $0.key < $1.key }.filter { _, map in
      guard !map.bytes.isEmpty, map.bytes.count <= room else { return false }
      room -= map.bytes.count
      return true
    }
    writer.put(UInt32(written.count))
    for (number, map) in written {
      writer.put(number)
      writer.put(UInt32(map.bytes.count))
      writer.bytes += map.bytes
    }
  }

  init() {}

  /// Nil where the bytes are no state.
  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    // No sound state has larger ones, and with smaller ones sums do not overflow.
    func number() -> UInt64? {
      reader.get(UInt64.self).flatMap { $0 < SourceTable.countMax ? $0 : nil }
    }
    func count() -> UInt32? { reader.get(UInt32.self) }
    guard let next = number(), let active = number(), let clock = number(), let thinned = number(),
      let thinning = number(), let thinnedBytes = number(), let bytes = number()
    else { return nil }
    nextNumber = next
    self.active = active == 0 ? nil : active
    self.clock = clock
    thinnedUpTo = thinned
    self.thinning = thinning == 0 ? nil : thinning
    self.thinnedBytes = thinnedBytes
    untouchedBytes = bytes
    guard let ranges = count() else { return nil }
    for _ in 0..<ranges {
      guard let first = number(), let last = number(), first <= last,
        first > untouched.last?.upperBound ?? 0, last < next
      else { return nil }
      untouched.append(first...last)
    }
    guard let cursorCount = count() else { return nil }
    for _ in 0..<cursorCount {
      guard let segment = number(), let done = number(),
        let remaining = SourceTable(from: &reader)
      else { return nil }
      cursors[segment] = Cursor(done: done, remaining: remaining)
    }
    guard let deletions = count() else { return nil }
    for _ in 0..<deletions {
      guard let segment = number() else { return nil }
      deleting.append(segment)
    }
    guard let leftCount = count() else { return nil }
    for _ in 0..<leftCount {
      guard let segment = number() else { return nil }
      left.append(segment)
    }
    guard let table = SourceTable(from: &reader), let thinnedTable = SourceTable(from: &reader),
      let lost = SourceTable(from: &reader)
    else { return nil }
    untouchedTable = table
    self.thinnedTable = thinnedTable
    self.lost = lost
    guard reader.remaining > 0 else {
      isOld = true
      return
    }
    guard let openCount = count() else { return nil }
    for _ in 0..<openCount {
      guard let segment = number(), let header = reader.get(count: SegmentFormat.headerCount),
        let count = number(), let end = number(), let done = number(),
        let remaining = SourceTable(from: &reader)
      else { return nil }
      open[segment] = Open(
        header: header, count: count, end: end, done: done, remaining: remaining)
    }
    guard reader.remaining > 0 else { return }
    guard let maps = count() else { return nil }
    for _ in 0..<maps {
      guard let segment = number(), let size = count(), size <= Self.beyondBytesMax,
        let bytes = reader.get(count: Int(size))
      else { return nil }
      cursors[segment]?.beyond = OrdinalMap(bytes: bytes)
      open[segment]?.beyond = OrdinalMap(bytes: bytes)
    }
    guard let lateCount = count() else { return nil }
    for _ in 0..<lateCount {
      guard let segment = number() else { return nil }
      late.append(segment)
    }
  }

  mutating func addUntouched(_ number: UInt64) {
    if let last = untouched.last, last.upperBound + 1 == number {
      untouched[untouched.count - 1] = last.lowerBound...number
    } else {
      untouched.append(number...number)
      untouched.sort { $0.lowerBound < $1.lowerBound }
    }
  }

  mutating func removeUntouched(_ number: UInt64) {
    guard let index = untouched.firstIndex(where: { $0.contains(number) }) else { return }
    let range = untouched.remove(at: index)
    if number < range.upperBound { untouched.insert(number + 1...range.upperBound, at: index) }
    if range.lowerBound < number { untouched.insert(range.lowerBound...number - 1, at: index) }
  }
}
