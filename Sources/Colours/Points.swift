import CColours

/// Weighted points with a label and a distance each: what one level of a clustering works on.
@safe
final class Points {
  private let x = Memory<Float>()
  private let y = Memory<Float>()
  private let z = Memory<Float>()
  private let w = Memory<Float>()
  let labels = Memory<UInt32>()
  let distances = Memory<Float>()
  var count = 0

  /// Makes room for `count` points and the vectors' padding.
  /// - Parameter areLabelled: whether for a label and a distance each, too.
  func reserve(_ count: Int, areLabelled: Bool = true) {
    let padded = count + 2 * Int(VC_LANES)
    x.reserve(padded)
    y.reserve(padded)
    z.reserve(padded)
    w.reserve(padded)
    guard areLabelled else { return }
    labels.reserve(padded)
    distances.reserve(padded)
  }

  /// For the kernels; valid until room is made.
  var raw: vc_points {
    unsafe vc_points(x: x.base, y: y.base, z: z.base, w: w.base, count: UInt32(count))
  }

  /// The largest of the distances, squared.
  var greatestDistance: Float {
    unsafe UnsafeBufferPointer(start: distances.base, count: count).max() ?? 0
  }

  func point(_ index: Int) -> Point { Point(Double(x[index]), Double(y[index]), Double(z[index])) }
  func weight(_ index: Int) -> Double { Double(w[index]) }

  func set(_ index: Int, _ point: Point, weight: Double) {
    x[index] = Float(point.x)
    y[index] = Float(point.y)
    z[index] = Float(point.z)
    w[index] = Float(weight)
  }

  func move(_ index: Int, to point: Point) { set(index, point, weight: weight(index)) }
}
