import CColours

/// The passes of DP-means over weighted points: assign, found, move. It keeps its memory from frame to frame; one
/// thread at a time.
final class Lloyd {
  let centres = Centres()
  let cuts = Cuts()
  var founders: [Point] = []
  var candidates: [(distance: Float, index: Int)] = []
  var spare: [(cost: Double, index: Int)] = []
  let seconds = Memory<Float>()
  let costs = Memory<Double>()
  let reaches = Memory<Float>()
  let stopping: Stopping

  init(_ stopping: Stopping = Stopping()) { self.stopping = stopping }

  /// Passes over all points of a level since `begin`.
  private(set) var passes = 0

  func begin() { passes = 0 }
  func count(_ more: Int = 1) { passes += more }

  /// Leaves one cluster, at the weighted mean of the points.
  func startFromMean(_ level: Points) {
    centres.removeAll()
    centres.append(Point(128, 128, 128))
    _ = pass(level, floor: .infinity)
    _ = centres.moveToMeans()
  }

  /// Assigns every point to its nearest centre and gathers.
  /// - Parameter floor: squared distance from which on the farthest point of a cluster is told.
  /// - Returns: the sum of weighted squared distances.
  @discardableResult
  func pass(_ level: Points, floor: Double) -> Double {
    passes += 1
    let (points, raw) = unsafe (level.raw, centres.raw())
    unsafe withUnsafePointer(to: points) { points in
      unsafe withUnsafePointer(to: raw) { raw in
        unsafe vc_nearest(points, raw, level.labels.base, level.distances.base)
      }
    }
    return gather(level, floor: floor)
  }

  /// Gathers by the labels and distances that the points have of the last pass, or of `measure`.
  /// - Returns: the sum of weighted squared distances.
  func gather(_ level: Points, floor: Double) -> Double {
    let points = unsafe level.raw
    return unsafe withUnsafePointer(to: points) { points in
      unsafe vc_gather(
        points, level.labels.base, level.distances.base, centres.sums.base, centres.far.base,
        UInt32(centres.count), Float(floor))
    }
  }

  /// Passes until every point lies within `radius` of its centre and no centre moves by more than `tolerance`:
  /// centres go to their means, and the farthest points beyond found clusters.
  /// - Parameters:
  ///   - share: how many may be founded in one pass, as a share of the clusters there are; at least one.
  ///   - limit: passes at the most.
  func settle(
    _ level: Points, radius: Double, tolerance: Double, share: Double, limit: Int
  ) {
    for _ in 0..<limit where !stopping.isDue {
      pass(level, floor: radius * radius)
      let founds = pickFounders(floor: radius * radius, share: share) { level.point($0) }
      let way = centres.moveToMeans()
      appendFounders()
      if !founds, way <= tolerance * tolerance { return }
    }
  }

  /// Lets points beyond `radius` found clusters until there are none, and moves nothing.
  /// - Returns: the sum of weighted squared distances.
  func cover(_ level: Points, radius: Double) -> Double {
    while true {
      let error = pass(level, floor: radius * radius)
      guard !stopping.isDue,
        pickFounders(floor: radius * radius, share: 1, at: { level.point($0) })
      else {
        return error
      }
      appendFounders()
    }
  }

  /// Passes of Lloyd's without founding.
  func move(_ level: Points, passes: Int) {
    for _ in 0..<passes {
      pass(level, floor: .infinity)
      _ = centres.moveToMeans()
    }
  }
}
