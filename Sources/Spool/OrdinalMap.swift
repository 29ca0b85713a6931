/// Which entries of a segment are done with though some before them are not: a bit for each, from the first that is not.
struct OrdinalMap: Equatable {
  /// The lowest bit of the first byte is that of the first entry.
  var bytes: [UInt8] = []

  init(bytes: [UInt8] = []) { self.bytes = bytes }

  /// - Parameter first: none of the ordinals is below it.
  init(_ ordinals: Set<UInt64>, from first: UInt64) {
    guard let last = ordinals.max(), last >= first else { return }
    bytes = [UInt8](repeating: 0, count: Int(clamping: (last - first) / 8) + 1)
    for ordinal in ordinals where ordinal >= first {
      bytes[Int((ordinal - first) / 8)] |= 1 << UInt8((ordinal - first) % 8)
    }
  }

  func ordinals(from first: UInt64, below end: UInt64) -> Set<UInt64> {
    var ordinals: Set<UInt64> = []
    for (index, byte) in bytes.enumerated() where byte != 0 {
      for bit in 0..<8 where byte & 1 << UInt8(bit) != 0 {
        let ordinal = first.adding(UInt64(index * 8 + bit))
        if ordinal < end { ordinals.insert(ordinal) }
      }
    }
    return ordinals
  }

  func contains(_ ordinal: UInt64, from first: UInt64) -> Bool {
    guard ordinal >= first, (ordinal - first) / 8 < UInt64(bytes.count) else { return false }
    return bytes[Int((ordinal - first) / 8)] & 1 << UInt8((ordinal - first) % 8) != 0
  }
}
