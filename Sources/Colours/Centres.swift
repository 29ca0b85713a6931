import CColours

/// The centres of clusters and what each gathered in the last pass.
@safe
final class Centres {
  let exact = Memory<Double>()
  private let x = Memory<Float>()
  private let y = Memory<Float>()
  private let z = Memory<Float>()
  let sums = Memory<vc_sum>(zero: vc_sum())
  let far = Memory<vc_far>(zero: vc_far())
  private(set) var count = 0

  init() { reserve(256) }

  private func reserve(_ count: Int) {
    let padded = count + 2 * Int(VC_LANES)
    exact.reserve(3 * padded)
    x.reserve(padded)
    y.reserve(padded)
    z.reserve(padded)
    sums.reserve(padded)
    far.reserve(padded)
  }

  subscript(index: Int) -> Point {
    get { Point(exact[3 * index], exact[3 * index + 1], exact[3 * index + 2]) }
    set {
      exact[3 * index] = newValue.x
      exact[3 * index + 1] = newValue.y
      exact[3 * index + 2] = newValue.z
    }
  }

  func removeAll() { count = 0 }

  func append(_ point: Point) {
    reserve(count + 1)
    self[count] = point
    sums[count] = vc_sum()
    far[count] = vc_far(distance: 0, index: .max)
    count += 1
  }

  /// The last one takes its place.
  func remove(_ index: Int) {
    count -= 1
    self[index] = self[count]
    sums[index] = sums[count]
    far[index] = far[count]
  }

  /// Takes away those that gathered nothing.
  func removeEmpty() {
    for index in stride(from: count - 1, through: 0, by: -1) where sums[index].w <= 0 {
      remove(index)
    }
  }

  func copy(_ other: Centres) {
    reserve(other.count)
    count = other.count
    exact.copy(other.exact, count: 3 * count)
    sums.copy(other.sums, count: count)
    far.copy(other.far, count: count)
  }

  /// For the kernels, padded; valid until a centre is appended.
  func raw() -> vc_centres {
    var raw = unsafe vc_centres(
      x: x.base, y: y.base, z: z.base, exact: exact.base, count: UInt32(count))
    unsafe vc_pad(&raw)
    return unsafe raw
  }

  /// Which centre is nearest to a point, of those equally near the first; there must be one.
  func nearest(to point: Point) -> Int {
    var (nearest, least) = (0, Double.infinity)
    for index in 0..<count {
      let distance = self[index].squaredDistance(to: point)
      if distance < least { (nearest, least) = (index, distance) }
    }
    return nearest
  }

  /// The mean of what a cluster gathered; nil where that is nothing.
  func mean(_ index: Int) -> Point? {
    let sum = sums[index]
    guard sum.w > 0 else { return nil }
    return Point(sum.x / sum.w, sum.y / sum.w, sum.z / sum.w)
  }

  /// Moves every centre to its mean and takes the empty ones away.
  /// - Returns: the largest squared way; infinite where a cluster vanished.
  func moveToMeans() -> Double {
    var (kept, way) = (0, 0.0)
    for index in 0..<count {
      guard let mean = mean(index) else { continue }
      way = max(way, self[index].squaredDistance(to: mean))
      self[kept] = mean
      sums[kept] = sums[index]
      far[kept] = far[index]
      kept += 1
    }
    defer { count = kept }
    return kept < count ? .infinity : way
  }

  /// The sum of weighted squared distances to these centres of what they gathered, given `square`, the sum of
  /// weighted squared lengths.
  func squaredError(square: Double) -> Double {
    var total = square
    for index in 0..<count {
      let (sum, centre) = (sums[index], self[index])
      total +=
        sum.w * centre.squaredLength - 2 * (centre.x * sum.x + centre.y * sum.y + centre.z * sum.z)
    }
    return max(0, total)
  }
}
