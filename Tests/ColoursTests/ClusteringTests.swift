import Testing

@testable import Colours

private let coresets: [ColourSettings.Coreset] = [
  .histogram, .exact, .sample(size: 300, seed: 7),
]

@Suite("Clustering")
struct ClusteringTests {
  private func cluster(
    _ pixels: [UInt8], _ width: Int, _ height: Int, _ settings: ColourSettings = ColourSettings()
  ) throws -> Clustering {
    try ColourClusterer(settings: settings).cluster(
      rgb: pixels.span, width: width, height: height)
  }

  @Test("A picture of one colour has one cluster, that colour", arguments: coresets)
  func oneColour(coreset: ColourSettings.Coreset) throws {
    for lambda in [0.0, 3, 20, 50, 1000] {
      let clustering = try cluster(
        [UInt8](repeating: 77, count: 3 * 40 * 30), 40, 30,
        ColourSettings(lambda: lambda, coreset: coreset))
      #expect(clustering.count == 1)
      #expect(clustering.sse == 0)
      #expect(clustering.farthest == 0)
      #expect(clustering.colours.first?.rgb == RGB(77, 77, 77))
      #expect(clustering.colours.first?.share == 1)
      #expect(clustering.simplifiedSilhouette == 0)
    }
  }

  @Test("Two pixels are two colours if they lie farther than lambda from their mean, else one")
  func twoPixels() throws {
    let pixels: [UInt8] = [0, 0, 0, 100, 0, 0]
    for coreset in coresets {
      let near = try cluster(pixels, 2, 1, ColourSettings(lambda: 60, coreset: coreset))
      #expect(near.count == 1)
      if case .sample = coreset { continue }
      #expect(near.sse == 5000)
      #expect(near.farthest == 50)
      let far = try cluster(pixels, 2, 1, ColourSettings(lambda: 40, coreset: coreset))
      #expect(far.count == 2)
      #expect(far.sse == 0)
      #expect(Set(far.colours.map(\.rgb)) == [RGB(0, 0, 0), RGB(100, 0, 0)])
    }
  }

  @Test(
    "Lambda 0 makes every distinct colour a cluster, lambda 1000 one of all", arguments: coresets)
  func extremes(coreset: ColourSettings.Coreset) throws {
    let pixels = Scenes.blobs(width: 40, height: 30)
    let distinct = Set(Scenes.points(pixels).map { [$0.x, $0.y, $0.z] }).count
    let none = try cluster(pixels, 40, 30, ColourSettings(lambda: 0, coreset: coreset))
    if case .sample = coreset {
      #expect(none.count <= distinct)
    } else {
      #expect(none.count == distinct)
    }
    #expect(none.sse == 0)
    let all = try cluster(pixels, 40, 30, ColourSettings(lambda: 1000, coreset: coreset))
    #expect(all.count == 1)
    #expect(all.objective == all.sse + 1e6)
  }

  @Test("More than a thousand clusters are found, and all pixels lie within lambda")
  func many() throws {
    var random = SplitMix(state: 3)
    let pixels = (0..<3 * 120 * 100).map { _ in UInt8(random.next() & 255) }
    for coreset in coresets {
      let clustering = try cluster(
        pixels, 120, 100, ColourSettings(lambda: 18, coreset: coreset))
      #expect(clustering.count > 1000)
      #expect(clustering.farthest <= 18.0001)
    }
  }

  @Test(
    "Every pixel lies within lambda of its centre and the figures are those of the pixels",
    arguments: coresets, [3.0, 9, 17, 31, 32, 50, 90])
  func figures(coreset: ColourSettings.Coreset, lambda: Double) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let pixels = Scenes.blobs(width: 64, height: 40, noise: 8 * Double(seed), seed: seed)
      let clustering = try cluster(
        pixels, 64, 40, ColourSettings(lambda: lambda, coreset: coreset))
      let nearest = Scenes.nearest(pixels, clustering.colours.map(\.centre))
      let (sse, farthest) = (
        nearest.reduce(0) { $0 + $1.distance }, nearest.map(\.distance).max()?.squareRoot() ?? 0
      )
      #expect(abs(clustering.sse - sse) <= 1e-6 * sse + 1e-3)
      #expect(abs(clustering.farthest - farthest) < 1e-3)
      #expect(farthest <= lambda * 1.00001)
      var counts = [Int](repeating: 0, count: clustering.count)
      for pixel in nearest { counts[pixel.label] += 1 }
      #expect(counts == clustering.colours.map(\.pixels))
      #expect(abs(clustering.colours.reduce(0) { $0 + $1.share } - 1) < 1e-9)
      #expect(clustering.objective == clustering.sse + lambda * lambda * Double(clustering.count))
      #expect(clustering.iterations > 0)
      #expect((-1...1).contains(clustering.simplifiedSilhouette))
    }
  }

  @Test("The same picture gives the same clusters, in any order of rows and with any padding")
  func deterministic() throws {
    let (width, height) = (50, 40)
    let pixels = Scenes.blobs(width: width, height: height)
    for coreset in coresets {
      let settings = ColourSettings(coreset: coreset)
      var one = try cluster(pixels, width, height, settings)
      let clusterer = ColourClusterer(settings: settings)
      _ = try clusterer.cluster(
        rgb: Scenes.blobs(width: 30, height: 90, seed: 9).span, width: 30, height: 90)
      clusterer.reset()
      var padded: [UInt8] = []
      for row in 0..<height {
        padded += pixels[3 * width * row..<3 * width * (row + 1)] + [255, 0, 255, 0, 1]
      }
      var two = try clusterer.cluster(
        rgb: padded.span, width: width, height: height, stride: 3 * width + 5)
      (one.milliseconds, two.milliseconds) = (0, 0)
      #expect(one == two)
    }
  }

  @Test("Grey pictures and CIELAB work, and never give a number that is none", arguments: coresets)
  func greyAndLab(coreset: ColourSettings.Coreset) throws {
    let grey = (0..<60 * 40).flatMap { index in [UInt8](repeating: UInt8(index % 256), count: 3) }
    for space in ColourSpace.allCases {
      for lambda in [0.0, 0.3, 1, 5, 12, 40] {
        let settings = ColourSettings(lambda: lambda, coreset: coreset, space: space)
        let clustering = try cluster(grey, 60, 40, settings)
        #expect(clustering.sse.isFinite && clustering.farthest.isFinite)
        #expect(clustering.simplifiedSilhouette.isFinite)
        #expect(clustering.farthest <= lambda * 1.0001 + 1e-6)
        for colour in clustering.colours {
          #expect(colour.centre.x.isFinite && colour.share.isFinite && colour.pixels > 0)
          #expect(abs(Int(colour.rgb.red) - Int(colour.rgb.green)) <= 1)
        }
      }
    }
  }

  @Test("Random small pictures at random lambdas keep every promise")
  func fuzz() throws {
    var random = SplitMix(state: 99)
    for round in 0..<300 {
      let (width, height) = (1 + Int(random.unit() * 12), 1 + Int(random.unit() * 12))
      let mask = UInt8(truncatingIfNeeded: [255, 192, 240, 1][round % 4])
      let pixels = (0..<3 * width * height).map { _ in UInt8(random.next() & 255) & mask }
      let settings = ColourSettings(
        lambda: [0, 0.4, 2, 10, 16, 40, 120, 500][Int(random.unit() * 8)],
        coreset: coresets[round % 3], space: round % 5 == 0 ? .lab : .rgb)
      let clusterer = ColourClusterer(settings: settings)
      for _ in 0..<2 {
        let clustering = try clusterer.cluster(rgb: pixels.span, width: width, height: height)
        #expect(clustering.colours.reduce(0) { $0 + $1.pixels } == width * height)
        #expect(clustering.farthest <= settings.lambda * 1.0001 + 1e-6)
        #expect(clustering.sse.isFinite && clustering.simplifiedSilhouette.isFinite)
      }
    }
  }

  @Test("What cannot be is refused in a sentence")
  func refusals() throws {
    let pixels = [UInt8](repeating: 0, count: 300)
    #expect(throws: ColoursError.self) { _ = try cluster(pixels, 0, 10) }
    #expect(throws: ColoursError.self) { _ = try cluster(pixels, 101, 1) }
    #expect(throws: ColoursError.self) { _ = try cluster(pixels, 1 << 40, 1 << 40) }
    #expect(throws: ColoursError.self) {
      _ = try cluster(pixels, 10, 10, ColourSettings(lambda: .nan))
    }
    #expect(throws: ColoursError.self) {
      _ = try cluster(pixels, 10, 10, ColourSettings(lambda: -1))
    }
    #expect(throws: ColoursError.self) {
      _ = try cluster(pixels, 10, 10, ColourSettings(coreset: .sample(size: 0, seed: 1)))
    }
    var painted: [UInt8] = []
    #expect(throws: ColoursError.self) {
      try ColourClusterer().paint(rgb: pixels.span, width: 10, height: 10, into: &painted)
    }
  }

  @Test("The painted picture has each pixel in its nearest centre's colour", arguments: coresets)
  func painting(coreset: ColourSettings.Coreset) throws {
    let pixels = Scenes.blobs(width: 60, height: 50)
    for (lambda, space) in [(50.0, ColourSpace.rgb), (20, .rgb), (8, .rgb), (15, .lab)] {
      let clusterer = ColourClusterer(
        settings: ColourSettings(lambda: lambda, coreset: coreset, space: space))
      _ = try clusterer.cluster(rgb: pixels.span, width: 60, height: 50)
      var painted: [UInt8] = []
      try clusterer.paint(rgb: pixels.span, width: 60, height: 50, into: &painted)
      let colours = try clusterer.labelled(rgb: pixels.span, width: 60, height: 50)
      let palette = clusterer.palette
      for (index, point) in Scenes.points(pixels).enumerated() {
        let colour = RGB(UInt8(point.x), UInt8(point.y), UInt8(point.z))
        let place = space == .lab ? CIELAB.point(colour) : point
        let least = colours.centres.map { $0.squaredDistance(to: place) }.min() ?? 0
        let own = RGB(painted[3 * index], painted[3 * index + 1], painted[3 * index + 2])
        let distances = palette.indices.filter { palette[$0] == own }
          .map { colours.centres[$0].squaredDistance(to: place) }
        #expect((distances.min() ?? .infinity) <= least + 1e-3)
      }
    }
  }
}
