/// Huffman tables by class and id, as DHT defines and SOS names them: DC 0…3 and AC 0…3.
package struct HuffmanTableSet: OptionSet, Sendable {
  /// DC tables in the low half, AC tables in the high half, each by id.
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Those that Annex K.3 of ITU-T T.81 gives: DC and AC, 0 and 1.
  static let standard = HuffmanTableSet(rawValue: 0b0011_0011)

  /// - Parameter id: 0…3, as are those of `ac`.
  static func dc(_ id: UInt8) -> HuffmanTableSet { HuffmanTableSet(rawValue: 1 << (id & 3)) }
  static func ac(_ id: UInt8) -> HuffmanTableSet { HuffmanTableSet(rawValue: 16 << (id & 3)) }
}
