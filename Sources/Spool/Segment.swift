/// One file of the store: open for appending, or sealed. Used by one thread.
final class Segment {
  /// A few large writes cost the system less than many small ones.
  private static let writeBytes: UInt64 = 1 << 20
  private static let writeParts = 64

  let header: SegmentHeader
  private(set) var file: StoreFile
  /// Where the next block goes, or where the footer begins.
  private(set) var end: UInt64
  private(set) var entryCount: UInt64 = 0
  private(set) var table = SourceTable()
  private(set) var lastAppended: UInt64 = 0
  /// Around damage that was found when it was recovered.
  private(set) var bounds = LossBounds()
  private(set) var isSealed = false
  /// Whether something was written since the last sync.
  private(set) var isDirty = false
  /// Entries and bytes that last.
  private(set) var committedCount: UInt64 = 0
  private(set) var committedEnd = UInt64(SegmentFormat.headerCount)
  private var committedTable = SourceTable()
  /// Blocks in a row that wait to be written together, and where.
  private var unwritten: [[UInt8]] = []
  private var unwrittenStart: UInt64
  /// The folder, until the file's own name in it lasts.
  private var unsyncedFolder: String?
  /// What lasts once the sync that another thread is at has ended.
  private var begun: Extent?
  private let faults: DiskFaults

  private struct Extent {
    var entryCount: UInt64
    var end: UInt64
    var table: SourceTable
  }

  private init(header: SegmentHeader, file: StoreFile, end: UInt64, _ faults: DiskFaults) {
    self.header = header
    self.file = file
    self.end = end
    unwrittenStart = end
    self.faults = faults
  }

  /// One that is to be recovered: all of the file may be blocks.
  convenience init(recovering header: SegmentHeader, _ file: StoreFile) {
    self.init(header: header, file: file, end: file.size, DiskFaults())
  }

  /// Takes what a scan found for the segment's sums; what lies behind is cut off.
  func adopt(_ scan: SegmentScan) {
    end = scan.soundEnd
    unwrittenStart = end
    entryCount = scan.nextOrdinal
    table = scan.table
    lastAppended = scan.lastAppended
    bounds = scan.bounds
    noteCommitted(extent)
  }

  var number: UInt64 { header.number }

  /// Makes the file and its header, with room for `capacity` bytes. They last with what is committed first.
  static func create(
    path: String, folder: String, header: SegmentHeader, capacity: UInt64, faults: DiskFaults
  ) throws(SpoolError) -> Segment {
    let file = try StoreFile.create(path, faults)
    CrashPoint.pass(.afterCreate)
    do {
      try file.allocate(capacity)
      CrashPoint.pass(.afterAllocate)
      try file.write(header.bytes, at: 0)
    } catch {
      // Nothing of it is wanted; where even this fails, the next start clears it away.
      try? Folder.remove(path, faults)
      throw error
    }
    CrashPoint.pass(.afterSegmentHeader)
    let segment = Segment(
      header: header, file: file, end: UInt64(SegmentFormat.headerCount), faults)
    segment.unsyncedFolder = folder
    return segment
  }

  /// Opens a sealed segment.
  /// - Returns: nil where the footer is unsound.
  static func openSealed(_ path: String, _ faults: DiskFaults) throws(SpoolError) -> Segment? {
    let file = try StoreFile.openForReading(path, faults)
    let first = SegmentHeader(try file.read(count: SegmentFormat.headerCount, at: 0))
    guard let (end, footer) = try SegmentFooter.read(file, uuid: first?.uuid),
      let header = first ?? SegmentHeader(footer.header)
    else { return nil }
    let segment = Segment(header: header, file: file, end: end, faults)
    segment.entryCount = footer.entryCount
    segment.table = footer.table
    segment.lastAppended = footer.lastAppended
    segment.isSealed = true
    return segment
  }

  /// Appends one block; it lasts once `sync` has returned.
  /// - Parameter parts: the bytes in a row, compressed or raw, as `block` says.
  /// - Returns: the bytes that were stored.
  @discardableResult
  func append(
    _ block: BlockHeader, parts: [[UInt8]], of entries: [SpoolEntry], _ codec: BlockCodec
  ) throws(SpoolError) -> Int {
    CrashPoint.pass(.beforeAppend)
    var block = block
    let parts = try codec.seal(parts, &block, header, at: end)
    var checksum = Checksum()
    checksum.add(header.uuid)
    for part in parts { checksum.add(part) }
    block.payloadChecksum = checksum.value
    let head = block.bytes(uuid: header.uuid, offset: end)
    if CrashPoint.isDue(.withinAppend) {
      try flush()
      try file.write([head] + parts.prefix(1), at: end)
      CrashPoint.die()
    }
    let padding = Int(block.end(from: end) - end) - head.count - block.storedCount
    unwritten += [head] + parts
    if padding > 0 { unwritten.append([UInt8](repeating: 0, count: padding)) }
    end = block.end(from: end)
    let isMuch = end - unwrittenStart >= Self.writeBytes || unwritten.count >= Self.writeParts
    if isMuch { try flush() }
    CrashPoint.pass(.afterAppend)
    entryCount += UInt64(block.entryCount)
    lastAppended = block.appended
    for entry in entries { table.add(entry) }
    isDirty = true
    return block.storedCount
  }

  /// Hands the blocks over to the system that were gathered for one large write.
  func flush() throws(SpoolError) {
    guard !unwritten.isEmpty else { return }
    // What is written in part is written over by the next block, or cut off.
    try file.write(unwritten, at: unwrittenStart)
    forgetUnwritten()
  }

  private func forgetUnwritten() {
    unwritten.removeAll(keepingCapacity: true)
    unwrittenStart = end
  }

  func sync() throws(SpoolError) {
    guard isDirty else { return }
    try flush()
    CrashPoint.pass(.beforeCommit)
    try file.sync()
    try syncFolder()
    noteCommitted(extent)
    CrashPoint.pass(.afterCommit)
  }

  /// Begins what `sync` does on another thread; `finishSync` is to be called before anything else is synced.
  func beginSync(by syncer: Syncer) throws(SpoolError) {
    guard isDirty else { return }
    try flush()
    CrashPoint.pass(.beforeCommit)
    syncer.begin(try file.syncing())
    begun = extent
    isDirty = false
  }

  /// Waits for the sync that was begun.
  func finishSync(by syncer: Syncer) throws(SpoolError) {
    guard let extent = begun else { return }
    begun = nil
    // Until it is known to last, it does not.
    isDirty = true
    try file.noteSynced(syncer.wait())
    try syncFolder()
    noteCommitted(extent)
    CrashPoint.pass(.afterCommit)
  }

  /// Makes the names last that were given in the folder up to when the file was made.
  private func syncFolder() throws(SpoolError) {
    guard let folder = unsyncedFolder else { return }
    try Folder.sync(folder, faults)
    unsyncedFolder = nil
    CrashPoint.pass(.afterFolderSync)
  }

  private var extent: Extent { Extent(entryCount: entryCount, end: end, table: table) }

  private func noteCommitted(_ extent: Extent) {
    committedCount = extent.entryCount
    committedEnd = extent.end
    committedTable = extent.table
    if committedEnd == end { isDirty = false }
  }

  /// Forgets what was appended since the last commit, which failed.
  func rollBack() {
    end = committedEnd
    entryCount = committedCount
    table = committedTable
    isDirty = false
    forgetUnwritten()
  }

  /// Seals a segment whose descriptor failed by another descriptor: what was committed lasts already.
  func sealAnew(_ faults: DiskFaults) throws(SpoolError) {
    rollBack()
    file = try StoreFile.openForWriting(file.path, faults)
    try file.truncate(to: end)
    try seal()
  }

  /// Writes the footer, gives back the room that was not used, and makes it last.
  func seal() throws(SpoolError) {
    try flush()
    CrashPoint.pass(.beforeSeal)
    var footer = SegmentFooter(entryCount: entryCount, table: table, lastAppended: lastAppended)
    footer.header = header.bytes
    let bytes = footer.bytes(uuid: header.uuid, offset: end)
    try file.write(bytes, at: end)
    try file.truncate(to: end + UInt64(bytes.count))
    try file.sync()
    try syncFolder()
    noteCommitted(extent)
    isSealed = true
    CrashPoint.pass(.afterFooter)
  }

  /// The header of the block at `offset`; nil where there is none that is sound.
  func blockHeader(at offset: UInt64) throws(SpoolError) -> BlockHeader? {
    guard offset + UInt64(SegmentFormat.blockHeaderCount) <= end else { return nil }
    let bytes = try file.read(count: SegmentFormat.blockHeaderCount, at: offset)
    guard let block = BlockHeader(bytes[...], uuid: header.uuid, offset: offset),
      block.end(from: offset) <= SegmentFormat.aligned(end)
    else { return nil }
    return block
  }

  /// The entries of a block; nil where its bytes are damaged.
  func entries(
    of block: BlockHeader, at offset: UInt64, _ codec: BlockCodec
  ) throws(SpoolError) -> [SpoolEntry]? {
    let stored = try file.read(
      count: block.storedCount, at: offset + UInt64(SegmentFormat.blockHeaderCount))
    var checksum = Checksum()
    checksum.add(header.uuid)
    checksum.add(stored)
    guard stored.count == block.storedCount, checksum.value == block.payloadChecksum else {
      return nil
    }
    guard let raw = try codec.open(stored, block, header, at: offset), raw.count == block.rawCount
    else { return nil }
    return SpoolEntry.decode(raw, count: block.entryCount)
  }

  /// The next place from `offset` on where a sound block header stands; nil where there is none.
  func nextSoundBlock(from offset: UInt64) throws(SpoolError) -> UInt64? {
    let step = 1 << 20
    let overlap = UInt64(SegmentFormat.blockHeaderCount)
    var start = SegmentFormat.aligned(offset)
    while start + overlap <= end {
      let bytes = try file.read(count: min(step, Int(end - start)), at: start)
      guard bytes.count >= Int(overlap) else { return nil }
      var index = 0
      while index + Int(overlap) <= bytes.count {
        if bytes[index] == UInt8(truncatingIfNeeded: SegmentFormat.blockMagic),
          let block = BlockHeader(
            bytes[index...], uuid: header.uuid, offset: start + UInt64(index)),
          block.end(from: start + UInt64(index)) <= SegmentFormat.aligned(end)
        {
          return start + UInt64(index)
        }
        index += Int(SegmentFormat.alignment)
      }
      start += UInt64(index)
    }
    return nil
  }
}
