package import Frames
import Glibc

/// What the markers of a JPEG say, once they were found sound from SOI to EOI. Places are counted from SOI.
package struct JPEGStructure: Equatable, Sendable {
  package var size: FrameSize
  /// 1 or 3, seldom 4.
  package var components: Int
  /// Where SOI is in the bytes that were read; what stands before it is no part of the picture.
  package var start: Int
  /// From SOI to EOI, both included; what follows is padding.
  package var byteCount: Int
  /// Where the first start-of-scan marker is: missing Huffman tables go in front of it.
  package var scanOffset: Int
  /// Tables that scans use but nothing before them defines, as Motion JPEG allows: the standard ones are
  /// meant.
  package var missingTables: HuffmanTableSet
  /// How the picture is to be turned to be seen upright; `size` is that of the stored picture.
  package var orientation = ExifOrientation.upright
  /// Long runs of zero bytes within the picture's data: padding where the picture is whole without them,
  /// else what a lost packet left.
  var zeroRuns: [Range<Int>] = []
  /// Restart markers, in order, in a picture of one scan that does not say how far they are apart.
  var undeclaredRestarts = 0
  /// Minimum coded units, in all and in a row.
  var unitCount = 0
  var unitsInRow = 0
  /// The distance between restart markers that is to be put in; nil for none.
  var addedInterval: Int?
  package var hasHuffmanTables: Bool { missingTables.isEmpty }

  /// As it is seen.
  package var uprightSize: FrameSize { orientation.upright(size) }

  /// Where the picture lies in the bytes that were read.
  package var range: Range<Int> { start..<start + byteCount }

  /// Whether the picture has all that it needs.
  var isComplete: Bool { missingTables.isEmpty && addedInterval == nil }

  /// What goes in front of the first scan, so that the picture has all that it needs.
  var insertion: [UInt8] {
    let tables = StandardHuffmanTables.segment(missingTables)
    guard let addedInterval else { return tables }
    let (high, low) = (addedInterval >> 8, addedInterval)
    return tables + [0xFF, 0xDD, 0, 4] + [high, low].map { UInt8(truncatingIfNeeded: $0) }
  }

  private static let intervalsTried = 8

  /// Distances, in minimum coded units, that give as many restart markers as there are; whole rows first,
  /// for that is what encoders do.
  var possibleIntervals: [Int] {
    guard undeclaredRestarts > 0, unitsInRow > 0, undeclaredRestarts < unitCount else { return [] }
    let least = (unitCount + undeclaredRestarts) / (undeclaredRestarts + 1)
    let most = min((unitCount - 1) / undeclaredRestarts, 65_535)
    guard least <= most else { return [] }
    let firstRow = (least + unitsInRow - 1) / unitsInRow * unitsInRow
    let rows = Array(stride(from: firstRow, through: most, by: unitsInRow).prefix(4))
    let others = (least...most).lazy.filter { !rows.contains($0) }.prefix(Self.intervalsTried)
    return rows + others
  }

  /// Walks the markers of `bytes`, the entropy-coded data included: segments within bounds, tables
  /// before they are needed, restart markers in order and in the right number, no stray marker, an end.
  /// The coded bits themselves are not decoded; `JPEGDecoder.check` does that.
  ///
  /// The rules are those of ITU-T T.81, Annex B.
  package static func read(_ bytes: RawSpan) throws(ImagingError) -> JPEGStructure {
    try unsafe bytes.withUnsafeBytes { buffer throws(ImagingError) in
      var walk = unsafe MarkerWalk(buffer)
      return try walk.structure()
    }
  }

  /// The same of one picture of many.
  /// - Parameters:
  ///   - known: what those before had up to their first scan's data; it is not looked at again.
  ///   - noted: a marker that was come upon already.
  static func read(
    _ bytes: RawSpan, after known: inout KnownBeginnings, noted: MarkerWalk.NotedMarker? = nil
  ) throws(ImagingError) -> JPEGStructure {
    try unsafe bytes.withUnsafeBytes { buffer throws(ImagingError) in
      var walk = unsafe MarkerWalk(buffer)
      walk.noted = noted
      return try walk.structure(after: &known)
    }
  }

  /// The next SOI at or after `index`, be it where it may.
  static func nextStart(in bytes: RawSpan, from index: Int) -> Int? {
    unsafe bytes.withUnsafeBytes { buffer in
      var at = index
      while at + 1 < buffer.count, let base = buffer.baseAddress,
        let found = unsafe memchr(base + at, 0xFF, buffer.count - 1 - at)
      {
        at = unsafe UnsafeRawPointer(found) - base
        if unsafe buffer[at + 1] == 0xD8 { return at }
        at += 1
      }
      return nil
    }
  }

  /// Finds the first picture at or after `index` that has an end: from its last SOI, one within a
  /// segment (a thumbnail's) not counted, to its EOI. Bytes between segments, restart markers where none
  /// belong and padding are passed over, as libjpeg does; whether the picture is whole is for
  /// `JPEGDecoder.check` to say.
  package static func find(
    in bytes: RawSpan, from index: Int = 0
  ) throws(ImagingError) -> JPEGStructure {
    try unsafe bytes.withUnsafeBytes { buffer throws(ImagingError) in
      var walk = unsafe MarkerWalk(buffer, isForgiving: true)
      return try walk.structure(from: index)
    }
  }
}
