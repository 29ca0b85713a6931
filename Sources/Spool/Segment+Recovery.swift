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
  var damages: [Damage] = []
  /// Where the last sound block ends.
  var soundEnd: UInt64
  var lastAppended: UInt64 = 0
  /// The number that the next entry would have.
  var nextOrdinal: UInt64 = 0
}

extension Segment {
  /// Opens a segment that was being appended to when its process ended. The tail that no commit covers
  /// is cut off; damage before it stays, to be skipped and counted when it is read.
  /// - Returns: nil where not even the header is sound: nothing was committed to it.
  static func recover(
    _ path: String, _ faults: DiskFaults, _ codec: BlockCodec
  ) throws(SpoolError) -> (Segment, SegmentScan)? {
    let file = try StoreFile.openForWriting(path, faults)
    guard let header = SegmentHeader(try file.read(count: SegmentFormat.headerCount, at: 0)) else {
      return nil
    }
    let segment = Segment(recovering: header, file)
    let scan = try segment.scan(codec)
    try file.truncate(to: scan.soundEnd)
    segment.adopt(scan)
    return (segment, scan)
  }

  /// Reads all blocks.
  func scan(_ codec: BlockCodec) throws(SpoolError) -> SegmentScan {
    var scan = SegmentScan(soundEnd: UInt64(SegmentFormat.headerCount))
    var offset = scan.soundEnd
    while offset < end {
      if let block = try blockHeader(at: offset),
        let entries = try entries(of: block, at: offset, codec)
      {
        if scan.soundEnd < offset {
          scan.damages.append(
            .init(
              offset: scan.soundEnd, count: offset - scan.soundEnd,
              entryCount: block.firstOrdinal >= scan.nextOrdinal
                ? block.firstOrdinal - scan.nextOrdinal : nil))
        }
        for entry in entries { scan.table.add(entry) }
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
    if isSealed, scan.soundEnd < end {
      scan.damages.append(
        .init(
          offset: scan.soundEnd, count: end - scan.soundEnd,
          entryCount: entryCount >= scan.nextOrdinal ? entryCount - scan.nextOrdinal : nil))
    }
    return scan
  }
}
