import CPixelRows
import Frames
import Testing

@testable import Imaging

/// Sources that weigh luma and chroma by BT.709, where JFIF means BT.601.
@Suite struct ColourMatrixTests {
  static let formats = PixelFormat.allCases.filter {
    !$0.isCompressed && $0.chroma != .grey
  }
  static let bars = TestPicture(size: FrameSize(width: 512, height: 34), isBars: true)

  @Test(arguments: formats, ColourRange.allCases)
  func `Colour bars of BT.709 keep their colours`(format: PixelFormat, range: ColourRange) throws {
    for chroma in [nil, ChromaSampling.yuv420, .yuv422] {
      for matrix in ColourMatrix.allCases {
        let jpeg = try compressor {
          $0.quality = 95
          $0.chroma = chroma
        }.picture(of: Self.bars.frame(format, range: range, matrix: matrix, padding: 6))
        let pixels = try decodeRGB(jpeg.bytes.array).pixels
        for error in Self.bars.meanErrors(pixels) { #expect(error <= 3) }
      }
    }
  }

  @Test(arguments: formats, [33, 64, 1])
  func `So do pictures of any size, scaled or not`(format: PixelFormat, width: Int) throws {
    let picture = TestPicture(size: FrameSize(width: width, height: 37), spanMin: 80)
    let half = FrameSize(width: (width + 1) / 2, height: 19)
    for target in [nil, half] {
      let jpeg = try compressor {
        $0.quality = 95
        $0.scale = target
        $0.fit = .stretch
      }.picture(of: picture.frame(format, matrix: .bt709))
      let reference = try compressor {
        $0.quality = 95
        $0.scale = target
        $0.fit = .stretch
      }.picture(of: picture.frame(format))
      let pixels = try decodeRGB(jpeg.bytes.array).pixels
      let expected = try decodeRGB(reference.bytes.array).pixels
      let sum = zip(pixels, expected).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      #expect(Double(sum) / Double(pixels.count) <= 1.5)
    }
  }

  @Test func `Luma and chroma become what the exact matrices give, within one`() {
    let (r7, b7, r6, b6) = (0.2126, 0.0722, 0.299, 0.114)
    var worst = 0.0
    for cb in 0...255 {
      for cr in 0...255 {
        var luma: [UInt8] = [20, 128, 235, 0]
        let before = luma[..<2].map(Double.init)
        var (blueness, redness) = (UInt8(cb), UInt8(cr))
        unsafe luma.withUnsafeMutableBufferPointer { luma in
          guard let y = luma.baseAddress else { return }
          unsafe vp_bt709_luma(y, &blueness, &redness, 1)
        }
        unsafe vp_bt709_chroma(&blueness, &redness, 1)
        #expect(luma[2...] == [235, 0])
        for (old, new) in zip(before, luma) {
          let red = old + 2 * (1 - r7) * Double(cr - 128)
          let blue = old + 2 * (1 - b7) * Double(cb - 128)
          let green = (old - r7 * red - b7 * blue) / (1 - r7 - b7)
          let exact = r6 * red + (1 - r6 - b6) * green + b6 * blue
          worst = max(worst, abs(min(255, max(0, exact)) - Double(new)))
          for (value, sample) in [
            ((blue - exact) / (2 * (1 - b6)), blueness), ((red - exact) / (2 * (1 - r6)), redness),
          ] {
            worst = max(worst, abs(min(255, max(0, 128 + value)) - Double(sample)))
          }
        }
      }
    }
    #expect(worst <= 1)
  }
}
