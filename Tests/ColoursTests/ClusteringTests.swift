import Testing

@testable import Colours

@Suite("Clustering")
struct ClusteringTests {
  @Test("A picture of one colour has one cluster, that colour")
  func oneColour() throws {
    let pixels = [UInt8](repeating: 77, count: 3 * 40 * 30)
    let clustering = try ColourClusterer().cluster(rgb: pixels.span, width: 40, height: 30)
    #expect(clustering.count == 1)
    #expect(clustering.sse == 0)
    #expect(clustering.colours.first?.rgb == RGB(77, 77, 77))
  }
}
