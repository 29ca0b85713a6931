package import Frames

/// What the markers of a JPEG say, once they were found sound from SOI to EOI.
package struct JPEGStructure: Equatable, Sendable {
  package var size: FrameSize
  /// 1 or 3, seldom 4.
  package var components: Int
  /// From SOI to EOI, both included; what follows is padding.
  package var byteCount: Int
  /// Where the first start-of-scan marker is: missing Huffman tables go in front of it.
  package var scanOffset: Int
  /// Tables that scans use but nothing before them defines, as Motion JPEG allows: the standard ones are
  /// meant.
  package var missingTables: HuffmanTableSet
  package var hasHuffmanTables: Bool { missingTables.isEmpty }

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
}
