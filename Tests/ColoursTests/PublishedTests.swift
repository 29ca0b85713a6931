import CColours
import Testing

@testable import Colours

/// DP-means with delayed creation, written as plainly as it is published.
private struct PlainDPMeans {
  let points: [(point: Point, weight: Double)]
  let lambda: Double

  init(_ pixels: [UInt8], lambda: Double) {
    var counts: [RGB: Double] = [:]
    for index in stride(from: 0, to: pixels.count, by: 3) {
      counts[RGB(pixels[index], pixels[index + 1], pixels[index + 2]), default: 0] += 1
    }
    points = counts.map { (Point($0.key), $0.value) }
    self.lambda = lambda
  }

  /// - Returns: how many clusters, and the squared error at the last centres.
  func run() -> (count: Int, sse: Double) {
    let all = points.reduce(0) { $0 + $1.weight }
    let mean = points.reduce(Point(0, 0, 0)) { $0 + $1.point * ($1.weight / all) }
    let variance =
      points.reduce(0) { $0 + $1.weight / all * $1.point.squaredDistance(to: mean) } / 3
    var centres = [mean]
    while true {
      var sums = [(point: Point, weight: Double)](
        repeating: (Point(0, 0, 0), 0), count: centres.count)
      var (error, farthest, founder) = (0.0, lambda * lambda, Point?.none)
      for (point, weight) in points {
        let distances = centres.map { $0.squaredDistance(to: point) }
        let label = distances.indices.min { distances[$0] < distances[$1] } ?? 0
        sums[label] = (sums[label].point + point * weight, sums[label].weight + weight)
        error += weight * distances[label]
        if distances[label] > farthest { (farthest, founder) = (distances[label], point) }
      }
      var (way, moved) = (0.0, [Point]())
      for (centre, sum) in zip(centres, sums) where sum.weight > 0 {
        let mean = sum.point * (1 / sum.weight)
        way += mean.squaredDistance(to: centre)
        moved.append(mean)
      }
      if let founder {
        moved.append(founder)
      } else if way <= 1e-4 * variance {
        return (centres.count, error)
      }
      centres = moved
    }
  }
}

@Suite("The published algorithm")
struct PublishedTests {
  @Test(
    "All colours are clustered as by the algorithm written plainly, step by step",
    arguments: [26.0, 40, 60], [12.0, 30])
  func plain(lambda: Double, noise: Double) {
    let pixels = Scenes.blobs(width: 40, height: 24, blobs: 20, noise: noise, seed: 2)
    expectSame(pixels, lambda: lambda)
  }

  /// Few colours in a cube 64 wide are one block of the grid, here with more than 64 clusters, which are not listed.
  @Test("So are colours of which a block has more clusters than it lists", arguments: 1...3)
  func crowded(seed: UInt64) {
    var random = SplitMix(state: seed)
    let pixels = (0..<3 * 180).map { _ in UInt8(64 + Int(random.unit() * 64)) }
    let run = expectSame(pixels, lambda: 8)
    #expect(run.centres.count > 64)
  }

  /// More runs than wait at once, and more centres near them than are kept meanwhile.
  @Test(
    "Of colours spread over all the cube each counts for its nearest centre", arguments: [28.0, 45])
  func spread(lambda: Double) {
    var random = SplitMix(state: 6)
    let pixels = (0..<3 * 40_000).map { _ in UInt8(random.unit() * 256) }
    let run = PublishedRun(pixels, lambda: lambda)
    #expect(run.isAtRest)
    #expect(run.centres.count > Int(VC_POOL) / 16)
    let nearest = Centres()
    nearest.copy(run.centres)
    _ = run.grid.assign(nearest, floor: .infinity)
    // Some lie as near to two centres but for rounding.
    var elsewhere = 0.0
    for index in 0..<nearest.count {
      elsewhere += abs(nearest.sums[index].w - run.centres.sums[index].w)
    }
    #expect(elsewhere <= 8)
    #expect((0.99999...1.00001).contains(run.sse / nearest.squaredError(square: run.grid.square)))
    #expect((0..<nearest.count).reduce(0) { $0 + run.centres.sums[$1].w } == 40_000)
  }

  @discardableResult
  private func expectSame(_ pixels: [UInt8], lambda: Double) -> PublishedRun {
    let expected = PlainDPMeans(pixels, lambda: lambda).run()
    let run = PublishedRun(pixels, lambda: lambda)
    #expect(run.isAtRest)
    // Which of two colours equally far founds a cluster is open, and may be worth one.
    #expect(abs(run.centres.count - expected.count) <= expected.count / 40)
    if run.centres.count == expected.count {
      #expect((0.9999...1.0001).contains(run.sse / expected.sse))
    }
    return run
  }
}
