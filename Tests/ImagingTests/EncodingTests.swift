import CPixelRows
import Frames
import Testing

@testable import Imaging

@Suite struct EncodingTests {
  static let raw = PixelFormat.allCases.filter { $0 != .mjpeg }
  static let sizes = [
    FrameSize(width: 64, height: 48), FrameSize(width: 1, height: 1),
    FrameSize(width: 33, height: 17), FrameSize(width: 100, height: 58),
    FrameSize(width: 2, height: 31),
  ]

  @Test(arguments: raw, sizes)
  func `Every raw format and size gives a JPEG of the right colours`(
    format: PixelFormat, size: FrameSize
  ) throws {
    let picture = TestPicture(size: size, spanMin: 80)
    for padding in [0, 6, 64] {
      for chroma in [nil, ChromaSampling.yuv420, .yuv422] {
        let jpeg = try compressor {
          $0.quality = 95
          $0.chroma = chroma
        }.picture(of: picture.frame(format, padding: padding))
        let (decoded, pixels) = try decodeRGB(jpeg.bytes.array)
        #expect(decoded == size)
        #expect(picture.meanError(pixels, grey: format == .grey) <= 3)
      }
    }
  }

  @Test(arguments: raw) func `Full-range frames are not stretched`(format: PixelFormat) throws {
    let picture = TestPicture(size: FrameSize(width: 64, height: 64))
    let jpeg = try compressor { $0.quality = 95 }
      .picture(of: picture.frame(format, range: .full))
    #expect(try picture.meanError(decodeRGB(jpeg.bytes.array).pixels, grey: format == .grey) <= 3)
  }

  @Test func `Black and white of limited range become black and white`() throws {
    for (luma, expected) in [(UInt8(16), UInt8(0)), (235, 255), (0, 0), (255, 255), (126, 128)] {
      let layout = FrameLayout(format: .grey, size: FrameSize(width: 16, height: 16))
      let frame = Frame(
        copying: [[UInt8](repeating: luma, count: 256)], layout: layout,
        time: FrameTime(monotonic: 0, wall: 0))
      let pixels = try decodeRGB(compressor { $0.quality = 100 }.picture(of: frame).bytes.array).1
      #expect(pixels.allSatisfy { $0 == expected })
    }
  }

  @Test func `Range expansion is within one of the exact value everywhere`() {
    for value in 0...255 {
      let source = UInt8(value)
      var luma: UInt8 = 0
      var chroma: UInt8 = 0
      unsafe withUnsafePointer(to: source) { source in
        unsafe vp_luma(&luma, source, 1, 1, 0, 1)
        unsafe vp_chroma(&chroma, source, 1, 1, 0, 1)
      }
      let exactLuma = max(0, min(255, (Double(value) - 16) * 255 / 219))
      let exactChroma = max(0, min(255, (Double(value) - 128) * 255 / 224 + 128))
      #expect(abs(Double(luma) - exactLuma) <= 0.75)
      #expect(abs(Double(chroma) - exactChroma) <= 0.75)
    }
  }

  @Test(arguments: [1, 7, 64, 1_023, 1_024, 1_025, 2_500], [Int32(0), 1])
  func `Packed rows read at once are as those read sample by sample`(count: Int, expand: Int32) {
    let source = (0..<4 * count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    for offset in [Int32(0), 1] {
      var luma = [UInt8](repeating: 0, count: 2 * count)
      var (first, second) = ([UInt8](luma.prefix(count)), [UInt8](luma.prefix(count)))
      var (wantedLuma, wantedFirst, wantedSecond) = (luma, first, second)
      unsafe vp_packed(&luma, &first, &second, source, count, offset, expand)
      unsafe vp_luma(&wantedLuma, source, 2 * count, 2, offset, expand)
      unsafe vp_chroma(&wantedFirst, source, count, 4, 1 - offset, expand)
      unsafe vp_chroma(&wantedSecond, source, count, 4, 3 - offset, expand)
      #expect(luma == wantedLuma && first == wantedFirst && second == wantedSecond)
    }
  }

  @Test(arguments: raw) func `A frame that is cut short is refused`(format: PixelFormat) throws {
    let picture = TestPicture(size: FrameSize(width: 32, height: 16))
    let layout = FrameLayout(format: format, size: picture.size)
    var planes = picture.planes(layout)
    planes[planes.count - 1].removeLast()
    let frame = Frame(copying: planes, layout: layout, time: FrameTime(monotonic: 0, wall: 0))
    do {
      _ = try compressor().picture(of: frame)
      Issue.record("half a frame was encoded")
    } catch {
      #expect((error as? ImagingError)?.code == .corrupt)
    }
  }

  @Test func `Higher quality gives larger pictures, and the first buffer need not hold them`()
    throws
  {
    let size = FrameSize(width: 320, height: 240)
    var random = SystemRandomNumberGenerator()
    let noise = (0..<size.width * size.height * 2).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    var last = 0
    for quality in [10, 50, 90, 100] {
      let frame = Frame(
        copying: [noise], layout: FrameLayout(format: .yuyv, size: size),
        time: FrameTime(monotonic: 0, wall: 0))
      let count = try compressor { $0.quality = quality }.picture(of: frame).bytes.count
      #expect(count > last)
      last = count
    }
    #expect(last > size.width * size.height)
  }
}
