import CColours

/// From coarse to fine, by coreset. Each ends with the centres that are told, and with what they gathered from all
/// pixels in one last pass that moves nothing.
extension ColourClusterer {
  /// Live: histograms of 4 and 5 bits, or 5 and 6 where lambda is small; then every pixel is labelled. Clusters are found
  /// anew in each frame, which is cheap on bins. Those of the last frame are taken instead, moved to this one's
  /// bins, where they are as many and as good: so palettes are steadier, and no worse than those of a frame alone.
  func fromHistogram(_ pixels: Pixels) -> (Found, Int) {
    let bits = settings.lambda >= 32 ? 5 : 6
    let (fine, coarse) = (histogram(bits), histogram(bits - 1))
    fine.count(pixels)
    coarse.count(fine)
    let error = findAnew(coarse: coarse.points, fine: fine.points)
    let isLast = takeLast(fine.points, error: error)
    last.copy(lloyd.centres)
    let farthest = cover(pixels, by: fine, orElse: isLast ? anew : nil)
    let sse = lloyd.centres.squaredError(square: fine.square)
    return (Found(sse: sse, farthest: farthest, silhouette: silhouette(fine.points)), bits)
  }

  /// - Returns: the squared error over the bins.
  private func findAnew(coarse: Points, fine: Points) -> Double {
    let lambda = settings.lambda
    lloyd.startFromMean(coarse)
    lloyd.settle(
      coarse, radius: Self.coarseRadius * lambda, tolerance: 1, share: 0.25, limit: Self.passesMax)
    lloyd.settle(fine, radius: lambda, tolerance: 1, share: 0.25, limit: 8)
    return lloyd.cover(fine, radius: lambda)
  }

  /// Takes the last frame's clusters, moved, and merged or taken apart until they are as many as were found
  /// anew, if they fit this frame's bins as well. What was found is in `anew` then, with its `error`.
  private func takeLast(_ fine: Points, error: Double) -> Bool {
    guard last.count > 0 else { return false }
    let (lambda, count) = (settings.lambda, lloyd.centres.count)
    anew.copy(lloyd.centres)
    lloyd.centres.copy(last)
    lloyd.settle(fine, radius: lambda, tolerance: 1, share: 0.25, limit: 3)
    if lloyd.centres.count != count {
      lloyd.resize(fine, to: count, radius: 0.99 * lambda)
      lloyd.settle(fine, radius: lambda, tolerance: 1, share: 0.25, limit: 2)
    }
    if lloyd.centres.count == count {
      let share = lloyd.pass(fine, floor: .infinity) / max(1, error)
      let isCovered = Double(fine.greatestDistance) <= lambda * lambda
      if isCovered, Self.asGood.contains(share) { return true }
    }
    lloyd.centres.copy(anew)
    return false
  }

  /// All distinct colours, step by step as the algorithm is published; then fewer clusters with less error.
  func fromColours(_ pixels: Pixels) -> Found {
    grid.fill(pixels, space: .rgb)
    let tolerance = Self.toleranceShare * grid.variance
    let isAtRest = delayed.run(
      grid, lambda: settings.lambda, tolerance: tolerance, centres: lloyd.centres)
    if isAtRest, !stopping.isDue { exchangeClusters(tolerance: tolerance) }
    let farthest = isAtRest ? delayed.gather(lloyd.centres) : .infinity
    lloyd.count(delayed.passes)
    // Floats chose which is farthest: nearer to lambda than they tell, all are looked at exactly.
    guard farthest < settings.lambda * settings.lambda - Self.rounding else {
      return isAtRest
        ? settleOnGrid(passes: 1, share: 0) : settleOnGrid(passes: 20, share: 0.25)
    }
    return Found(
      sse: lloyd.centres.squaredError(square: grid.square), farthest: farthest.squareRoot(),
      silhouette: silhouetteOfGrid)
  }

  /// Lets clusters at rest be exchanged, and then some be given up, where that leaves no more error.
  private func exchangeClusters(tolerance: Double) {
    let (centres, lambda) = (lloyd.centres, settings.lambda)
    grid.takeCells(cells)
    published.copy(centres)
    let error = exchange.run(cells, lambda: lambda, centres: centres)
    settle(last: published, tolerance: tolerance)
    exchanged.copy(centres)
    exchange.retire(cells, lambda: lambda, last: error, centres: centres)
    settle(last: exchanged, tolerance: tolerance)
    lloyd.count(exchange.passes)
    centres.removeEmpty()
  }

  /// Brings clusters that were changed to rest again. What leaves colours beyond lambda is taken back, which can cost more
  /// than the change gained: all is, where there would be more error than the published algorithm left.
  private func settle(last: Centres, tolerance: Double) {
    let (centres, square) = (lloyd.centres, grid.square)
    delayed.settle(centres, last: last, lambda: settings.lambda, tolerance: tolerance)
    if centres.squaredError(square: square) > published.squaredError(square: square) {
      centres.copy(last)
    }
  }

  /// Small lambda, or L*a*b*: cells of distinct colours, then the colours.
  func fromGrid(_ pixels: Pixels) -> Found {
    grid.fill(pixels, space: settings.space)
    let lambda = settings.lambda
    if lambda < Self.lambdaOfOneColour(settings.space) {
      lloyd.centres.removeAll()
      for index in 0..<grid.points.count { lloyd.centres.append(grid.points.point(index)) }
      return settleOnGrid(passes: 1, share: 0)
    }
    grid.takeCells(cells)
    lloyd.startFromMean(cells)
    if lambda >= 4 {
      lloyd.settle(cells, radius: lambda, tolerance: 0.5, share: 0.1, limit: Self.passesMax)
    }
    return settleOnGrid(passes: 20, share: 0.25)
  }

  /// Below that no two colours share a cluster.
  private static func lambdaOfOneColour(_ space: ColourSpace) -> Double {
    space == .rgb ? 0.5 : 0.01
  }

  /// DP-means on a coreset; then pixels beyond lambda found clusters as always.
  func fromSample(_ pixels: Pixels, size: Int, seed: UInt64) -> Found {
    grid.fill(pixels, space: settings.space)
    Coreset.draw(size, from: grid.points, seed: seed, to: sample)
    lloyd.startFromMean(sample)
    lloyd.settle(
      sample, radius: settings.lambda, tolerance: 0.1, share: 0, limit: Self.passesMax)
    return settleOnGrid(passes: 1, share: 0.1)
  }

  /// Passes over the distinct colours, `passes` of them and then as many as it takes until each lies within
  /// lambda of its centre.
  private func settleOnGrid(passes: Int, share: Double) -> Found {
    let floor = settings.lambda * settings.lambda
    var error = 0.0
    for turn in 1..<Self.passesMax + 2 where !stopping.isDue {
      error = grid.assign(lloyd.centres, floor: turn < passes ? floor : floor / 2)
      lloyd.count()
      let founds = lloyd.pickFounders(floor: floor, share: share) { grid.points.point($0) }
      // The last passes only found: then each colour gets covered, at the latest by itself.
      if turn >= passes, !founds { break }
      if turn < Self.passesMax / 2 {
        let way = lloyd.centres.moveToMeans()
        lloyd.appendFounders()
        if !founds, way < 1e-6 { break }
      } else {
        lloyd.appendFounders()
      }
    }
    if farthest == 0, !stopping.isSet {
      error = grid.assign(lloyd.centres, floor: 0)
    }
    return Found(sse: error, farthest: farthest, silhouette: silhouetteOfGrid)
  }

  /// Labels every pixel once those beyond lambda have founded clusters, the farthest first. No centre moves any
  /// more: what is near one stays so.
  /// - Parameter other: centres to begin anew with where pixels lie beyond.
  /// - Returns: the distance of the farthest pixel from its centre.
  private func cover(_ pixels: Pixels, by histogram: Histogram, orElse other: Centres?) -> Double {
    let limit = settings.lambda * settings.lambda
    var other = other
    while true {
      let outcome = unsafe labelling.label(
        pixels, by: histogram, centres: lloyd.centres, limit: limit)
      lloyd.count()
      guard !outcome.beyond.isEmpty, !stopping.isDue else { return outcome.farthest.squareRoot() }
      if let centres = other {
        lloyd.centres.copy(centres)
        last.copy(centres)
        other = nil
      } else if !found(outcome.beyond, floor: limit) {
        // Within but for rounding.
        return outcome.farthest.squareRoot()
      }
    }
  }

  /// Lets the farthest of these found a cluster until each lies within the floor (squared) of a centre.
  /// - Returns: false where each does already.
  private func found(_ open: [Point], floor: Double) -> Bool {
    let (centres, count) = (lloyd.centres, lloyd.centres.count)
    var distances = open.map { point in
      (0..<centres.count).reduce(Double.infinity) {
        min($0, centres[$1].squaredDistance(to: point))
      }
    }
    while !stopping.isDue,
      let farthest = distances.indices.max(by: { distances[$0] < distances[$1] }),
      distances[farthest] > floor
    {
      let founder = open[farthest]
      centres.append(founder)
      for index in open.indices {
        distances[index] = min(distances[index], founder.squaredDistance(to: open[index]))
      }
    }
    return centres.count > count
  }

  /// Of what the last pass told.
  private var farthest: Double {
    var most: Float = 0
    for index in 0..<lloyd.centres.count where lloyd.centres.far[index].index != .max {
      most = max(most, lloyd.centres.far[index].distance)
    }
    return Double(most).squareRoot()
  }

  private var hasSilhouette: Bool {
    !stopping.isSet && lloyd.centres.count > 1 && lloyd.centres.count <= Self.clustersForSilhouette
  }

  /// The simplified silhouette over a level.
  private func silhouette(_ level: Points) -> Double {
    guard hasSilhouette else { return 0 }
    var weight = 0.0
    for index in 0..<level.count { weight += level.weight(index) }
    return lloyd.measure(level) / weight
  }

  /// The simplified silhouette over all distinct colours.
  private var silhouetteOfGrid: Double {
    hasSilhouette ? grid.simplifiedSilhouette(lloyd.centres) : 0
  }

  /// What ways of all centres in one pass, squared and summed, count as rest, as a share of a coordinate's variance:
  /// what scikit-learn and pdc-dp-means take.
  private static let toleranceShare = 1e-4
  /// DP-means ends long before; a picture never takes forever.
  private static let passesMax = 600
  /// Bins lie nearer to their cluster than the farthest of their pixels does.
  private static let coarseRadius = 0.9
  /// By which share of the squared error found anew the last frame's clusters may differ.
  private static let asGood = 0.98...1.015
  private static let clustersForSilhouette = 4096
  /// By how much a squared distance in floats may be wrong, and more.
  private static let rounding = 0.1
}
