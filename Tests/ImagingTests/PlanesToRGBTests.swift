import Foundation
import Frames
import Testing

@testable import Imaging

/// RGB that is made of planes which are there already.
@Suite struct PlanesToRGBTests {
  /// Noise and edges: each pixel another colour than its neighbours.
  private func jpeg(_ size: FrameSize, _ chroma: ChromaSampling) throws -> [UInt8] {
    var state: UInt32 = 7
    let picture = PlanarPicture(size: size, chroma: chroma)
    for plane in picture.planes.indices {
      for row in 0..<picture.planes[plane].height {
        let line = unsafe picture.pointer(plane: plane, row: row)
        for column in 0..<picture.planes[plane].width {
          state = state &* 1_664_525 &+ 1_013_904_223
          let noise = UInt8(truncatingIfNeeded: state >> 24)
          unsafe line[column] = (row / 5 + column / 7) % 2 == 0 ? noise : noise / 4 &+ 180
        }
      }
    }
    return try JPEGEncoder(pool: BytePool()).encode(picture, chroma: chroma, quality: 90).array
  }

  @Test(
    arguments: [ChromaSampling.grey, .yuv420, .yuv422],
    [(2, 2), (3, 3), (4, 2), (5, 6), (6, 5), (7, 9), (31, 18), (64, 47), (641, 479)])
  func `RGB of planes is to the bit what libjpeg makes of the picture`(
    _ chroma: ChromaSampling, _ size: (Int, Int)
  ) throws {
    let jpeg = try jpeg(FrameSize(width: size.0, height: size.1), chroma)
    let expected = try decodeRGB(jpeg)
    let planes = try JPEGDecoder().planes(of: unsafe jpeg.span.bytes)
    var pixels: [UInt8] = []
    #expect(try planes.writeRGB(into: &pixels))
    // As one truth: what differs is too long to read.
    let isSame = pixels == expected.pixels
    #expect(isSame)
  }

  @Test(arguments: SamplingSamples.all.map(\.name))
  func `What is not exact is left to the decoder`(_ name: String) throws {
    let sample = try #require(SamplingSamples.all.first { $0.name == name })
    let jpeg = [UInt8](try #require(Data(base64Encoded: sample.base64)))
    let planes = try JPEGDecoder().planes(of: unsafe jpeg.span.bytes)
    var pixels: [UInt8] = []
    let isWritten = try planes.writeRGB(into: &pixels)
    #expect(isWritten == (name == "4:4:4"))
    if isWritten { #expect(try pixels == decodeRGB(jpeg).pixels) }
  }

  @Test func `A copy that is drawn into leaves the picture as it was`() throws {
    let jpeg = try jpeg(FrameSize(width: 40, height: 30), .yuv420)
    let planes = try JPEGDecoder().planes(of: unsafe jpeg.span.bytes)
    var (before, after, drawn): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
    _ = try planes.writeRGB(into: &before)
    let copy = planes.copied()
    copy.draw { $0.fill(Rectangle(x: 0, y: 0, width: 20, height: 20), .white) }
    _ = try planes.writeRGB(into: &after)
    _ = try copy.writeRGB(into: &drawn)
    #expect(before == after && before != drawn)
    // The copy's memory is used again, the picture's own never.
    #expect(planes.copied(reusing: copy) === copy && planes.copied(reusing: planes) !== planes)
  }
}
