import CColours

/// Mends clusters at rest. DP-means leaves some that others could spare beside some that are too wide, as it hangs on what
/// came to found a cluster when. Here those that can be spared, as all their colours lie within lambda of other
/// centres, give their colours up. They take over half of a wide one's where that leaves less error: the swaps of
/// Fränti, 'Efficiency of random swap clustering', Journal of Big Data 5, 2018, but those that promise the most in place
/// of random ones, and several at once where they are far apart. Half of the error that this saves is then spent on
/// having fewer: some go for good. It works on the means of cells, which tell well enough what is gained. It keeps its
/// memory; one thread at a time.
final class Exchange {
  private let lloyd: Lloyd
  private let best = Centres()
  private var taken: [Int] = []

  init(_ stopping: Stopping = Stopping()) { lloyd = Lloyd(stopping) }

  /// Passes since the last run began.
  var passes: Int { lloyd.passes }

  /// Most pictures take two or three.
  private static let roundsMax = 4
  /// After a round that lowers the error by less there is no other.
  private static let worthwhile = 0.9985
  /// In one round: that keeps the search for them short.
  private static let exchangesMax = 16
  /// How far apart clusters are that are exchanged or given up in one round, in lambda: none counts on what another gives
  /// up.
  private static let apart = 1.5
  /// Within which share of lambda the cells' means must lie from other centres where a cluster goes for good: some of
  /// their colours lie farther.
  private static let near = 0.97

  /// Exchanges clusters as long as that pays.
  /// - Parameters:
  ///   - cells: the means of cells some way smaller than lambda.
  ///   - centres: are moved where that leaves less error; how many there are and what they gathered stays. A colour may
  ///     lie beyond lambda then.
  /// - Returns: the error over the cells before.
  func run(_ cells: Points, lambda: Double, centres: Centres) -> Double {
    lloyd.begin()
    lloyd.centres.copy(centres)
    var (first, least) = (0.0, Double.infinity)
    for round in 0... {
      let error = measure(cells)
      if round == 0 { first = error }
      guard error < least else { break }
      best.copy(lloyd.centres)
      guard error < Self.worthwhile * least, round < Self.roundsMax, !lloyd.stopping.isDue,
        exchange(cells, lambda: lambda)
      else { break }
      least = error
    }
    for index in 0..<centres.count { centres[index] = best[index] }
    return first
  }

  /// Gives up clusters for good, those first that cost the least, for half of the error that was saved.
  /// - Parameters:
  ///   - last: the error over the cells before it was saved.
  ///   - centres: those of clusters that are given up go where nothing is near; the others, and what all gathered, stay.
  ///     A colour may lie beyond lambda then.
  func retire(_ cells: Points, lambda: Double, last: Double, centres: Centres) {
    lloyd.centres.copy(centres)
    var error = measure(cells)
    let most = (last + error) / 2
    for _ in 0..<Self.roundsMax where !lloyd.stopping.isDue {
      best.copy(lloyd.centres)
      lloyd.findSpare(radius: Self.near * lambda)
      taken.removeAll(keepingCapacity: true)
      for (cost, spare) in lloyd.spare where isKnown(spare) && isApart(best[spare], lambda: lambda)
      {
        error += cost
        guard error <= most else { break }
        taken.append(spare)
      }
      guard !taken.isEmpty else { return }
      for index in taken { centres[index] = .nowhere }
      lloyd.centres.copy(centres)
      error = measure(cells)
    }
  }

  /// - Returns: the error.
  private func measure(_ cells: Points) -> Double {
    lloyd.measure(cells)
    return lloyd.gather(cells, floor: .infinity)
  }

  /// Exchanges the clusters that cost the least for halves of those whose cuts gain the most, and moves the others to
  /// their means.
  /// - Returns: false where none is worth it, and nothing moved.
  private func exchange(_ cells: Points, lambda: Double) -> Bool {
    let centres = lloyd.centres
    lloyd.findSpare(radius: lambda)
    lloyd.cuts.find(centres, cells)
    taken.removeAll(keepingCapacity: true)
    for (cost, spare) in lloyd.spare where isKnown(spare) && isApart(best[spare], lambda: lambda) {
      guard taken.count < 2 * Self.exchangesMax else { break }
      let cut = lloyd.cuts.cuts.first {
        $0.index != spare && isApart(best[$0.index], lambda: lambda)
      }
      guard let cut, cut.gain > cost else { break }
      (centres[cut.index], centres[spare]) = lloyd.cuts.parts(cut.index)
      taken += [cut.index, spare]
    }
    guard !taken.isEmpty else { return false }
    for index in 0..<centres.count where !taken.contains(index) {
      if let mean = centres.mean(index) { centres[index] = mean }
    }
    return true
  }

  /// Whether a cluster has cells: one with colours but no cell's mean is not known to be spare.
  private func isKnown(_ index: Int) -> Bool { best.sums[index].w > 0 }

  /// Whether a place is far from all clusters that are taken in this round.
  private func isApart(_ place: Point, lambda: Double) -> Bool {
    let least = Self.apart * lambda
    return taken.allSatisfy { best[$0].squaredDistance(to: place) >= least * least }
  }
}
