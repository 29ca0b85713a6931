import Testing

@testable import Colours

/// What lowers the error of the clusters that the published algorithm ends with.
@Suite("Exchange")
struct ExchangeTests {
  private static func scene(_ seed: UInt64) -> [UInt8] {
    Scenes.blobs(width: 200, height: 150, blobs: 3, noise: 100, seed: seed)
  }

  /// How many clusters the whole leaves and with how much error, as shares of what the published algorithm does.
  private func shares(
    _ pixels: [UInt8], lambda: Double
  ) throws -> (count: Double, error: Double) {
    let published = PublishedRun(pixels, lambda: lambda)
    let clustering = try ColourClusterer(
      settings: ColourSettings(lambda: lambda, coreset: .exact)
    ).cluster(rgb: pixels.span, width: 200, height: 150)
    #expect(clustering.count <= published.centres.count)
    #expect(clustering.sse <= published.sse * 1.0000001)
    #expect(clustering.farthest <= lambda * 1.000001)
    return (
      Double(clustering.count) / Double(published.centres.count), clustering.sse / published.sse
    )
  }

  @Test("There are no more clusters than published and no more error, each colour within lambda")
  func better() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      for lambda in [36.0, 50] { _ = try shares(Self.scene(seed), lambda: lambda) }
    }
    // Few clusters, all needed: less error.
    let few = Scenes.blobs(width: 200, height: 150, blobs: 6, noise: 10, seed: 2)
    #expect(try shares(few, lambda: 50).error < 0.95)
    // Some can be spared.
    #expect(try shares(Self.scene(3), lambda: 50).count < 0.98)
  }

  /// Cells are wide here beside lambda: much comes back.
  @Test("Where a change leaves colours beyond lambda there are fewer clusters and less error too")
  func wideCells() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let pixels = Scenes.blobs(width: 200, height: 150, blobs: 12, noise: 10, seed: seed)
      let shares = try shares(pixels, lambda: 20)
      #expect(shares.count < 1)
      #expect(shares.error < 1)
    }
  }

  /// Of these pictures so much is taken back that it is not worth the change.
  @Test("What leaves more error than published is undone, and what was gained before stays")
  func undone() throws {
    for (seed, error) in [(3, 1.0), (2, 0.997)] as [(UInt64, Double)] {
      let pixels = Scenes.blobs(width: 200, height: 150, blobs: 2, noise: 8, seed: seed)
      #expect(try shares(pixels, lambda: 16).error < error)
    }
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
    _ = Exchange().run(points, lambda: 20, centres: centres)
    #expect([[0, 200, 230], [10, 200, 230]].contains(places(centres)))
  }

  @Test(
    "None is given up whose colours would lie beyond lambda, nor where that costs more than it gains"
  )
  func noSwap() {
    for (lambda, weights) in [(9.0, (1.0, 1.0)), (20, (10, 1)), (20, (1, 0.1))] {
      let (points, centres) = pair(weights: weights)
      _ = Exchange().run(points, lambda: lambda, centres: centres)
      #expect(places(centres) == [0, 10, 215])
    }
  }

  /// What of the centres at these places is left where clusters are given up for good.
  /// - Parameters:
  ///   - colours: places of colours, each of weight 1.
  ///   - last: the error there was.
  private func left(
    of places: [Double], colours: [Double], lambda: Double, last: Double
  ) -> [Double] {
    let points = Points()
    points.reserve(colours.count)
    points.count = colours.count
    for (index, place) in colours.enumerated() {
      points.set(index, Point(place, 50, 50), weight: 1)
    }
    let centres = Centres()
    for place in places { centres.append(Point(place, 50, 50)) }
    Exchange().retire(points, lambda: lambda, last: last, centres: centres)
    #expect(centres.count == places.count)
    return self.places(centres).filter { $0 < 1000 }
  }

  @Test("Clusters go for good for half of the error that was saved")
  func retire() {
    let colours = [0.0, 10, 200, 230]
    let some = left(of: colours, colours: colours, lambda: 20, last: 300)
    #expect([[0, 200, 230], [10, 200, 230]].contains(some))
    #expect(left(of: colours, colours: colours, lambda: 9, last: 300) == colours)
    #expect(left(of: colours, colours: colours, lambda: 20, last: 150) == colours)
    // The first costs 100, the next 196.
    let more = [0.0, 10, 60, 74, 200, 230]
    let dear = left(of: more, colours: more, lambda: 20, last: 450)
    #expect([[0, 60, 74, 200, 230], [10, 60, 74, 200, 230]].contains(dear))
  }

  @Test("Of clusters near each other those stay that the others' colours need")
  func retireNeighbours() {
    let colours = (0..<20).map { 12.0 * Double($0) }
    let left = left(of: colours, colours: colours, lambda: 30, last: 1e6)
    #expect(left.count < 12)
    for colour in colours { #expect(left.contains { abs($0 - colour) <= 30 }) }
  }

  @Test("A cluster none of whose colours is seen among the cells stays")
  func retireUnknown() {
    let left = left(of: [0, 100, 150], colours: [0, 100], lambda: 20, last: 1e6)
    #expect(left == [0, 100, 150])
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
