import CColours

/// Pixels counted into bins of 2^(8 - bits) values a channel, each of which stands for its pixels at their mean.
@safe
final class Histogram {
  let bits: Int
  let points = Points()
  let numbers = Memory<UInt32>()
  let table: Memory<vc_bin>
  /// Sum of the pixels' squared lengths.
  private(set) var square = 0.0

  /// - Parameter bits: 1…6 of each channel.
  init(bits: Int) {
    self.bits = bits
    table = Memory(zero: vc_bin(), capacity: 1 << (3 * bits))
    points.reserve(256)
  }

  /// Counts the pixels, in place of those before.
  func count(_ pixels: Pixels) {
    clear()
    var sum: UInt64 = 0
    unsafe vc_count(
      table.base, Int32(bits), pixels.base, pixels.width, pixels.height, pixels.stride, &sum)
    square = Double(sum)
    take(atMost: pixels.width * pixels.height)
  }

  /// Counts what a histogram twice as fine has.
  func count(_ finer: Histogram) {
    clear()
    unsafe vc_halve_bins(
      table.base, finer.table.base, finer.numbers.base, UInt32(finer.points.count),
      Int32(finer.bits))
    square = finer.square
    take(atMost: finer.points.count)
  }

  private func clear() {
    for index in 0..<points.count { table[Int(numbers[index])] = vc_bin() }
    points.count = 0
  }

  private func take(atMost count: Int) {
    let most = min(count, 1 << (3 * bits))
    points.reserve(most)
    numbers.reserve(most)
    var raw = unsafe points.raw
    let taken = unsafe vc_take_bins(
      &raw, numbers.base, table.base, Int32(bits), UInt32(most), 0)
    points.count = Int(taken)
  }
}
