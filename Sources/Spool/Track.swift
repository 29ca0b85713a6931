/// A segment that entries are being taken from or appended to: what was read, handed out, and done with.
final class Track {
  /// What is known of an entry that was read.
  private struct Handed {
    var source: String
    var bytes: Int
    var sequence: UInt64
    var appended: UInt64

    init(_ entry: SpoolEntry, appended: UInt64) {
      source = entry.source
      bytes = entry.meta.count + entry.body.count
      sequence = entry.sequence
      self.appended = appended
    }

    var table: SourceTable {
      var row = SourceTable.Row()
      row.count = 1
      row.bytes = UInt64(bytes)
      row.first = sequence
      row.last = sequence
      var table = SourceTable()
      table.add(row, of: source)
      return table
    }
  }

  let segment: Segment
  /// Entries from the start that are done with.
  private(set) var doneCount: UInt64 = 0
  private var doneBeyond: Set<UInt64> = []
  /// Those of them that were done with before the process began.
  private var doneBefore: Set<UInt64> = []
  /// Runs of entries that cannot be read, ascending: they count as done with.
  private var skipped: [Range<UInt64>] = []
  private var handed: [UInt64: Handed] = [:]
  /// What is neither done with nor lost.
  private(set) var remaining: SourceTable
  /// The next block to read, and the next entry to hand out.
  private var readOffset = UInt64(SegmentFormat.headerCount)
  private var nextOrdinal: UInt64 = 0
  private var buffer: ArraySlice<SpoolEntry> = []
  private var bufferAppended: UInt64 = 0
  /// What was read, so that damage can be told by source: it is the rest.
  private var seen = SourceTable()
  /// Entries before this one were looked at for `seen`.
  private var seenCount: UInt64 = 0
  private var bounds = LossBounds()
  /// The last number that was handed out, of each source.
  private var lastHanded: [String: UInt64] = [:]
  private(set) var isDamaged = false
  /// What was done with before the process began and cannot be read any more: that is no loss.
  private var gone = SourceTable()
  private var goneCount: UInt64 = 0
  private var resumedAt: UInt64 = 0
  /// The cursor that the state on disk has, and how many entries beyond it that are done with.
  private var storedCursor: UInt64 = 0
  private var storedBeyond = 0
  /// Entries that were passed over, to be handed out after `beginAnew`.
  private var passedOver: [UInt64: Handed] = [:]
  /// Whether entries of it were looked for before its turn came.
  var isReadAhead = false
  /// The lowest number of each source that was passed over; nil where that has to be looked up.
  private var passedOverFirsts: [String: UInt64]?
  /// What lies before this entry was read once.
  private var readOnce: UInt64 = 0

  init(_ segment: Segment) {
    self.segment = segment
    remaining = segment.table
  }

  var handedCount: Int { handed.count }
  var passedOverCount: Int { passedOver.count }
  var hasPassedOver: Bool { !passedOver.isEmpty }
  /// Whether the cursors have moved since they were written down.
  var hasMoved: Bool { doneCount != storedCursor || doneBeyond.count != storedBeyond }
  /// Whether all of it waits, as when it was written.
  var isUntouched: Bool {
    doneCount == 0 && handed.isEmpty && passedOver.isEmpty && doneBeyond.isEmpty && skipped.isEmpty
  }
  /// Entries that may be handed out: those that last.
  var readableCount: UInt64 { segment.isSealed ? segment.entryCount : segment.committedCount }
  var hasUnread: Bool { nextOrdinal < readableCount }
  var isDone: Bool { doneCount >= readableCount && readableCount == segment.entryCount }

  /// An entry was appended to the segment.
  func noteAppended(_ entries: [SpoolEntry]) {
    for entry in entries { remaining.add(entry) }
  }

  /// Appended entries were taken back, for they could not be made to last.
  func noteRolledBack(_ entries: [SpoolEntry]) {
    for entry in entries { remaining.subtract(entry) }
  }

  /// Hands out the entry that `peek` has just shown.
  func take(_ entry: SpoolEntry, clock: UInt64) -> StoredEntry {
    buffer.removeFirst()
    return StoredEntry(
      position: SpoolPosition(segment: segment.number, ordinal: hand(entry)), entry: entry,
      age: Double(clock - min(clock, bufferAppended)) / 1000)
  }

  /// Notes that the next entry was handed out, and as which.
  private func hand(_ entry: SpoolEntry) -> UInt64 {
    defer { nextOrdinal += 1 }
    passedOver[nextOrdinal] = nil
    handed[nextOrdinal] = Handed(entry, appended: bufferAppended)
    lastHanded[entry.source] = entry.sequence
    return nextOrdinal
  }

  /// The next entry to hand out.
  /// - Parameter wants: false for an entry that is not wanted now and is handed out later.
  /// - Returns: nil where there is none left. Damaged blocks are passed over; see `takeLosses`.
  func peek(
    _ codec: BlockCodec, where wants: (SpoolEntry) -> Bool = { _ in true }
  ) throws(SpoolError) -> SpoolEntry? {
    while true {
      while buffer.isEmpty {
        guard hasUnread else { return nil }
        try readBlock(codec)
      }
      guard let entry = buffer.first else { return nil }
      let isNew =
        (nextOrdinal >= readOnce || passedOver[nextOrdinal] != nil)
        && !doneBefore.contains(nextOrdinal)
      if isNew, wants(entry) { return entry }
      if isNew {
        passedOver[nextOrdinal] = Handed(entry, appended: bufferAppended)
        passedOverFirsts = nil
      }
      buffer.removeFirst()
      nextOrdinal += 1
    }
  }

  /// The same for entries of one source with numbers below `sequence`, whatever else stands before them.
  func peekAhead(
    _ codec: BlockCodec, of source: String, below sequence: UInt64,
    where wants: (SpoolEntry) -> Bool
  ) throws(SpoolError) -> SpoolEntry? {
    guard let row = segment.table.rows[source], row.first < sequence else { return nil }
    if !hasUnread {
      if passedOverFirsts == nil { passedOverFirsts = firsts { _ in true } }
      guard let first = passedOverFirsts?[source], first < sequence else { return nil }
      beginAnew()
    }
    isReadAhead = true
    let found = try peek(codec) {
      $0.source == source && $0.sequence < sequence && wants($0)
    }
    // Those that are not wanted need not be looked for once more.
    if found == nil {
      passedOverFirsts = firsts { $0.source != source || $0.sequence >= sequence }
    }
    return found
  }

  /// The lowest numbers of entries that were passed over.
  private func firsts(where isCounted: (Handed) -> Bool) -> [String: UInt64] {
    passedOver.values.reduce(into: [:]) { firsts, entry in
      guard isCounted(entry) else { return }
      firsts[entry.source] = min(firsts[entry.source] ?? .max, entry.sequence)
    }
  }

  /// Reads once more from the start, to hand out what was passed over.
  func beginAnew() {
    guard !passedOver.isEmpty else { return }
    passedOverFirsts = nil
    readOnce = max(readOnce, nextOrdinal)
    nextOrdinal = 0
    readOffset = UInt64(SegmentFormat.headerCount)
    buffer = []
  }

  private func readBlock(_ codec: BlockCodec) throws(SpoolError) {
    if let block = try segment.blockHeader(at: readOffset), block.firstOrdinal >= nextOrdinal,
      let entries = try segment.entries(of: block, at: readOffset, codec)
    {
      if block.firstOrdinal > nextOrdinal {
        bounds.noteDamage()
        skip(to: block.firstOrdinal)
      }
      readOffset = block.end(from: readOffset)
      bufferAppended = block.appended
      buffer = entries[...]
      for (index, entry) in entries.enumerated()
      where block.firstOrdinal + UInt64(index) >= seenCount {
        if !doneBefore.contains(block.firstOrdinal + UInt64(index)) { seen.add(entry) }
        bounds.noteEntry(entry)
      }
      seenCount = max(seenCount, block.firstOrdinal + UInt64(entries.count))
      return
    }
    isDamaged = true
    bounds.noteDamage()
    guard
      let next = try segment.nextSoundBlock(from: readOffset + SegmentFormat.alignment)
    else {
      skip(to: readableCount)
      return
    }
    readOffset = next
  }

  /// Entries that cannot be read are done with; which they were is told by `takeLosses`.
  private func skip(to ordinal: UInt64) {
    isDamaged = true
    let last = max(nextOrdinal, min(ordinal, readableCount))
    // What was passed over and could be read then is lost now.
    for (ordinal, entry) in passedOver where ordinal >= nextOrdinal && ordinal < last {
      passedOver[ordinal] = nil
      passedOverFirsts = nil
      seen.subtract(entry.table)
      doneBeyond.insert(ordinal)
    }
    let first = max(nextOrdinal, readOnce)
    if first < last {
      goneCount += min(last, resumedAt) - min(first, resumedAt)
      skipped.append(first..<last)
    }
    nextOrdinal = max(nextOrdinal, last)
    advance()
  }

  /// Passes over what was done with before the process began.
  func resume(at cursor: ClassState.Cursor, _ codec: BlockCodec) throws(SpoolError) {
    resumedAt = min(cursor.done, readableCount)
    doneBefore = cursor.beyond.ordinals(from: cursor.done, below: readableCount)
    while nextOrdinal < resumedAt {
      guard let entry = buffer.popFirst() else {
        guard hasUnread else { break }
        // Behind damage the next entry may be one that is not done with: it stays in the buffer.
        try readBlock(codec)
        continue
      }
      _ = done(hand(entry))
    }
    doneBeyond.formUnion(doneBefore)
    advance()
    // Of which sources those were that are not read, or cannot be, is seen from what was left of each.
    gone = remaining
    gone.subtract(cursor.remaining)
    gone.cut(to: goneCount + UInt64(doneBefore.count))
    remaining.subtract(gone)
    noteStored()
  }

  /// What the state on disk is to say of it.
  /// - Parameter remaining: what is left of it, of what lasts.
  func cursor(_ remaining: SourceTable) -> ClassState.Cursor {
    .init(done: doneCount, remaining: remaining, beyond: OrdinalMap(doneBeyond, from: doneCount))
  }

  /// The cursors as they are now were written down.
  func noteStored() {
    storedCursor = doneCount
    storedBeyond = doneBeyond.count
  }

  /// The entry was delivered, or given up and told of.
  /// - Returns: what it was; nil where it was done with already or never handed out.
  func done(_ ordinal: UInt64) -> SourceTable? {
    guard let entry = handed.removeValue(forKey: ordinal) else { return nil }
    let table = entry.table
    remaining.subtract(table, isWhole: true)
    doneBeyond.insert(ordinal)
    advance()
    return table
  }

  /// What is neither done with nor lost, but for `uncommitted`, with the range of numbers as narrow as is known.
  func outstanding(without uncommitted: ArraySlice<SpoolEntry> = []) -> SourceTable {
    var table = remaining
    for entry in uncommitted.reversed() { table.subtract(entry) }
    var firsts: [String: UInt64] = [:]
    for entry in [handed, passedOver].joined().map(\.value) {
      firsts[entry.source] = min(firsts[entry.source] ?? .max, entry.sequence)
    }
    for (source, row) in table.rows {
      guard let last = lastHanded[source] else { continue }
      let first = firsts[source] ?? last.adding(1)
      if first > row.first, first <= row.last { table.rows[source]?.first = first }
    }
    return table
  }

  /// When the oldest entry was appended that is not done with, by the store's clock; perhaps a little earlier.
  var oldestAppended: UInt64 {
    [handed, passedOver].joined().map(\.value.appended).min()
      ?? (nextOrdinal == 0 ? segment.header.created : bufferAppended)
  }

  private func advance() {
    while true {
      if let run = skipped.first, run.lowerBound <= doneCount {
        doneCount = max(doneCount, run.upperBound)
        skipped.removeFirst()
      } else if doneBeyond.remove(doneCount) != nil {
        doneCount += 1
      } else {
        return
      }
    }
  }

  /// What was lost to damage, once all was read: the entries that the footer counts and nobody saw.
  func takeLosses() -> SourceTable {
    guard isDamaged, !hasUnread, segment.isSealed else { return SourceTable() }
    var lost = segment.table
    lost.subtract(seen)
    lost.subtract(gone)
    lost = bounds.narrow(lost)
    remaining.subtract(lost)
    // Read once more, the same damage is no further loss.
    seen.add(lost)
    isDamaged = false
    return lost
  }
}
