import CColours
import Testing

@testable import Colours

/// Kernels are compiled for several kinds of processor: those for lesser ones than this are tested too.
@Suite("Instructions")
struct InstructionTests {
  private static let kinds = [VC_PLAIN, VC_AVX2, VC_AVX512]

  private struct Outcome {
    var clusterings: [Clustering]
    var painted: [UInt8]
  }

  private func outcome(of pixels: [UInt8], _ width: Int, _ height: Int, lambda: Double) throws
    -> Outcome
  {
    let exact = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .exact))
    let live = ColourClusterer(settings: ColourSettings(lambda: lambda, coreset: .histogram))
    let clusterings = [
      try exact.cluster(rgb: pixels.span, width: width, height: height),
      try live.cluster(rgb: pixels.span, width: width, height: height),
    ]
    var painted: [UInt8] = []
    try live.paint(rgb: pixels.span, width: width, height: height, into: &painted)
    return Outcome(clusterings: clusterings, painted: painted)
  }

  @Test("All find the same clusters", arguments: [20.0, 50])
  func clusters(lambda: Double) throws {
    let (width, height) = (96, 64)
    let pixels = Scenes.blobs(width: width, height: height, blobs: 20, noise: 30, seed: 4)
    defer { vc_limit(Int32(VC_AVX512)) }
    let most = vc_instructions()
    var outcomes: [Outcome] = []
    for kind in Self.kinds {
      vc_limit(Int32(kind))
      #expect(vc_instructions() == min(most, Int32(kind)))
      outcomes.append(try outcome(of: pixels, width, height, lambda: lambda))
    }
    for other in outcomes.dropFirst() {
      for (one, two) in zip(outcomes[0].clusterings, other.clusterings) {
        #expect(one.count == two.count)
        #expect(abs(one.sse / two.sse - 1) < 1e-6)
        #expect(abs(one.farthest - two.farthest) < 1e-3)
        #expect(abs(one.simplifiedSilhouette - two.simplifiedSilhouette) < 1e-5)
        #expect(one.colours.map(\.rgb) == two.colours.map(\.rgb))
      }
      #expect(outcomes[0].painted == other.painted)
    }
  }

  @Test("All add up the same distances")
  func distances() {
    let points = Points()
    points.reserve(2 * Int(VC_TILE))
    points.count = 2 * Int(VC_TILE)
    var random = SplitMix(state: 9)
    for index in 0..<points.count {
      let place = Point(255 * random.unit(), 255 * random.unit(), 255 * random.unit())
      points.set(index, place, weight: 1 + 9 * random.unit())
    }
    defer { vc_limit(Int32(VC_AVX512)) }
    let side = UInt32(VC_TILE)
    let sums = Self.kinds.map { kind in
      vc_limit(Int32(kind))
      let (single, double) = (Memory<Double>(capacity: 128), Memory<Double>(capacity: 128))
      let raw = unsafe points.raw
      unsafe withUnsafePointer(to: raw) { raw in
        unsafe vc_tile_float(raw, 0, side, side, 2 * side, single.base, single.base + 64)
        unsafe vc_tile_double(raw, 0, side, side, 2 * side, double.base, double.base + 64)
      }
      return (0..<128).map { (single: single[$0], double: double[$0]) }
    }
    for other in sums.dropFirst() {
      for (one, two) in zip(sums[0], other) {
        #expect(abs(one.single / two.single - 1) < 1e-5)
        #expect(abs(one.double / two.double - 1) < 1e-12)
      }
    }
  }
}
