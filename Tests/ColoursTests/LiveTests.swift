import Testing

@testable import Colours

@Suite("Live colours")
struct LiveTests {
  /// A picture whose colours drift from frame to frame, with noise of its own in each.
  private func frame(_ number: Int) -> [UInt8] {
    var random = SplitMix(state: UInt64(number + 1))
    let drift = Double(number) * 0.6
    return Scenes.blobs(width: 80, height: 60, blobs: 30, noise: 30).map { value in
      UInt8(max(0, min(255, Double(value) * 0.8 + drift + random.unit() * 4)))
    }
  }

  @Test("From frame to frame clusters are as many as anew, and the error is the same within 3 %")
  func warm() throws {
    let (warm, cold) = (ColourClusterer(), ColourClusterer())
    for number in 0..<60 {
      let pixels = frame(number)
      cold.reset()
      let one = try warm.cluster(rgb: pixels.span, width: 80, height: 60)
      let two = try cold.cluster(rgb: pixels.span, width: 80, height: 60)
      #expect(one.farthest <= 50.0001)
      #expect(abs(one.count - two.count) <= max(1, two.count / 10))
      #expect((0.97...1.03).contains(one.sse / two.sse))
    }
  }

  @Test("After a cut to another scene, and with other settings, it is as if started anew")
  func cut() throws {
    let clusterer = ColourClusterer()
    let (one, two) = (
      Scenes.blobs(width: 80, height: 60, blobs: 40, noise: 20),
      Scenes.blobs(width: 80, height: 60, blobs: 2, noise: 5, seed: 4)
    )
    _ = try clusterer.cluster(rgb: one.span, width: 80, height: 60)
    let cut = try clusterer.cluster(rgb: two.span, width: 80, height: 60)
    let anew = try ColourClusterer().cluster(rgb: two.span, width: 80, height: 60)
    #expect(cut.count <= anew.count + 1)
    clusterer.settings.lambda = 20
    var changed = try clusterer.cluster(rgb: one.span, width: 80, height: 60)
    var fresh = try ColourClusterer(settings: ColourSettings(lambda: 20)).cluster(
      rgb: one.span, width: 80, height: 60)
    (changed.milliseconds, fresh.milliseconds) = (0, 0)
    #expect(changed == fresh)
  }

  /// The brightest pixel's squared distance from the mean lies between lambda's square and the nearest float below. Its
  /// bins' means lie within, so that it is met only when pixels are labelled.
  @Test(
    "A pixel that floats place beyond lambda, and doubles within, ends the search",
    .timeLimit(.minutes(5)))
  func edge() throws {
    let reds = [UInt8](repeating: 0, count: 17) + [56, 56, 56, 56, 63]
    let pixels = reds.flatMap { red -> [UInt8] in [red, 0, 0] }
    let distance = 63 - 287.0 / 22
    let lambda = (distance * distance + 1e-6).squareRoot()
    let clusterer = ColourClusterer(settings: ColourSettings(lambda: lambda))
    let clustering = try clusterer.cluster(rgb: pixels.span, width: 22, height: 1)
    #expect(clustering.count == 1)
    #expect(abs(clustering.farthest - distance) < 1e-6)
  }

  @Test("Frames of luma and chroma become RGB, whole or every second pixel")
  func planes() throws {
    let buffer = PixelBuffer()
    // Red by BT.601 of full range, 4:2:0.
    let (luma, cb, cr) = (
      [UInt8](repeating: 76, count: 6 * 4), [UInt8](repeating: 85, count: 3 * 2),
      [UInt8](repeating: 255, count: 3 * 2)
    )
    let layout = PlaneLayout(
      width: 6, height: 4, lumaStride: 6, chromaStride: 3, isFullRange: true)
    try unsafe buffer.fill(layout, luma: luma.span.bytes, cb: cb.span.bytes, cr: cr.span.bytes)
    #expect(buffer.pixels.count == 3 * 24)
    #expect(buffer.pixels[0] >= 253 && buffer.pixels[1] <= 2 && buffer.pixels[2] <= 2)
    try unsafe buffer.fill(
      layout, luma: luma.span.bytes, cb: cb.span.bytes, cr: cr.span.bytes, pixelsMax: 6)
    #expect(buffer.width == 3 && buffer.height == 2)
    #expect(buffer.pixels.count == 18)
    #expect(throws: ColoursError.self) {
      try unsafe buffer.fill(
        layout, luma: luma.span.bytes.extracting(first: 23), cb: cb.span.bytes, cr: cr.span.bytes)
    }
  }

  @Test("NV12, YUYV and grey are read by their steps, limited range is widened")
  func steps() throws {
    let buffer = PixelBuffer()
    let (luma, chroma) = ([UInt8](repeating: 235, count: 8), [UInt8](repeating: 128, count: 4))
    try unsafe buffer.fill(
      PlaneLayout(width: 4, height: 2, lumaStride: 4, chromaStride: 4, chromaStep: 2),
      luma: luma.span.bytes, cb: chroma.span.bytes,
      cr: chroma.span.bytes.extracting(droppingFirst: 1))
    #expect(buffer.pixels == [UInt8](repeating: 255, count: 24))
    let yuyv: [UInt8] = [16, 90, 16, 240, 16, 90, 16, 240]
    try unsafe buffer.fill(
      PlaneLayout(
        width: 4, height: 1, lumaStride: 8, lumaStep: 2, chromaStride: 8, chromaStep: 4,
        halvesHeight: false),
      luma: yuyv.span.bytes, cb: yuyv.span.bytes.extracting(droppingFirst: 1),
      cr: yuyv.span.bytes.extracting(droppingFirst: 3))
    #expect(Array(buffer.pixels[0..<3]) == [179, 0, 0])
    #expect(Array(buffer.pixels[9..<12]) == [179, 0, 0])
    let empty: [UInt8] = []
    try unsafe buffer.fill(
      PlaneLayout(width: 4, height: 2, lumaStride: 4, chromaStride: 0, isFullRange: true),
      luma: luma.span.bytes, cb: empty.span.bytes, cr: empty.span.bytes)
    #expect(buffer.pixels == [UInt8](repeating: 235, count: 24))
  }
}
