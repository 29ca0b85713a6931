/// What a walk over all blocks of a segment found.
struct SegmentScan {
  /// A run of bytes between sound blocks, or behind the last one of a sealed segment.
  struct Damage: Equatable {
    var offset: UInt64
    var count: UInt64
    /// Entries that were there, by the numbers of the blocks around; nil where that cannot be told.
    var entryCount: UInt64?
  }

  var entryCount: UInt64 = 0
  var table = SourceTable()
  /// What is known by nothing but the blocks themselves: entries beyond those that the state counted.
  var beyond = SourceTable()
  var damages: [Damage] = []
  /// Where the last sound block ends.
  var soundEnd: UInt64
  var lastAppended: UInt64 = 0
  /// The number that the next entry would have.
  var nextOrdinal: UInt64 = 0
  var bounds = LossBounds()
}

extension Segment {
  /// Opens a segment that was being appended to when its process ended. The tail that no commit covers
  /// is cut off; damage before it stays, to be skipped and counted when it is read.
  /// - Parameter known: the header and how many entries there must be, as far as the state tells.
  /// - Returns: nil where the header is not sound, and not known otherwise.
  static func recover(
    _ path: String, _ faults: DiskFaults, _ codec: BlockCodec, known: ClassState.Open? = nil
  ) throws(SpoolError) -> (Segment, SegmentScan)? {
    let file = try StoreFile.openForWriting(path, faults)
    var found = SegmentHeader(try file.read(count: SegmentFormat.headerCount, at: 0))
    // One of another segment's is none.
    if let known = known.flatMap({ SegmentHeader($0.header) }), found != known {
      found = known
      try file.write(known.bytes, at: 0)
    }
    guard let header = found else { return nil }
    let segment = Segment(recovering: header, file)
    let scan = try segment.scan(codec, known: known?.count ?? .max)
    try file.truncate(to: scan.soundEnd)
    segment.adopt(scan)
    return (segment, scan)
  }

  /// Reads all blocks.
  /// - Parameter known: entries that are known of otherwise.
  func scan(_ codec: BlockCodec, known: UInt64 = .max) throws(SpoolError) -> SegmentScan {
    var scan = SegmentScan(soundEnd: UInt64(SegmentFormat.headerCount))
    var offset = scan.soundEnd
    while offset < end {
      if let block = try blockHeader(at: offset),
        let entries = try entries(of: block, at: offset, codec)
      {
        if scan.soundEnd < offset || block.firstOrdinal > scan.nextOrdinal {
          scan.bounds.noteDamage()
        }
        if scan.soundEnd < offset {
          scan.damages.append(
            .init(
              offset: scan.soundEnd, count: offset - scan.soundEnd,
              entryCount: block.firstOrdinal >= scan.nextOrdinal
                ? block.firstOrdinal - scan.nextOrdinal : nil))
        }
        for (index, entry) in entries.enumerated() {
          scan.table.add(entry)
          scan.bounds.noteEntry(entry)
          if block.firstOrdinal + UInt64(index) >= known { scan.beyond.add(entry) }
        }
        scan.entryCount += UInt64(entries.count)
        scan.lastAppended = block.appended
        scan.nextOrdinal = block.firstOrdinal + UInt64(block.entryCount)
        offset = block.end(from: offset)
        scan.soundEnd = offset
      } else {
        // Not the damaged header's own length: it may lie.
        guard let next = try nextSoundBlock(from: offset + SegmentFormat.alignment) else { break }
        offset = next
      }
    }
    if scan.soundEnd < end || (known < .max && scan.nextOrdinal < known) {
      scan.bounds.noteDamage()
    }
    if isSealed, scan.soundEnd < end {
      scan.damages.append(
        .init(
          offset: scan.soundEnd, count: end - scan.soundEnd,
          entryCount: entryCount >= scan.nextOrdinal ? entryCount - scan.nextOrdinal : nil))
    }
    return scan
  }
}

/// What can be told of a file that has no sound header, so that none of its records can be read.
struct SegmentRemains {
  /// Counted without knowing of which sources they were, where the footer does not tell.
  var table: SourceTable

  /// Nil where the file holds nothing at all: no record was ever written to it, as far as it tells.
  init?(_ path: String, _ faults: DiskFaults) throws(SpoolError) {
    let file = try StoreFile.openForReading(path, faults)
    if let table = try SegmentFooter.guess(file), table.count > 0 {
      self.table = table
      return
    }
    var count: UInt64 = 0
    var hasBytes = false
    var offset: UInt64 = 0
    let size = file.size
    let step = 1 << 20
    while offset < size {
      // Pieces overlap by a block's header.
      let bytes = try file.read(count: step + SegmentFormat.blockHeaderCount, at: offset)
      guard !bytes.isEmpty else { break }
      hasBytes = hasBytes || bytes.contains { $0 != 0 }
      for index in stride(from: 0, to: min(step, bytes.count), by: Int(SegmentFormat.alignment)) {
        count = count.adding(BlockHeader.entryCount(unverified: bytes[index...]) ?? 0)
      }
      offset += UInt64(step)
    }
    guard hasBytes else { return nil }
    table = SourceTable()
    var row = SourceTable.Row()
    row.count = max(1, min(count, size / UInt64(SegmentFormat.entryPrefixCount)))
    row.bytes = size
    table.add(row, of: "")
  }
}

extension BlockHeader {
  /// How many entries a block header counts whose checksum cannot be verified; nil where it looks like none.
  fileprivate static func entryCount(unverified bytes: ArraySlice<UInt8>) -> UInt64? {
    guard bytes.first == UInt8(truncatingIfNeeded: SegmentFormat.blockMagic) else { return nil }
    var reader = ByteReader(Array(bytes.prefix(SegmentFormat.blockHeaderCount)))
    guard reader.get(UInt32.self) == SegmentFormat.blockMagic, reader.get(count: 8) != nil,
      let encoding = reader.get(UInt8.self), Encoding(rawValue: encoding) != nil,
      reader.get(count: 3) != nil, let stored = reader.get(UInt32.self),
      let raw = reader.get(UInt32.self), let count = reader.get(UInt32.self),
      stored <= SegmentFormat.storedMax, raw <= SegmentFormat.storedMax,
      Int(count) <= Int(raw) / SegmentFormat.entryPrefixCount
    else { return nil }
    return UInt64(count)
  }
}
