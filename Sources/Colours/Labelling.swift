import CColours

/// Labels pixels with their nearest centres: most bins of a histogram have one centre that is nearest to all of
/// their colours, and only the pixels of the others are looked at.
@safe
final class Labelling {
  private var bins: [Int: Bins] = [:]
  private let scratch = Scratch()
  private let tallies = Memory<UInt32>()
  private let palette = Memory<UInt8>()
  private let found = Memory<UInt32>(capacity: beyondMax)

  static let beyondMax = 4096

  /// By bin number; see `vc_settle_bins`.
  private struct Bins {
    let owners: Memory<UInt32>
    let candidates: Memory<UInt64>
  }

  struct Outcome {
    /// Distance, squared, of the pixel that is farthest from its centre.
    var farthest: Double
    /// Colours of pixels that lie beyond the limit, `beyondMax` at the most.
    var beyond: [Point]
  }

  /// Gathers in `centres` what the pixels sum up to.
  /// - Parameters:
  ///   - histogram: of the same pixels; its labels and distances become those of these centres.
  ///   - limit: squared; which pixels lie beyond is told.
  ///   - painted: becomes rows of packed RGB without padding, in the centres' colours.
  @discardableResult
  func label(
    _ pixels: Pixels, by histogram: Histogram, centres: Centres, limit: Double,
    painted: UnsafeMutablePointer<UInt8>? = nil
  ) -> Outcome {
    let (bins, points) = (bins(histogram.bits), histogram.points)
    scratch.reserve(centres.count)
    tallies.reserve(8 * centres.count)
    setPalette(centres)
    var (count, farthest) = (UInt32(Self.beyondMax), 0.0)
    let (level, list) = unsafe (points.raw, centres.raw())
    var memory = unsafe scratch.raw
    unsafe withUnsafePointer(to: level) { level in
      unsafe withUnsafePointer(to: list) { list in
        unsafe vc_nearest(level, list, points.labels.base, points.distances.base)
        // A bin's farthest pixel is at least as far as its mean: what lies nearer than the farthest mean is settled.
        let floor = min(Float(limit), points.greatestDistance * 0.9999 - 0.01)
        unsafe vc_settle_bins(
          bins.owners.base, bins.candidates.base, level, points.labels.base,
          histogram.numbers.base, Int32(histogram.bits), list, floor)
        farthest = unsafe vc_label(
          list, &memory, bins.owners.base, bins.candidates.base, histogram.table.base,
          histogram.numbers.base, UInt32(points.count), Int32(histogram.bits), pixels.base,
          pixels.width, pixels.height, pixels.stride, painted, palette.base, centres.sums.base,
          tallies.base, limit, found.base, &count)
      }
    }
    return Outcome(
      farthest: farthest,
      beyond: (0..<Int(count)).map { index in
        let word = found[index]
        return Point(Double(word & 255), Double(word >> 8 & 255), Double(word >> 16 & 255))
      })
  }

  private func bins(_ bits: Int) -> Bins {
    if let made = bins[bits] { return made }
    let count = 1 << (3 * bits)
    let made = Bins(owners: Memory(capacity: count), candidates: Memory(capacity: count))
    bins[bits] = made
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
