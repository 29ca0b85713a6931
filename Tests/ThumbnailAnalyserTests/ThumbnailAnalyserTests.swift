import Analysis
import Frames
import Imaging
import Keys
import Testing

@testable import ThumbnailAnalyser

/// Small pictures of large ones.
@Suite struct ThumbnailAnalyserTests {
  /// Left dark, right bright.
  private func picture(_ size: FrameSize) throws -> PublishedPicture {
    let pixels = (0..<size.width * size.height).flatMap { index in
      [UInt8](repeating: index % size.width < size.width / 2 ? 30 : 220, count: 3)
    }
    let jpeg = try PictureEncoder(pool: BytePool()).jpeg(ofRGB: pixels, size, quality: 90)
    return PublishedPicture(
      jpeg: jpeg, size: size, time: FrameTime(monotonic: 1, wall: 0), sequence: 1)
  }

  private func thumbnail(
    of size: FrameSize, _ options: ThumbnailOptions = ThumbnailOptions()
  ) throws -> (size: FrameSize, pixels: [UInt8]) {
    let analyser = ThumbnailAnalyser()
    analyser.adopt(options, quality: 90)
    let tools = try AnalysisTools(models: "/nowhere")
    let report = try analyser.look(at: tools.decoded(picture(size)), with: tools)
    let record = try #require(report.records.first)
    #expect(record.output == "thumbnails" && report.records.count == 1)
    guard case .jpeg(let jpeg, let told) = record.body else {
      throw AnalyserFault(.passing, "it is no JPEG")
    }
    let seen = try jpeg.withSpan { bytes throws(ImagingError) in
      try JPEGDecoder().rgb(of: bytes)
    }
    #expect(seen.size == told)
    return seen
  }

  @Test func `A picture is made small, and shows the same`() throws {
    let (size, pixels) = try thumbnail(of: FrameSize(width: 1280, height: 720))
    #expect(size == FrameSize(width: 320, height: 180))
    let row = 90 * size.width * 3
    #expect(pixels[row + 30] < 60 && pixels[row + 900] > 190)
  }

  @Test(arguments: [
    ((1280, 960), (240, 180)), ((720, 1280), (101, 180)), ((160, 120), (160, 120)),
    ((4096, 16), (320, 1)), ((2, 2), (2, 2)),
  ])
  func `It keeps its shape, and is never made larger`(
    _ from: (Int, Int), _ to: (Int, Int)
  ) throws {
    let seen = try thumbnail(of: FrameSize(width: from.0, height: from.1))
    #expect(seen.size == FrameSize(width: to.0, height: to.1))
  }

  @Test func `A change of size holds for the next picture`() throws {
    let analyser = ThumbnailAnalyser()
    let tools = try AnalysisTools(models: "/nowhere")
    var sizes: [FrameSize] = []
    for width in [320, 64] {
      var options = ThumbnailOptions()
      options.size = KeySize(width: width, height: 180)
      analyser.adopt(options, quality: 80)
      let picture = try picture(FrameSize(width: 640, height: 360))
      let report = try analyser.look(at: tools.decoded(picture), with: tools)
      if case .jpeg(_, let size) = report.records.first?.body { sizes.append(size) }
    }
    #expect(sizes.map(\.width) == [320, 64])
  }
}
