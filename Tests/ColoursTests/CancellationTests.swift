import Testing

@testable import Colours

/// Long work ends when it is told to, and leaves nothing behind.
@Suite("Cancelling")
struct CancellationTests {
  private static let settings = [
    ColourSettings(lambda: 30), ColourSettings(lambda: 20, coreset: .exact),
    ColourSettings(lambda: 5, coreset: .exact), ColourSettings(lambda: 10, space: .lab),
    ColourSettings(lambda: 30, coreset: .sample(size: 500, seed: 1)),
  ]

  @Test("A clustering ends at whichever pass it is told to", arguments: settings)
  func clustering(settings: ColourSettings) throws {
    let pixels = Scenes.blobs(width: 80, height: 60, noise: 40)
    let clusterer = ColourClusterer(settings: settings)
    var asked = 0
    clusterer.isCancelled = {
      asked += 1
      return false
    }
    let whole = try clusterer.cluster(rgb: pixels.span, width: 80, height: 60)
    let passes = asked
    #expect(passes >= 3)
    for last in Set([1, 2, passes / 2, passes]) {
      clusterer.reset()
      asked = 0
      clusterer.isCancelled = {
        asked += 1
        return asked >= last
      }
      #expect {
        _ = try clusterer.cluster(rgb: pixels.span, width: 80, height: 60)
      } throws: { error in
        (error as? ColoursError)?.code == .cancelled
      }
      // Told once, it asks no more.
      #expect(asked == last)
      clusterer.isCancelled = { false }
      var painted: [UInt8] = []
      #expect(throws: ColoursError.self) {
        try clusterer.paint(rgb: pixels.span, width: 80, height: 60, into: &painted)
      }
    }
    let again = try clusterer.cluster(rgb: pixels.span, width: 80, height: 60)
    #expect(again.colours == whole.colours && again.sse == whole.sse)
  }

  @Test("A silhouette that would take too much memory is refused before any is taken")
  func memory() throws {
    let count = 1 << 20
    let points = (0..<count).map {
      Point(Double($0 & 255), Double($0 >> 8 & 255), Double($0 >> 16))
    }
    let colours = LabelledColours(
      points: points, weights: [Double](repeating: 1, count: count), labels: Array(0..<count),
      centres: points)
    #expect {
      _ = try Silhouette.exact(colours, threads: 1)
    } throws: { error in
      let error = error as? ColoursError
      return error?.code == .tooLarge && error?.description.contains("larger lambda") == true
    }
  }

  @Test("Colours are counted once each")
  func distinct() {
    let pixels: [UInt8] = [0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 1, 1, 0, 0, 255, 255, 255]
    #expect(DistinctColours.count(pixels.span) == 4)
    #expect(DistinctColours.count([UInt8]().span) == 0)
  }
}
