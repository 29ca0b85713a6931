import CColours

/// Labels pixels with their nearest centres, by what a histogram's bins leave to be decided: most bins have one
/// centre that is nearest to all of their colours.
final class Labelling {
  private var entries: [Int: Memory<UInt32>] = [:]
  private let lists = Memory<UInt32>(capacity: 1 << 16)
  private let scratch = Scratch()
  private let tallies = Memory<UInt32>()
  private let palette = Memory<UInt8>()

  /// Gathers in `centres` what the pixels sum up to, and the farthest beyond `floor` (squared). `prepare` must have
  /// been called with the same.
  /// - Parameter painted: becomes rows of packed RGB without padding, in the centres' colours.
  /// - Returns: the colours of pixels that lie beyond `limit` (squared), which is not below `floor`; `beyondMax` at
  ///   the most.
  @discardableResult
  func label(
    _ pixels: Pixels, by histogram: Histogram, centres: Centres, floor: Double,
    limit: Double = .infinity, painted: UnsafeMutablePointer<UInt8>? = nil
  ) -> [Point] {
    let entries = entries(bits: histogram.bits)
    far.reserve(Self.beyondMax)
    tallies.reserve(8 * centres.count)
    setPalette(centres)
    let raw = unsafe centres.raw()
    let count = unsafe withUnsafePointer(to: raw) { raw in
      unsafe vc_label(
        entries.base, lists.base, histogram.table.base, histogram.numbers.base,
        UInt32(histogram.points.count), Int32(histogram.bits), pixels.base, pixels.width,
        pixels.height, pixels.stride, raw, nil, painted, palette.base,
        centres.sums.base, centres.far.base, Float(floor), tallies.base, Float(limit), far.base,
        UInt32(Self.beyondMax))
    }
    return (0..<Int(count)).map { Point(pixels.colour(Int(far[$0]))) }
  }

  static let beyondMax = 4096
  private let far = Memory<UInt32>()

  /// Finds which centres may be nearest to the colours of each bin, and in which bins pixels may lie beyond `floor`
  /// (squared).
  /// - Parameter histogram: of the pixels that are to be labelled.
  func prepare(_ histogram: Histogram, centres: Centres, floor: Double) {
    let entries = entries(bits: histogram.bits)
    scratch.reserve(centres.count)
    let raw = unsafe centres.raw()
    unsafe withUnsafePointer(to: raw) { raw in
      var memory = unsafe scratch.raw
      while unsafe vc_candidates(
        entries.base, lists.base, lists.capacity, histogram.numbers.base,
        UInt32(histogram.points.count), Int32(histogram.bits), raw, &memory, Float(floor)) == 0
      {
        lists.reserve(2 * lists.capacity)
      }
    }
  }

  private func entries(bits: Int) -> Memory<UInt32> {
    if let made = entries[bits] { return made }
    let made = Memory<UInt32>(capacity: 1 << (3 * bits))
    entries[bits] = made
    return made
  }

  private func setPalette(_ centres: Centres) {
    palette.reserve(4 * centres.count)
    for index in 0..<centres.count {
      let colour = centres[index].rounded
      palette[4 * index] = colour.red
      palette[4 * index + 1] = colour.green
      palette[4 * index + 2] = colour.blue
    }
  }
}
