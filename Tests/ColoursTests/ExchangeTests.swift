import Testing

@testable import Colours

/// What lowers the error of the clusters that the published algorithm ends with.
@Suite("Exchange")
struct ExchangeTests {
  private static func scene(_ seed: UInt64) -> [UInt8] {
    Scenes.blobs(width: 200, height: 150, blobs: 3, noise: 100, seed: seed)
  }

  @Test("There stay as many clusters as published, with less error, each colour within lambda")
  func better() throws {
    var shares: [Double] = []
    for seed in 1...4 as ClosedRange<UInt64> {
      for lambda in [36.0, 50] {
        let pixels = Self.scene(seed)
        let published = PublishedRun(pixels, lambda: lambda)
        let clustering = try ColourClusterer(
          settings: ColourSettings(lambda: lambda, coreset: .exact)
        ).cluster(rgb: pixels.span, width: 200, height: 150)
        #expect(clustering.count == published.centres.count)
        #expect(clustering.sse <= published.sse * 1.0000001)
        #expect(clustering.farthest <= lambda * 1.000001)
        shares.append(clustering.sse / published.sse)
      }
    }
    #expect(shares.contains { $0 < 0.97 })
  }

  /// Two colours near each other with a centre each, and two farther apart that share one.
  private func pair(weights: (Double, Double)) -> (points: Points, centres: Centres) {
    let (points, centres) = (Points(), Centres())
    let places = [0.0, 10, 200, 230]
    points.reserve(places.count)
    points.count = places.count
    for (index, place) in places.enumerated() {
      points.set(index, Point(place, 50, 50), weight: index < 2 ? weights.0 : weights.1)
    }
    for place in [0.0, 10, 215] { centres.append(Point(place, 50, 50)) }
    return (points, centres)
  }

  private func places(_ centres: Centres) -> [Double] {
    (0..<centres.count).map { centres[$0].x }.sorted()
  }

  @Test("A cluster that another can take in is given up for half of a wide one")
  func swap() {
    let (points, centres) = pair(weights: (1, 1))
    Exchange().run(points, lambda: 20, centres: centres)
    #expect([[0, 200, 230], [10, 200, 230]].contains(places(centres)))
  }

  @Test(
    "None is given up whose colours would lie beyond lambda, nor where that costs more than it gains"
  )
  func noSwap() {
    for (lambda, weights) in [(9.0, (1.0, 1.0)), (20, (10, 1)), (20, (1, 0.1))] {
      let (points, centres) = pair(weights: weights)
      Exchange().run(points, lambda: lambda, centres: centres)
      #expect(places(centres) == [0, 10, 215])
    }
  }

  @Test(
    "Whatever the centres were changed to, each colour lies within lambda again", arguments: 1...4)
  func settle(seed: UInt64) {
    let (pixels, lambda) = (Self.scene(seed), 50.0)
    let run = PublishedRun(pixels, lambda: lambda)
    let last = Centres()
    last.copy(run.centres)
    let published = run.sse
    var random = SplitMix(state: seed)
    for index in 0..<last.count where index % 3 == 0 {
      run.centres[index] = Point(255 * random.unit(), 255 * random.unit(), 255 * random.unit())
    }
    run.delayed.settle(
      run.centres, last: last, lambda: lambda, tolerance: 1e-4 * run.grid.variance)
    #expect(run.centres.count == last.count)
    expectWhole(run, pixels)
    #expect(run.sse < 1.2 * published)
  }

  /// Of this picture a cluster vanishes on the way.
  @Test("Clusters settle though one has vanished and others have taken its place")
  func vanished() {
    let pixels = Scenes.blobs(width: 60, height: 40, blobs: 10, noise: 60, seed: 6)
    let run = PublishedRun(pixels, lambda: 24)
    expectWhole(run, pixels)
    #expect((0..<run.centres.count).allSatisfy { run.centres.mean($0) != nil })
    let last = Centres()
    last.copy(run.centres)
    run.delayed.settle(
      run.centres, last: last, lambda: 24, tolerance: 1e-4 * run.grid.variance)
    expectWhole(run, pixels)
  }

  /// Each colour lies within lambda, and the sums are those of the centres' colours.
  private func expectWhole(_ run: PublishedRun, _ pixels: [UInt8]) {
    let nearest = Scenes.nearest(pixels, run.points)
    #expect(nearest.allSatisfy { $0.distance <= run.lambda * run.lambda * 1.000001 })
    let error = nearest.reduce(0) { $0 + $1.distance }
    #expect(abs(run.sse / error - 1) < 1e-6)
  }
}
