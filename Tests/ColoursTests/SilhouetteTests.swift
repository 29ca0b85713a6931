import Testing

@testable import Colours

@Suite("Silhouettes")
struct SilhouetteTests {
  private func colours(
    _ width: Int, _ height: Int, lambda: Double = 50, noise: Double = 14
  ) throws -> LabelledColours {
    let pixels = Scenes.blobs(width: width, height: height, noise: noise)
    let clusterer = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .exact))
    _ = try clusterer.cluster(rgb: pixels.span, width: width, height: height)
    return try clusterer.labelled(rgb: pixels.span, width: width, height: height)
  }

  /// The mean over all pixels by the definition.
  private func plain(
    _ colours: LabelledColours, _ distance: (Point, Point) -> Double
  ) -> Double {
    var masses = [Double](repeating: 0, count: colours.centres.count)
    for (index, label) in colours.labels.enumerated() { masses[label] += colours.weights[index] }
    var mean = 0.0
    for (index, point) in colours.points.enumerated() {
      var sums = [Double](repeating: 0, count: masses.count)
      for (other, label) in colours.labels.enumerated() {
        sums[label] += colours.weights[other] * distance(point, colours.points[other])
      }
      let own = colours.labels[index]
      guard masses[own] > 1 else { continue }
      let a = sums[own] / (masses[own] - 1)
      let b =
        masses.indices.filter { $0 != own && masses[$0] > 0 }.map { sums[$0] / masses[$0] }
        .min() ?? 0
      mean += max(a, b) > 0 ? colours.weights[index] * (b - a) / max(a, b) : 0
    }
    return mean / colours.total
  }

  @Test(
    "The exact one is that of the definition, with any number of threads", arguments: [1, 2, 5])
  func exact(threads: Int) throws {
    let colours = try colours(40, 30)
    let silhouette = try Silhouette.exact(colours, threads: threads)
    let expected = plain(colours) { $0.squaredDistance(to: $1).squareRoot() }
    #expect(abs(silhouette.mean - expected) < 1e-12)
    #expect(silhouette.widths.allSatisfy { (-1...1).contains($0) })
  }

  @Test("Of many colours it is right to 1e-8, though they are summed in single precision")
  func large() throws {
    let colours = try colours(70, 50, noise: 30)
    let tiles = Tiles(colours, largeCount: 0)
    #expect(tiles.isLarge)
    let silhouette = try Silhouette.exact(tiles, colours, threads: 2) { _ in true }
    #expect(
      abs(silhouette.mean - plain(colours) { $0.squaredDistance(to: $1).squareRoot() }) < 1e-8)
  }

  @Test("The closed form for squared distances is that of the definition")
  func squared() throws {
    let colours = try colours(40, 30)
    let expected = plain(colours) { $0.squaredDistance(to: $1) }
    #expect(abs(Silhouette.squared(colours).mean - expected) < 1e-9)
  }

  @Test("The simplified one compares distances to centres, as a clustering tells it")
  func simplified() throws {
    let pixels = Scenes.blobs(width: 40, height: 30)
    let clusterer = ColourClusterer(settings: ColourSettings(coreset: .exact))
    let clustering = try clusterer.cluster(rgb: pixels.span, width: 40, height: 30)
    let colours = try clusterer.labelled(rgb: pixels.span, width: 40, height: 30)
    let simplified = Silhouette.simplified(colours)
    #expect(abs(clustering.simplifiedSilhouette - simplified.mean) < 1e-5)
    for (index, point) in colours.points.enumerated() {
      let distances = colours.centres.map { $0.squaredDistance(to: point).squareRoot() }.sorted()
      #expect(abs(simplified.widths[index] - (1 - distances[0] / distances[1])) < 1e-9)
    }
  }

  @Test("The three numbers differ: none may be told by another's name")
  func three() throws {
    let colours = try colours(40, 30, noise: 30)
    let means = [
      try Silhouette.exact(colours, threads: 1).mean, Silhouette.squared(colours).mean,
      Silhouette.simplified(colours).mean,
    ]
    #expect(abs(means[0] - means[1]) > 0.01 && abs(means[0] - means[2]) > 0.01)
  }

  @Test("One cluster, single pixels and equal colours give zero, not nothing")
  func edges() throws {
    let one = LabelledColours(
      points: [Point(1, 2, 3), Point(4, 5, 6)], weights: [2, 3], labels: [0, 0],
      centres: [Point(3, 4, 5)])
    #expect(try Silhouette.exact(one, threads: 2).mean == 0)
    #expect(Silhouette.squared(one).mean == 0)
    #expect(Silhouette.simplified(one).mean == 0)
    let two = LabelledColours(
      points: [Point(1, 2, 3), Point(4, 5, 6)], weights: [1, 1], labels: [0, 1],
      centres: [Point(1, 2, 3), Point(4, 5, 6)])
    #expect(try Silhouette.exact(two, threads: 2).mean == 0)
    #expect(Silhouette.squared(two).mean == 0)
    let same = LabelledColours(
      points: [Point(1, 2, 3), Point(1, 2, 3)], weights: [2, 2], labels: [0, 1],
      centres: [Point(1, 2, 3), Point(1, 2, 3)])
    #expect(try Silhouette.exact(same, threads: 1).mean == 0)
    #expect(Silhouette.simplified(same).mean == 0)
  }

  @Test("It tells how far it is, and ends when told to")
  func cancelling() throws {
    let colours = try colours(40, 30)
    #expect {
      _ = try Silhouette.exact(colours, threads: 1) { _ in false }
    } throws: { error in
      (error as? ColoursError)?.code == .cancelled
    }
    var shares: [Double] = []
    _ = try Silhouette.exact(colours, threads: 2) {
      shares.append($0)
      return true
    }
    #expect(shares.last == 1)
    #expect(shares == shares.sorted())
  }

  @Test(
    "The diagram has a knife for each cluster in its colour, axes, and the mean as a dashed line")
  func diagram() throws {
    let colours = try colours(40, 30)
    let palette = colours.centres.map(\.rounded)
    let svg = SilhouetteDiagram(
      title: "a < b & \"c\"", colours: colours,
      silhouette: try Silhouette.exact(colours, threads: 1), palette: palette
    ).svg
    #expect(svg.hasPrefix("<svg "))
    #expect(svg.contains("a &lt; b &amp; &quot;c&quot;"))
    #expect(svg.split(separator: "<polygon ").count - 1 == palette.count)
    for colour in palette { #expect(svg.contains("fill=\"\(colour.hex)\"")) }
    #expect(svg.contains("stroke-dasharray"))
    #expect(svg.contains("silhouette width"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }
}
