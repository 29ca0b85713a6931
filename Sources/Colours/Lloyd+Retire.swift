import CColours

extension Lloyd {
  /// Brings the number of clusters to `count`: retires those that cost the least among the ones whose points all
  /// lie within `radius` of other centres, or takes wide ones apart. May end with more where none can be spared.
  func resize(_ level: Points, to count: Int, radius: Double) {
    for _ in 0..<Self.roundsMax where centres.count > count {
      measure(level)
      findSpare(radius: radius)
      guard !spare.isEmpty else { break }
      // Half of them at once, none near another: what one's points go to must stay.
      let most = max(1, (centres.count - count + 1) / 2)
      var gone: [Int] = []
      for candidate in spare where gone.count < most {
        let place = centres[candidate.index]
        let isApart = gone.allSatisfy {
          centres[$0].squaredDistance(to: place) > 4 * radius * radius
        }
        if isApart { gone.append(candidate.index) }
      }
      gone.sort(by: >)
      gone.forEach(centres.remove)
      move(level, passes: 2)
    }
    guard centres.count < count else { return }
    pass(level, floor: .infinity)
    cuts.split(centres, level: level, to: count)
    move(level, passes: 2)
  }

  private static let roundsMax = 12

  /// Finds for every point the nearest and second nearest centre, and what the loss of each centre would cost.
  /// - Returns: the simplified silhouette, weighted.
  @discardableResult
  func measure(_ level: Points) -> Double {
    count()
    seconds.reserve(level.count + 2 * Int(VC_LANES))
    costs.reserve(centres.count)
    reaches.reserve(centres.count)
    let (points, raw) = unsafe (level.raw, centres.raw())
    return unsafe withUnsafePointer(to: points) { points in
      unsafe withUnsafePointer(to: raw) { raw in
        unsafe vc_second(points, raw, level.labels.base, level.distances.base, seconds.base)
        return unsafe vc_retire(
          points, level.labels.base, level.distances.base, seconds.base, UInt32(centres.count),
          costs.base, reaches.base)
      }
    }
  }

  /// Finds in `spare` the clusters whose points all lie within `radius` of other centres, those first whose loss costs
  /// the least, by what `measure` found.
  func findSpare(radius: Double) {
    spare.removeAll(keepingCapacity: true)
    for index in 0..<centres.count where reaches[index] <= Float(radius * radius) {
      spare.append((costs[index], index))
    }
    spare.sort { ($0.cost, $0.index) < ($1.cost, $1.index) }
  }
}
