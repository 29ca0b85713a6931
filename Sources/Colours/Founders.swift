import CColours

extension Lloyd {
  /// Chooses the farthest points beyond the floor (squared) as founders: one a cluster at most, and no two within
  /// the floor of each other.
  /// - Parameter share: how many at once, as a share of the clusters there are; at least one.
  /// - Returns: false where nothing lies beyond.
  func pickFounders(floor: Double, share: Double, at point: (Int) -> Point) -> Bool {
    founders.removeAll(keepingCapacity: true)
    candidates.removeAll(keepingCapacity: true)
    for index in 0..<centres.count {
      let far = centres.far[index]
      if far.index != .max, far.distance > Float(floor) {
        candidates.append((far.distance, Int(far.index)))
      }
    }
    let room = 1 + Int(share * Double(centres.count))
    candidates.sort { ($0.distance, $1.index) > ($1.distance, $0.index) }
    for candidate in candidates where founders.count < room {
      let founder = point(candidate.index)
      if founders.allSatisfy({ $0.squaredDistance(to: founder) > floor }) {
        founders.append(founder)
      }
    }
    return !founders.isEmpty
  }

  func appendFounders() { founders.forEach(centres.append) }
}
