import CColours

/// The distinct colours of a picture with how often each occurs, sorted into nested boxes so that a pass looks at
/// whole boxes where it can.
@safe
final class Grid {
  let points = Points()
  private let keys = Memory<UInt32>()
  private let cells = Memory<vc_box>(zero: vc_box())
  private let blocks = Memory<vc_box>(zero: vc_box())
  private let sorted = Memory<UInt16>()
  private let starts = Memory<UInt32>(capacity: 1 << 15 + 1)
  private let scratch = Scratch()
  private var cellCount = 0
  private var blockCount = 0
  private(set) var square = 0.0

  /// Takes the colours of the pixels, in place of those before.
  func fill(_ pixels: Pixels, space: ColourSpace) {
    sorted.reserve(pixels.count)
    let count = unsafe vc_sort(
      sorted.base, starts.base, pixels.base, pixels.width, pixels.height, pixels.stride)
    // Large pictures have far fewer colours than pixels.
    points.reserve(count, areLabelled: false)
    keys.reserve(count)
    cells.reserve(min(count, 1 << 15))
    blocks.reserve(min(count, 1 << 9))
    var raw = unsafe self.raw
    unsafe vc_take_colours(&raw, sorted.base, starts.base)
    points.count = unsafe Int(raw.points.count)
    cellCount = unsafe Int(raw.cell_count)
    blockCount = unsafe Int(raw.block_count)
    if space == .lab {
      for index in 0..<points.count { points.move(index, to: CIELAB.point(colour(index))) }
    }
    unsafe raw = unsafe self.raw
    unsafe vc_boxes(&raw)
    square = unsafe raw.square
  }

  /// The mean of all pixels.
  var mean: Point {
    var sum = Point(0, 0, 0)
    for index in 0..<blockCount {
      sum = sum + Point(blocks[index].sum.x, blocks[index].sum.y, blocks[index].sum.z)
    }
    return sum * (1 / max(1, weight))
  }

  /// How many pixels there are.
  private var weight: Double { (0..<blockCount).reduce(0) { $0 + blocks[$1].sum.w } }

  /// The variance of a coordinate, the mean of the three.
  var variance: Double {
    (square / max(1, weight) - mean.squaredLength) / 3
  }

  func lay(_ field: inout vc_field) {
    let raw = unsafe self.raw
    unsafe withUnsafePointer(to: raw) { raw in unsafe vc_lay_out(&field, raw) }
  }

  private var raw: vc_grid {
    unsafe vc_grid(
      points: points.raw, keys: keys.base, cells: cells.base, blocks: blocks.base,
      cell_count: UInt32(cellCount), block_count: UInt32(blockCount), square: square)
  }

  /// Red, green and blue of a distinct colour.
  func colour(_ index: Int) -> RGB {
    let key = keys[index]
    return RGB(UInt8(key >> 16 & 255), UInt8(key >> 8 & 255), UInt8(key & 255))
  }

  /// The mean and weight of each cell, as points.
  func takeCells(_ target: Points) {
    target.reserve(cellCount)
    target.count = cellCount
    for index in 0..<cellCount {
      let sum = cells[index].sum
      target.set(index, Point(sum.x / sum.w, sum.y / sum.w, sum.z / sum.w), weight: sum.w)
    }
  }

  /// Assigns every colour to its nearest centre, gathers, and finds the farthest of each cluster beyond `floor`
  /// (squared).
  /// - Parameter labels: where they go, if wanted.
  /// - Returns: the sum of weighted squared distances.
  func assign(_ centres: Centres, floor: Double, labels: Memory<UInt32>? = nil) -> Double {
    scratch.reserve(centres.count)
    labels?.reserve(points.count + 32)
    let (raw, list) = unsafe (self.raw, centres.raw())
    var memory = unsafe scratch.raw
    unsafe withUnsafePointer(to: raw) { raw in
      unsafe withUnsafePointer(to: list) { list in
        unsafe vc_assign(
          raw, list, &memory, labels?.base, centres.sums.base, centres.far.base, Float(floor))
      }
    }
    return centres.squaredError(square: square)
  }

  /// The mean of the simplified silhouettes of all pixels, of two centres or more.
  func simplifiedSilhouette(_ centres: Centres) -> Double {
    scratch.reserve(centres.count)
    let (raw, list) = unsafe (self.raw, centres.raw())
    var memory = unsafe scratch.raw
    let sum = unsafe withUnsafePointer(to: raw) { raw in
      unsafe withUnsafePointer(to: list) { list in unsafe vc_simplified(raw, list, &memory) }
    }
    return sum / max(1, weight)
  }
}
