import CColours
import Testing

@testable import Colours

/// Kernels are compiled for several kinds of processor: those for lesser ones than this are tested too.
@Suite("Instructions")
struct InstructionTests {
  private struct Outcome {
    var exact: Clustering
    var live: Clustering
    var painted: [UInt8]
    var silhouette: Double
  }

  private func outcome(of pixels: [UInt8], _ width: Int, _ height: Int, lambda: Double) throws
    -> Outcome
  {
    let exact = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .exact))
    let clustering = try exact.cluster(rgb: pixels.span, width: width, height: height)
    let labelled = try exact.labelled(rgb: pixels.span, width: width, height: height)
    let live = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .histogram))
    var painted: [UInt8] = []
    let found = try live.cluster(rgb: pixels.span, width: width, height: height)
    try live.paint(rgb: pixels.span, width: width, height: height, into: &painted)
    return try Outcome(
      exact: clustering, live: found, painted: painted,
      silhouette: Silhouette.exact(labelled, threads: 1).mean)
  }

  @Test("All find the same clusters", arguments: [20.0, 50])
  func same(lambda: Double) throws {
    let (width, height) = (96, 64)
    let pixels = Scenes.blobs(width: width, height: height, blobs: 20, noise: 30, seed: 4)
    defer { vc_limit(Int32(VC_AVX512)) }
    var outcomes: [Outcome] = []
    for instructions in [VC_PLAIN, VC_AVX2, VC_AVX512] {
      vc_limit(Int32(instructions))
      outcomes.append(try outcome(of: pixels, width, height, lambda: lambda))
    }
    for other in outcomes.dropFirst() {
      for (one, two) in [(outcomes[0].exact, other.exact), (outcomes[0].live, other.live)] {
        #expect(one.count == two.count)
        #expect(abs(one.sse / two.sse - 1) < 1e-6)
        #expect(abs(one.farthest - two.farthest) < 1e-3)
        #expect(one.colours.map(\.rgb) == two.colours.map(\.rgb))
      }
      #expect(outcomes[0].painted == other.painted)
      #expect(abs(outcomes[0].silhouette - other.silhouette) < 1e-6)
    }
  }
}
