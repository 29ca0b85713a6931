import Testing

@testable import Colours

@Suite("Coresets")
struct CoresetTests {
  private static let centres = [Point(40, 60, 80), Point(200, 180, 90), Point(120, 20, 220)]

  private static func points(_ pixels: [UInt8]) -> Points {
    let points = Points()
    let all = Scenes.points(pixels)
    points.reserve(all.count)
    for (index, point) in all.enumerated() {
      points.set(index, point, weight: 1 + Double(index % 3))
    }
    points.count = all.count
    return points
  }

  /// The cost of the centres.
  private static func cost(_ points: Points) -> Double {
    (0..<points.count).reduce(0) { sum, index in
      let point = points.point(index)
      return sum + points.weight(index)
        * (centres.map { $0.squaredDistance(to: point) }.min() ?? 0)
    }
  }

  /// Shares by which the estimates of 200 seeds are wrong.
  private static func errors(_ points: Points, size: Int) -> [Double] {
    let (cost, sample) = (cost(points), Points())
    return (1...200).map { seed in
      Coreset.draw(size, from: points, seed: UInt64(seed), to: sample)
      return Self.cost(sample) / cost - 1
    }
  }

  private static func spread(_ errors: [Double]) -> Double {
    (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
  }

  @Test("Over 200 seeds the cost is estimated without bias, and the error falls as 1/sqrt(m)")
  func unbiased() {
    let points = Self.points(Scenes.blobs(width: 80, height: 50, noise: 25))
    var spreads: [Double] = []
    for size in [100, 400, 1600] {
      let errors = Self.errors(points, size: size)
      let mean = errors.reduce(0, +) / Double(errors.count)
      let spread = Self.spread(errors)
      // Four standard errors of the mean of 200.
      #expect(abs(mean) < 4 * spread / 200.0.squareRoot())
      spreads.append(spread)
    }
    #expect(spreads[0] < 0.5)
    for (more, less) in zip(spreads, spreads.dropFirst()) {
      #expect((1.6...2.5).contains(more / less))
    }
  }

  @Test("The weights add up to those of all points, but for chance")
  func mass() {
    let points = Self.points(Scenes.blobs())
    let all = (0..<points.count).reduce(0) { $0 + points.weight($1) }
    let sample = Points()
    var sum = 0.0
    for seed in 1...200 as ClosedRange<UInt64> {
      Coreset.draw(300, from: points, seed: seed, to: sample)
      sum += (0..<sample.count).reduce(0) { $0 + sample.weight($1) } / all
    }
    #expect(abs(sum / 200 - 1) < 0.02)
  }

  @Test("A seed draws the same, another one something else")
  func seeds() throws {
    let pixels = Scenes.blobs(width: 60, height: 40)
    func count(_ seed: UInt64) throws -> Clustering {
      var clustering = try ColourClusterer(
        settings: ColourSettings(lambda: 40, coreset: .sample(size: 60, seed: seed))
      ).cluster(rgb: pixels.span, width: 60, height: 40)
      clustering.milliseconds = 0
      return clustering
    }
    #expect(try count(5) == count(5))
    #expect(try count(5) != count(6))
  }

  @Test("The size of the analysis grows as it says")
  func size() throws {
    let size = try Coreset.size(clusters: 8, delta: 0.5, epsilon: 0.1)
    #expect(size == 467_200)  // (3 * 512 * 3 + 64 * 1) / 0.01
    #expect(try Coreset.size(clusters: 8, delta: 0.5, epsilon: 0.05) == 4 * size)
    #expect(try Coreset.size(clusters: 9, delta: 0.1, epsilon: 0.1) > size)
    #expect(throws: ColoursError.self) {
      _ = try Coreset.size(clusters: 0, delta: 0.1, epsilon: 0.1)
    }
    #expect(throws: ColoursError.self) {
      _ = try Coreset.size(clusters: 3, delta: 1, epsilon: 0.1)
    }
  }
}
