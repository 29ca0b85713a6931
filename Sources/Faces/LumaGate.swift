import Frames

/// Tells cheaply whether a picture is still the one before: the means of a grid of cells are compared. A cell's
/// mean over 64 samples hardly moves by the noise of a sensor, and does by an eye that opens in it.
struct LumaGate {
  static let columns = 32
  static let rows = 24
  /// Samples of a cell on each side.
  static let samples = 8

  private var reference: [Int] = []
  private var seen: [Int] = []
  private var layout: PixelLayout?

  /// The part of the cells that moved by at least `levelMin` since the picture that was kept; 1 where there is none.
  mutating func change(in pixels: RawSpan, _ layout: PixelLayout, levelMin: Int) -> Double {
    if layout != self.layout {
      self.layout = layout
      reference = []
    }
    seen = Self.sums(of: pixels, layout)
    guard reference.count == seen.count, !seen.isEmpty else { return 1 }
    let threshold = levelMin * Self.samples * Self.samples
    var changed = 0
    for index in seen.indices where abs(seen[index] - reference[index]) >= threshold {
      changed += 1
    }
    return Double(changed) / Double(seen.count)
  }

  /// Makes the picture last seen the one to compare with.
  mutating func keep() { reference = seen }

  private static func sums(of pixels: RawSpan, _ layout: PixelLayout) -> [Int] {
    let (width, height) = (layout.size.width, layout.size.height)
    guard width > 0, height > 0, pixels.byteCount >= (height - 1) * layout.stride + width else {
      return []
    }
    let across = columns * samples
    let down = rows * samples
    let xs = (0..<across).map { $0 * width / across }
    return unsafe pixels.withUnsafeBytes { bytes in
      var sums = [Int](repeating: 0, count: columns * rows)
      for sample in 0..<down {
        let row = unsafe UnsafeRawBufferPointer(
          rebasing: bytes[(sample * height / down * layout.stride)...])
        let first = sample / samples * columns
        for column in 0..<columns {
          var sum = 0
          for x in column * samples..<(column + 1) * samples {
            sum += Int(unsafe row[xs[x]])
          }
          sums[first + column] += sum
        }
      }
      return sums
    }
  }
}
