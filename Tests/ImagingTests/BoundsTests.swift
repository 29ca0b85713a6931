import Frames
import TestBombs
import Testing

@testable import Imaging

/// Files of a few kilobytes that claim to be gigabytes, and large ones that are not refused.
@Suite(.timeLimit(.minutes(2))) struct BoundsTests {
  private func refusal(
    _ file: [UInt8], _ bounds: PictureBounds = .commanded
  ) throws -> ImagingError {
    try #require(throws: ImagingError.self) {
      _ = try UprightPicture(decoding: file, by: JPEGDecoder(), within: bounds)
    }
  }

  /// A JPEG that says that it has another size, and another kind.
  private func jpeg(
    _ width: Int, _ height: Int, marker: UInt8 = 0xC0, components: Int = 3
  ) throws -> [UInt8] {
    let picture = PlanarPicture(
      size: FrameSize(width: 16, height: 16), chroma: components == 1 ? .grey : .yuv422)
    var file = try JPEGEncoder(pool: BytePool()).encode(
      picture, chroma: components == 1 ? .grey : .yuv422, quality: 80
    ).array
    let at = try #require(
      file.indices.dropLast(9).first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
    file[at + 1] = marker
    file.replaceSubrange(
      at + 5..<at + 9, with: [height >> 8, height & 255, width >> 8, width & 255].map { UInt8($0) })
    return file
  }

  @Test(arguments: [(0, 8), (2, 8), (6, 16)])
  func `A command's PNG of 8190 x 8190 is refused by its header`(colour: Int, bits: Int) throws {
    let bomb = TestBombs.png(width: 8190, height: 8190, colour: colour, bits: bits)
    let error = try refusal(bomb)
    #expect(error.code == .unsupported)
    #expect(error.description.contains("8190x8190; 16 megapixels"))
    // Nothing behind the header was looked at.
    #expect(try refusal(Array(bomb.prefix(40))) == error)
  }

  @Test func `A JPEG of a command is refused by its header, and by what its scans would take`()
    throws
  {
    #expect(try refusal(jpeg(8190, 8190)).description.contains("16 megapixels"))
    // Six bytes a pixel with coefficients, were it not for the header.
    let progressive = try refusal(jpeg(4000, 4000, marker: 0xC2))
    #expect(progressive.code == .unsupported && progressive.description.contains("progressive"))
    // The same as a baseline JPEG is gone through, and found to be cut off.
    #expect(try refusal(jpeg(4000, 4000)).code == .corrupt)
  }

  @Test
  func `A baseline JPEG whose colours come one after the other is bounded as a progressive one`()
    throws
  {
    var file = try jpeg(4000, 4000)
    let at = try #require(
      file.indices.dropLast(14).first { file[$0] == 0xFF && file[$0 + 1] == 0xDA })
    // A first scan of the first colour alone.
    file.replaceSubrange(at..<at + 14, with: [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0])
    let error = try refusal(file)
    #expect(error.code == .unsupported && error.description.contains("MiB of memory"))
  }

  @Test func `What a picture takes while it is decoded is bounded, whatever its pixels`() throws {
    let bounds = PictureBounds(
      pixelCountMax: 1 << 24, bytesMax: 1 << 20, keptPixelCountMax: .max, scanCountMax: 64)
    func jpeg(_ side: Int) throws -> [UInt8] {
      try JPEGEncoder(pool: BytePool()).encode(
        PlanarPicture(size: FrameSize(width: side, height: side), chroma: .yuv422),
        chroma: .yuv422, quality: 80
      ).array
    }
    // Six bytes a pixel, for one that may have to be turned.
    for file in [TestBombs.png(width: 424, height: 424, colour: 2), try jpeg(424)] {
      let error = #expect(throws: ImagingError.self) {
        _ = try UprightPicture(decoding: file, by: JPEGDecoder(), within: bounds)
      }
      #expect(error?.code == .unsupported)
      #expect(error?.description.contains("MiB of memory") == true)
    }
    for file in [TestBombs.png(width: 416, height: 416, colour: 2), try jpeg(416)] {
      let picture = try UprightPicture(decoding: file, by: JPEGDecoder(), within: bounds)
      #expect(picture.size.width == 416)
    }
  }

  @Test func `A camera's frame has a bound of its own`() throws {
    let large = try jpeg(11_000, 11_000, marker: 0xC2)
    for decode in [
      { (decoder: JPEGDecoder) in _ = try decoder.planes(of: unsafe large.span.bytes) },
      { try $0.check(unsafe large.span.bytes) }, { _ = try $0.rgb(of: unsafe large.span.bytes) },
      { _ = try $0.luma(of: unsafe large.span.bytes) },
    ] as [(JPEGDecoder) throws -> Void] {
      let error = try #require(throws: ImagingError.self) { try decode(JPEGDecoder()) }
      #expect(error.code == .unsupported, "\(error)")
    }
  }

  @Test func `A JPEG of thousands of scans is given up after a few`() throws {
    let bomb = TestBombs.jpeg(side: 2000, scans: 8000)
    let few = TestBombs.jpeg(side: 2000, scans: 40)
    let clock = ContinuousClock()
    let time = try clock.measure {
      let error = try refusal(bomb)
      #expect(error.code == .unsupported && error.description.contains("64 scans"), "\(error)")
    }
    #expect(time < .seconds(5))
    #expect(
      try UprightPicture(decoding: few, by: JPEGDecoder(), within: .commanded).size.width == 2000)
    #expect(throws: ImagingError.self) { try JPEGDecoder().check(unsafe bomb.span.bytes) }
  }

  @Test func `A PNG is bounded in its sides, be it of few pixels`() throws {
    #expect(
      try refusal(TestBombs.png(width: 100_000, height: 1), .whole).description.contains("65535"))
    let narrow = TestBombs.png(width: 60_000, height: 2)
    let picture = try UprightPicture(png: narrow, within: .commanded)
    #expect(picture.size == FrameSize(width: 60_000, height: 2))
  }

  @Test func `A large PNG is made smaller while it is read, and says what it was`() throws {
    let file = TestBombs.png(width: 4000, height: 4000, colour: 6, bits: 16)
    let picture = try UprightPicture(png: file, within: .commanded)
    #expect(picture.size == FrameSize(width: 2000, height: 2000))
    #expect(picture.originalSize == FrameSize(width: 4000, height: 4000))
    #expect(picture.rgb.count == 2000 * 2000 * 3)
  }

  /// Rows of all passes, as Adam7 has them, of what `pixel` says.
  private func interlaced(_ size: FrameSize, _ pixel: (Int, Int) -> [UInt8]) -> [UInt8] {
    var rows: [UInt8] = []
    for (x0, y0, dx, dy) in [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
      (0, 1, 1, 2),
    ] {
      for y in stride(from: y0, to: size.height, by: dy) where x0 < size.width {
        rows.append(0)
        for x in stride(from: x0, to: size.width, by: dx) { rows += pixel(x, y) }
      }
    }
    return rows
  }

  @Test(arguments: [(37, 29), (1, 1), (3, 70), (64, 64), (9, 2)], [2, 6])
  func `What is made smaller is the mean of its pixels, in whatever order they come`(
    size: (Int, Int), colour: Int
  ) throws {
    let whole = FrameSize(width: size.0, height: size.1)
    func pixel(_ x: Int, _ y: Int) -> [UInt8] {
      [x * 7 + y * 3, x * y, 255 - x * 2 - y].map { UInt8(truncatingIfNeeded: $0) }
        + (colour == 6 ? [255] : [])
    }
    var straight: [UInt8] = []
    for y in 0..<whole.height { straight += [0] + (0..<whole.width).flatMap { pixel($0, y) } }
    let files = [
      TestBombs.png(
        width: whole.width, height: whole.height, colour: colour, bits: 8, rows: straight),
      TestBombs.png(
        width: whole.width, height: whole.height, colour: colour, bits: 8, isInterlaced: true,
        rows: interlaced(whole, pixel)),
    ]
    for halvings in 0...3 {
      let side = 1 << halvings
      let small = FrameSize(
        width: (whole.width + side - 1) / side, height: (whole.height + side - 1) / side)
      var expected: [UInt8] = []
      for y in 0..<small.height {
        for x in 0..<small.width {
          let rows = y * side..<min(whole.height, (y + 1) * side)
          let columns = x * side..<min(whole.width, (x + 1) * side)
          let pixels = rows.flatMap { y in columns.map { pixel($0, y) } }
          for c in 0..<3 {
            let sum = pixels.reduce(0) { $0 + Int($1[c]) }
            expected.append(UInt8((sum + pixels.count / 2) / pixels.count))
          }
        }
      }
      var bounds = PictureBounds.photograph
      bounds.keptPixelCountMax = small.width * small.height
      for file in files {
        let picture = try UprightPicture(png: file, within: bounds)
        guard picture.size == small else {
          // Fewer halvings are enough where a side is as small as it can be.
          #expect(picture.size.width * picture.size.height <= bounds.keptPixelCountMax)
          continue
        }
        #expect(picture.rgb == expected, "\(whole), \(halvings) halvings")
      }
    }
  }
}
