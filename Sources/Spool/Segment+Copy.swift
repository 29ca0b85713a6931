extension SegmentHeader {
  /// For a segment that takes this one's place: with another identifier, for its blocks are others.
  func renewed(_ codec: BlockCodec) -> SegmentHeader {
    var header = self
    header.keyID = codec.keyID
    header.uuid = uuid.map { $0 ^ 0x5A }
    return header
  }
}

extension Segment {
  /// Copies what is sound to another segment.
  /// - Parameter choose: those of a block's entries that are wanted.
  /// - Returns: what was copied.
  func copy(
    to new: Segment, _ codec: BlockCodec, choosing choose: ([SpoolEntry]) -> [SpoolEntry]
  ) throws(SpoolError) -> SourceTable {
    var offset = UInt64(SegmentFormat.headerCount)
    while offset < end {
      guard let block = try blockHeader(at: offset),
        let entries = try entries(of: block, at: offset, codec)
      else {
        guard let next = try nextSoundBlock(from: offset + SegmentFormat.alignment) else { break }
        offset = next
        continue
      }
      offset = block.end(from: offset)
      let chosen = choose(entries)
      guard !chosen.isEmpty else { continue }
      var writer = ByteWriter()
      for entry in chosen {
        entry.encodePrefix(into: &writer)
        writer.bytes += entry.body
      }
      let copy = BlockHeader(
        encoding: .raw, storedCount: writer.bytes.count, rawCount: writer.bytes.count,
        entryCount: chosen.count, firstOrdinal: new.entryCount, appended: block.appended)
      try new.append(copy, parts: [writer.bytes], of: chosen, codec)
    }
    return new.table
  }
}
