import Frames
import Testing

@testable import Imaging

@Suite struct MaskAndScaleTests {
  let picture = TestPicture(size: FrameSize(width: 96, height: 80))
  let mask = Rectangle(x: 17, y: 9, width: 30, height: 25)

  /// Pixels well inside must be black, those well outside as they were.
  private func expectMasked(_ jpeg: [UInt8], grey: Bool = false) throws {
    let pixels = try decodeRGB(jpeg).pixels
    for y in 0..<80 {
      for x in 0..<96 {
        let at = 3 * (y * 96 + x)
        let inside = (17..<47).contains(x) && (9..<34).contains(y)
        let near = (14..<50).contains(x) && (6..<37).contains(y)
        if inside {
          #expect(pixels[at..<at + 3].allSatisfy { $0 <= 30 }, "a pixel shows at \(x),\(y)")
        } else if !near, !grey {
          let c = picture.colour(x, y)
          #expect(abs(Double(pixels[at]) - c.r) < 30 && abs(Double(pixels[at + 2]) - c.b) < 30)
        }
      }
    }
  }

  @Test(arguments: PixelFormat.allCases.filter { $0 != .mjpeg })
  func `A mask is burned into every raw format`(format: PixelFormat) throws {
    for chroma in [ChromaSampling.yuv420, .yuv422] {
      let jpeg = try compressor {
        $0.quality = 95
        $0.masks = [mask]
        $0.chroma = chroma
      }.picture(of: picture.frame(format))
      try expectMasked(jpeg.bytes.array, grey: format == .grey)
    }
  }

  @Test(arguments: [ChromaSampling.yuv420, .yuv422])
  func `A mask is burned into a JPEG, which is encoded anew`(chroma: ChromaSampling) throws {
    let source = try compressor {
      $0.quality = 95
      $0.chroma = chroma
    }.picture(of: picture.frame(.rgb24)).bytes.array
    let jpeg = try compressor {
      $0.quality = 95
      $0.masks = [mask]
    }.picture(of: jpegFrame(source, picture.size))
    try expectMasked(jpeg.bytes.array)
  }

  @Test func `A mask beyond the picture publishes nothing`() throws {
    for mask in [
      Rectangle(x: 90, y: 0, width: 7, height: 1), Rectangle(x: -1, y: 0, width: 2, height: 2),
      Rectangle(x: 0, y: 0, width: 0, height: 5), Rectangle(x: Int.max, y: 0, width: 2, height: 5),
    ] {
      let masked = try compressor { $0.masks = [mask] }
      #expect(throws: ImagingError.self) { try masked.picture(of: picture.frame(.yuyv)) }
      let source = try compressor().picture(of: picture.frame(.yuyv)).bytes.array
      #expect(throws: ImagingError.self) {
        try masked.picture(of: jpegFrame(source, picture.size))
      }
    }
  }

  @Test(arguments: [PixelFormat.yuyv, .nv12, .grey, .rgb24, .mjpeg])
  func `Scaling keeps the colours where they were`(format: PixelFormat) throws {
    for size in [(48, 40), (192, 160), (50, 38), (30, 26)] {
      let target = FrameSize(width: size.0, height: size.1)
      let scaler = try compressor {
        $0.quality = 95
        $0.scale = target
        $0.fit = .stretch
      }
      let jpeg: Picture
      if format == .mjpeg {
        let source = try compressor { $0.quality = 95 }.picture(of: picture.frame(.rgb24))
        jpeg = try scaler.picture(of: jpegFrame(source.bytes.array, picture.size))
      } else {
        jpeg = try scaler.picture(of: picture.frame(format))
      }
      #expect(jpeg.size == target)
      let (decoded, pixels) = try decodeRGB(jpeg.bytes.array)
      #expect(decoded == target)
      #expect(TestPicture(size: target).meanError(pixels, grey: format == .grey) < 4)
    }
  }

  @Test func `A picture of another shape gets black bars, or is cut, as configured`() throws {
    let target = FrameSize(width: 160, height: 80)
    func scaled(_ fit: Fit) throws -> [UInt8] {
      try decodeRGB(
        compressor {
          $0.quality = 95
          $0.scale = target
          $0.fit = fit
        }.picture(of: picture.frame(.yuyv)).bytes.array
      ).pixels
    }
    let contained = try scaled(.contain)
    let covered = try scaled(.cover)
    let left = 3 * (40 * 160 + 4)
    #expect(contained[left..<left + 3].allSatisfy { $0 < 20 })
    #expect(covered[left] > 20)
    let middle = 3 * (40 * 160 + 80)
    #expect(abs(Int(contained[middle]) - 130) < 15)
  }
}
