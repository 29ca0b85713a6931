import CColours

/// Finds for each cluster the cut in two that lowers the squared error: through its centre, across the axis along
/// which it spreads the most. What a cut gains is Ward's measure, w1 w2 / (w1 + w2) times the squared distance of
/// the halves' means.
final class Cuts {
  private let moments = Memory<Double>()
  private let axes = Memory<Double>()
  private let halves = Memory<vc_sum>(zero: vc_sum())
  /// What `find` found, those that gain the most first.
  private(set) var cuts: [(gain: Double, index: Int)] = []

  /// Takes those clusters apart that gain the most, until there are `count` or none can be. The level's labels
  /// must be those of these centres.
  func split(_ centres: Centres, level: Points, to count: Int) {
    find(centres, level)
    for cut in cuts where centres.count < count && cut.gain > 0 {
      let (one, two) = parts(cut.index)
      centres[cut.index] = one
      centres.append(two)
    }
  }

  /// The means of the two halves that a cluster would be cut in.
  func parts(_ index: Int) -> (Point, Point) {
    let (a, b) = (halves[2 * index], halves[2 * index + 1])
    return (Point(a.x / a.w, a.y / a.w, a.z / a.w), Point(b.x / b.w, b.y / b.w, b.z / b.w))
  }

  /// Finds the cut of each cluster that has one. The level's labels must be those of these centres.
  func find(_ centres: Centres, _ level: Points) {
    let k = centres.count
    moments.reserve(6 * k)
    axes.reserve(3 * k)
    halves.reserve(2 * k)
    let (points, raw) = unsafe (level.raw, centres.raw())
    unsafe withUnsafePointer(to: points) { points in
      unsafe withUnsafePointer(to: raw) { raw in
        unsafe vc_moments(points, level.labels.base, raw, moments.base)
        (0..<k).forEach(findAxis)
        unsafe vc_cut(points, level.labels.base, raw, axes.base, halves.base)
      }
    }
    cuts.removeAll(keepingCapacity: true)
    for index in 0..<k {
      let (a, b) = (halves[2 * index], halves[2 * index + 1])
      guard a.w > 0, b.w > 0 else { continue }
      let (one, two) = parts(index)
      cuts.append((a.w * b.w / (a.w + b.w) * one.squaredDistance(to: two), index))
    }
    cuts.sort { ($0.gain, $1.index) > ($1.gain, $0.index) }
  }

  /// The direction in which a cluster spreads the most, by power iteration from the largest column of its
  /// moments.
  private func findAxis(_ index: Int) {
    let at = 6 * index
    let (xx, yy, zz) = (moments[at], moments[at + 1], moments[at + 2])
    let (xy, xz, yz) = (moments[at + 3], moments[at + 4], moments[at + 5])
    let (first, second, third) = (Point(xx, xy, xz), Point(xy, yy, yz), Point(xz, yz, zz))
    var axis = xx >= yy && xx >= zz ? first : yy >= zz ? second : third
    for _ in 0..<12 {
      let next = first * axis.x + second * axis.y + third * axis.z
      let length = next.squaredLength.squareRoot()
      guard length > 1e-9 else { break }
      axis = next * (1 / length)
    }
    axes[3 * index] = axis.x
    axes[3 * index + 1] = axis.y
    axes[3 * index + 2] = axis.z
  }
}
