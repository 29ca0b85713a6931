import CPixelRows
import Frames
import TestBombs
import Testing

@testable import Imaging

/// The small grey pictures in which motion is looked for.
@Suite(.timeLimit(.minutes(2))) struct GreyTests {
  /// The largest difference from the mean luma, in full range, of each eight by eight pixels.
  private func error(_ grey: GreyPicture, _ picture: TestPicture) -> Double {
    let layout = FrameLayout(format: .grey, size: picture.size, range: .full)
    var worst = 0.0
    for y in 0..<grey.size.height {
      for x in 0..<grey.size.width {
        var (sum, count) = (0.0, 0.0)
        for row in y * 8..<min(y * 8 + 8, picture.size.height) {
          for column in x * 8..<min(x * 8 + 8, picture.size.width) {
            sum += picture.ycc(column, row, layout).y
            count += 1
          }
        }
        let pixel = Double(grey.pixels[y * grey.size.width + x])
        worst = max(worst, abs(pixel - sum / count))
      }
    }
    return worst
  }

  @Test(
    arguments: PixelFormat.allCases.filter { !$0.isCompressed },
    [FrameSize(width: 96, height: 64), FrameSize(width: 83, height: 61)])
  func `A raw frame's is the mean of its luma`(format: PixelFormat, size: FrameSize) throws {
    let picture = TestPicture(size: size)
    var grey = GreyPicture(size: FrameSize(width: 1, height: 1))
    let isRead = try GreyReader().read(picture.frame(format, padding: 5), masks: [], into: &grey)
    #expect(isRead)
    #expect(grey.size == FrameSize(width: (size.width + 7) / 8, height: (size.height + 7) / 8))
    #expect(error(grey, picture) < 3.5)
  }

  @Test(arguments: [PixelFormat.yuyv, .nv12, .grey, .rgb24])
  func `A JPEG's is the mean of its luma`(format: PixelFormat) throws {
    let picture = TestPicture(size: FrameSize(width: 132, height: 74))
    let jpeg = try Compressor(options: PictureOptions(), pool: BytePool())
      .picture(of: picture.frame(format)).bytes.array
    var grey = GreyPicture(size: FrameSize(width: 1, height: 1))
    let size = try GreyReader().read(jpeg: unsafe jpeg.span.bytes, into: &grey)
    #expect(size == picture.size)
    #expect(grey.size == GreyPicture.size(ofFrame: picture.size))
    #expect(error(grey, picture) < 3.5)
  }

  @Test(arguments: [
    FrameSize(width: 132, height: 74), FrameSize(width: 96, height: 64),
    FrameSize(width: 5, height: 3),
  ])
  func `A decoded picture's is the mean of its luma, as that of its JPEG is`(size: FrameSize) throws
  {
    let picture = TestPicture(size: size)
    let jpeg = try Compressor(options: PictureOptions(), pool: BytePool())
      .picture(of: picture.frame(.yuyv)).bytes.array
    let planes = try JPEGDecoder().planes(of: unsafe jpeg.span.bytes)
    let reader = try GreyReader()
    var (grey, direct) = (
      GreyPicture(size: FrameSize(width: 1, height: 1)),
      GreyPicture(size: FrameSize(width: 1, height: 1))
    )
    reader.read(planes, into: &grey)
    _ = try reader.read(jpeg: unsafe jpeg.span.bytes, into: &direct)
    #expect(grey.size == direct.size && grey.size == GreyPicture.size(ofFrame: size))
    #expect(error(grey, picture) < 3.5)
  }

  @Test func `What is masked is black in it, to whole pixels outwards`() throws {
    let picture = TestPicture(size: FrameSize(width: 64, height: 48))
    var grey = GreyPicture(size: picture.size)
    _ = try GreyReader().read(
      picture.frame(.yuyv), masks: [Rectangle(x: 15, y: 17, width: 10, height: 1)], into: &grey)
    let black = grey.pixels.indices.filter { grey.pixels[$0] == 0 }
    #expect(black == [17, 18, 19])
    _ = try GreyReader().read(
      picture.frame(.yuyv), masks: [Rectangle(x: 60, y: 40, width: 10, height: 1)], into: &grey)
    #expect(grey.pixels.allSatisfy { $0 == 0 }, "a mask that does not fit hides all")
  }

  @Test func `Damaged, foreign and huge JPEGs are refused`() throws {
    let reader = try GreyReader()
    var grey = GreyPicture(size: FrameSize(width: 1, height: 1))
    let picture = TestPicture(size: FrameSize(width: 320, height: 240))
    var jpeg = try Compressor(options: PictureOptions(), pool: BytePool())
      .picture(of: picture.frame(.yuyv)).bytes.array
    func code(_ bytes: [UInt8]) -> ImagingError.Code? {
      do throws(ImagingError) {
        _ = try reader.read(jpeg: unsafe bytes.span.bytes, into: &grey)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code(Array(jpeg.dropLast(jpeg.count / 2))) == .corrupt)
    #expect(code([1, 2, 3]) == .corrupt)
    #expect(code([]) == .corrupt)
    #expect(code(jpeg) == nil, "after those it reads the next")
    // 65535 x 65535 by its header.
    let at = try #require(
      jpeg.indices.dropLast(9).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(at + 5..<at + 9, with: [255, 255, 255, 255])
    #expect(code(jpeg) == .unsupported)
    #expect(grey.pixels.count < 10_000, "no memory was taken for it")
  }

  @Test(arguments: [0, 1, 7, 8, 9, 64, 1283])
  func `Samples are summed by eights`(count: Int) {
    let samples = (0..<count).map { UInt8(truncatingIfNeeded: 255 - $0 * 7) }
    var sums = [UInt16](repeating: 3, count: (count + 7) / 8)
    unsafe vp_add_eights(&sums, samples, count)
    for (index, sum) in sums.enumerated() {
      let part = samples[index * 8..<min(index * 8 + 8, count)]
      let mean = Double(part.reduce(0) { $0 + Int($1) }) / Double(part.count)
      #expect(abs(Double(sum) - 3 - 8 * mean) <= 0.5)
    }
  }
}
