/// What stands at the end of a sealed segment: its sums, so that it need not be read to know them.
struct SegmentFooter: Equatable {
  var entryCount: UInt64
  var table: SourceTable
  /// Milliseconds of the store's clock of the newest block.
  var lastAppended: UInt64
  /// The segment's header once more, should the one at the beginning be damaged.
  var header: [UInt8] = []

  /// Footer and trailer; the trailer, 24 bytes at the very end, tells how long the footer is.
  func bytes(uuid: [UInt8], offset: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.put(SegmentFormat.footerMagic)
    writer.put(UInt32(0))
    writer.put(offset)
    writer.put(entryCount)
    writer.put(lastAppended)
    table.encode(into: &writer)
    // What follows is passed over by versions that do not know of it.
    writer.bytes += header
    writer.put(zeros: Int(SegmentFormat.aligned(UInt64(writer.bytes.count))) - writer.bytes.count)
    let count = writer.bytes.count
    writer.put(SegmentFormat.trailerMagic)
    writer.put(UInt32(count))
    writer.put(offset)
    var checksum = Checksum()
    checksum.add(uuid)
    checksum.add(writer.bytes)
    writer.put(UInt32(0))
    writer.put(checksum.value)
    return writer.bytes
  }

  /// Where the blocks end, and the footer, of a file's last bytes; nil where there is no sound footer.
  /// - Parameter uuid: the segment's; nil where its header is damaged, for that in the footer's own copy.
  static func read(_ file: StoreFile, uuid: [UInt8]?) throws(SpoolError) -> (UInt64, SegmentFooter)?
  {
    guard let (offset, bytes, expected) = try bytes(of: file), let footer = parse(bytes, offset),
      let uuid = uuid ?? SegmentHeader(footer.header)?.uuid
    else { return nil }
    var checksum = Checksum()
    checksum.add(uuid)
    checksum.add(bytes)
    return checksum.value == expected ? (offset, footer) : nil
  }

  /// What the footer says of a segment whose records cannot be read any more, sound or not: better than nothing.
  static func guess(_ file: StoreFile) throws(SpoolError) -> SourceTable? {
    guard let (offset, bytes, _) = try bytes(of: file) else { return nil }
    return parse(bytes, offset)?.table
  }

  /// Where the footer begins, its bytes and those of the trailer, and the checksum that they should have.
  private static func bytes(
    of file: StoreFile
  ) throws(SpoolError) -> (offset: UInt64, bytes: [UInt8], checksum: UInt32)? {
    let size = file.size
    let trailerCount = UInt64(SegmentFormat.trailerCount)
    guard size >= UInt64(SegmentFormat.headerCount) + trailerCount else { return nil }
    let trailer = try file.read(count: Int(trailerCount), at: size - trailerCount)
    var reader = ByteReader(trailer)
    guard reader.get(UInt32.self) == SegmentFormat.trailerMagic,
      let count = reader.get(UInt32.self), let offset = reader.get(UInt64.self),
      reader.get(UInt32.self) == 0, let expected = reader.get(UInt32.self),
      offset >= UInt64(SegmentFormat.headerCount), offset < size,
      UInt64(count) + trailerCount == size - offset, count < 64 << 20
    else { return nil }
    return (offset, try file.read(count: Int(count) + 16, at: offset), expected)
  }

  private static func parse(_ bytes: [UInt8], _ offset: UInt64) -> SegmentFooter? {
    var body = ByteReader(bytes)
    guard body.get(UInt32.self) == SegmentFormat.footerMagic, body.get(UInt32.self) == 0,
      body.get(UInt64.self) == offset, let entries = body.get(UInt64.self),
      let last = body.get(UInt64.self), entries < SourceTable.countMax,
      last < SourceTable.countMax, let table = SourceTable(from: &body)
    else { return nil }
    var footer = SegmentFooter(entryCount: entries, table: table, lastAppended: last)
    footer.header = body.get(count: SegmentFormat.headerCount) ?? []
    return footer
  }
}
