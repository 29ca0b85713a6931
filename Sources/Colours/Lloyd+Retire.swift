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

  /// Moves clusters that can be spared to where one more gains the most, as long as that lowers the squared
  /// error; their number stays.
  func exchange(_ level: Points, radius: Double, rounds: Int) {
    var (most, failures) = (max(1, centres.count / 6), 0)
    for _ in 0..<rounds where failures < Self.failuresMax {
      measure(level)
      let before = squaredError(level)
      saved.copy(centres)
      findSpare(radius: radius)
      guard cuts.relocate(spare, centres, level: level, most: most, radius: radius) > 0 else {
        return
      }
      move(level, passes: 3)
      if pass(level, floor: .infinity) >= before * Self.gainMin || centres.count > saved.count {
        centres.copy(saved)
        failures += 1
        most = max(1, most / 2)
      }
    }
  }

  private static let roundsMax = 12
  private static let failuresMax = 3
  private static let gainMin = 0.999

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

  private func findSpare(radius: Double) {
    spare.removeAll(keepingCapacity: true)
    for index in 0..<centres.count where reaches[index] <= Float(radius * radius) {
      spare.append((costs[index], index))
    }
    spare.sort { ($0.cost, $0.index) < ($1.cost, $1.index) }
  }

  private func squaredError(_ level: Points) -> Double {
    var total = 0.0
    for index in 0..<level.count { total += level.weight(index) * Double(level.distances[index]) }
    return total
  }
}
