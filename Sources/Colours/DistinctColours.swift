/// How many colours a picture has, at a pass over its pixels and 2 MiB: what long work over all of them hangs on.
package enum DistinctColours {
  /// - Parameter rgb: packed red, green, blue.
  package static func count(_ rgb: Span<UInt8>) -> Int {
    var seen = [UInt64](repeating: 0, count: 1 << 18)
    var count = 0
    for pixel in 0..<rgb.count / 3 {
      let place = 3 * pixel
      let colour = Int(rgb[place]) << 16 | Int(rgb[place + 1]) << 8 | Int(rgb[place + 2])
      let bit = UInt64(1) << UInt64(colour & 63)
      if seen[colour >> 6] & bit == 0 {
        seen[colour >> 6] |= bit
        count += 1
      }
    }
    return count
  }
}
