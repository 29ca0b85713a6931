import Foundation
import Frames
import Testing

@testable import Imaging

/// Photographs of every kind, read for analysis.
@Suite struct UprightTests {
  static let size = FrameSize(width: 96, height: 64)
  /// Upper left, upper right, lower left, lower right.
  static let corners: [[UInt8]] = [[220, 30, 30], [30, 200, 30], [30, 30, 220], [200, 200, 40]]

  /// Four quarters of a colour each.
  private static func quarters() throws -> [UInt8] {
    var rgb: [UInt8] = []
    for y in 0..<size.height {
      for x in 0..<size.width {
        rgb += corners[(y < size.height / 2 ? 0 : 2) + (x < size.width / 2 ? 0 : 1)]
      }
    }
    let picture = try PlanarPicture(rgb: rgb, size: size)
    return try JPEGEncoder(pool: BytePool()).encode(picture, chroma: .yuv422, quality: 95).array
  }

  private static func withExif(_ jpeg: [UInt8], orientation: UInt8, isLittle: Bool) -> [UInt8] {
    let tiff: [UInt8] =
      isLittle
      ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
      : [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
    let body = Array("Exif\0\0".utf8) + tiff + [0, 0, 0, 0]
    return jpeg[..<2] + [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body + jpeg[2...]
  }

  private static func bounds(_ kept: Int) -> PictureBounds {
    var bounds = PictureBounds.photograph
    bounds.keptPixelCountMax = kept
    return bounds
  }

  private func upright(_ jpeg: [UInt8], pixelCountMax: Int = 1 << 20) throws -> UprightPicture {
    try JPEGDecoder().upright(of: unsafe jpeg.span.bytes, within: Self.bounds(pixelCountMax))
  }

  private func corner(_ picture: UprightPicture, _ index: Int) -> [UInt8] {
    let x = picture.size.width * (index % 2 == 0 ? 1 : 3) / 4
    let y = picture.size.height * (index < 2 ? 1 : 3) / 4
    let at = (y * picture.size.width + x) * 3
    return Array(picture.rgb[at..<at + 3])
  }

  private func isNear(_ one: [UInt8], _ other: [UInt8], by most: Int = 6) -> Bool {
    zip(one, other).allSatisfy { abs(Int($0) - Int($1)) <= most }
  }

  /// EXIF 2.3 says for each orientation on which side of the seen picture row 0 and column 0 lie: where the
  /// stored picture's upper left and upper right quarters are seen follows from that.
  @Test(arguments: [
    (1, 0, 1), (2, 1, 0), (3, 3, 2), (4, 2, 3), (5, 0, 2), (6, 1, 3), (7, 3, 1), (8, 2, 0),
  ])
  func `A photograph is turned as EXIF says`(orientation: Int, first: Int, second: Int) throws {
    for isLittle in [true, false] {
      let jpeg = Self.withExif(
        try Self.quarters(), orientation: UInt8(orientation), isLittle: isLittle)
      let picture = try upright(jpeg)
      let swaps = orientation >= 5
      #expect(picture.size == (swaps ? FrameSize(width: 64, height: 96) : Self.size))
      #expect(picture.originalSize == picture.size)
      #expect(isNear(corner(picture, first), Self.corners[0]))
      #expect(isNear(corner(picture, second), Self.corners[1]))
      #expect(picture.luma.count == 64 * 96)
    }
  }

  /// A directory at `offset`, with the orientation stored as `type`, `count` of them.
  private static func tiff(
    _ orientation: Int, type: Int, count: Int, isLittle: Bool, offset: Int
  ) -> [UInt8] {
    func number(_ value: Int, _ bytes: Int) -> [UInt8] {
      let little = (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isLittle ? little : little.reversed()
    }
    let width = type == 3 ? 2 : type == 4 ? 4 : 1
    let values = (0..<count).flatMap { number($0 == 0 ? orientation : 7, width) }
    let isInline = values.count <= 4
    let other = number(0x0100, 2) + number(4, 2) + number(1, 4) + number(99, 4)
    let entry =
      number(0x0112, 2) + number(type, 2) + number(count, 4)
      + (isInline
        ? values + [UInt8](repeating: 0, count: 4 - values.count) : number(offset + 30, 4))
    return (isLittle ? [0x49, 0x49] : [0x4D, 0x4D]) + number(42, 2) + number(offset, 4)
      + [UInt8](repeating: 0xEE, count: offset - 8) + number(2, 2) + other + entry + number(0, 4)
      + (isInline ? [] : values)
  }

  private static func withTIFF(_ jpeg: [UInt8], _ tiff: [UInt8], before: [UInt8] = []) -> [UInt8] {
    let body = Array("Exif\0\0".utf8) + tiff
    let length = body.count + 2
    return jpeg[..<2] + before + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + body
      + jpeg[2...]
  }

  @Test(arguments: [1, 3, 4], [1, 2, 3])
  func `However it is stored, an orientation is found`(type: Int, count: Int) throws {
    let jpeg = try Self.quarters()
    let xmp: [UInt8] = [0xFF, 0xE1, 0, 8] + Array("http:/".utf8)
    for isLittle in [true, false] {
      for offset in [8, 20, 4000] {
        let tiff = Self.tiff(6, type: type, count: count, isLittle: isLittle, offset: offset)
        for before in [[], xmp, [0xFF, 0xFF], [0xFF, 0xFE, 0, 4, 1, 2]] {
          let picture = try upright(Self.withTIFF(jpeg, tiff, before: before))
          #expect(picture.size == FrameSize(width: 64, height: 96))
          #expect(isNear(corner(picture, 1), Self.corners[0]))
        }
        for wrong in [0, 9, 77] {
          let tiff = Self.tiff(wrong, type: type, count: count, isLittle: isLittle, offset: offset)
          #expect(try upright(Self.withTIFF(jpeg, tiff)).size == Self.size)
        }
      }
    }
  }

  @Test(arguments: 1...8)
  func `A camera's picture is published upright, and masked as it is seen`(orientation: Int) throws
  {
    let jpeg = Self.withExif(try Self.quarters(), orientation: UInt8(orientation), isLittle: true)
    let expected = try upright(jpeg)
    let picture = try compressor { $0.quality = 95 }.picture(of: jpegFrame(jpeg, Self.size))
    #expect(picture.size == expected.size)
    #expect(picture.isPassedThrough == (orientation == 1) && !picture.isRepaired)
    let published = try upright(picture.bytes.array)
    #expect(published.size == expected.size)
    for index in 0..<4 {
      #expect(isNear(corner(published, index), corner(expected, index), by: 10))
    }
    // A mask over the upper left quarter that one sees.
    let masked = try compressor {
      $0.quality = 95
      $0.masks = [
        Rectangle(x: 0, y: 0, width: expected.size.width / 2, height: expected.size.height / 2)
      ]
    }.picture(of: jpegFrame(jpeg, Self.size))
    let seen = try upright(masked.bytes.array)
    #expect(seen.size == expected.size)
    #expect(isNear(corner(seen, 0), [0, 0, 0], by: 10))
    for index in 1..<4 { #expect(isNear(corner(seen, index), corner(expected, index), by: 10)) }
  }

  @Test func `EXIF that makes no sense leaves a photograph as it is`() throws {
    let jpeg = try Self.quarters()
    for orientation: UInt8 in [0, 9, 200] {
      let picture = try upright(Self.withExif(jpeg, orientation: orientation, isLittle: true))
      #expect(isNear(corner(picture, 0), Self.corners[0]))
    }
    // Every cut of the segment, which then claims more than there is.
    let whole = Self.withExif(jpeg, orientation: 6, isLittle: true)
    for end in 2..<whole.count where end < 60 {
      unsafe Array(whole[..<end]).withUnsafeBytes {
        let read = unsafe ExifOrientation(of: $0)
        #expect(read == .upright || end >= 36)
      }
    }
  }

  @Test(arguments: [(96 * 64, 1), (96 * 64 - 1, 2), (96 * 16, 2), (96 * 4, 4), (1, 8)])
  func `Large photographs are made smaller while they are decoded`(most: Int, scale: Int) throws {
    let picture = try upright(try Self.quarters(), pixelCountMax: most)
    #expect(picture.originalSize == Self.size)
    #expect(picture.size == FrameSize(width: 96 / scale, height: 64 / scale))
    #expect(picture.scale == Double(scale))
    for index in 0..<4 { #expect(isNear(corner(picture, index), Self.corners[index])) }
  }

  @Test func `A photograph of 100 megapixels is read, smaller`() throws {
    let size = FrameSize(width: 10_000, height: 10_000)
    let frame = Frame(
      copying: [[UInt8](repeating: 77, count: 100_000_000)],
      layout: FrameLayout(format: .grey, size: size, range: .full),
      time: FrameTime(monotonic: 0, wall: 0))
    let jpeg = try compressor().picture(of: frame).bytes.array
    let picture = try upright(jpeg, pixelCountMax: PictureBounds.photograph.keptPixelCountMax)
    #expect(picture.originalSize == size)
    #expect(picture.size == FrameSize(width: 5000, height: 5000))
    #expect(isNear(Array(picture.rgb[..<3]), [77, 77, 77], by: 1))
  }

  @Test func `A photograph that claims to be larger than memory is refused`() throws {
    var jpeg = try Self.quarters()
    let header = try #require(
      jpeg.indices.dropLast(9).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(header + 5..<header + 9, with: [0xFD, 0xE8, 0xFD, 0xE8])
    let error = try #require(throws: ImagingError.self) { _ = try upright(jpeg) }
    #expect(error.code == .unsupported && error.description.contains("65000x65000"))
    jpeg.replaceSubrange(header + 5..<header + 9, with: [0x27, 0x10, 0x27, 0x10])
    jpeg[header + 1] = 0xC2
    let progressive = try #require(throws: ImagingError.self) { _ = try upright(jpeg) }
    #expect(progressive.description.contains("progressive"))
  }

  /// Sixteen by sixteen pixels of (200, 40, 90), written as CMYK by Pillow, once with Adobe's marker.
  @Test(arguments: CMYKSamples.all)
  func `CMYK becomes RGB`(base64: String) throws {
    let jpeg = [UInt8](try #require(Data(base64Encoded: base64)))
    let picture = try upright(jpeg)
    #expect(isNear(Array(picture.rgb[..<3]), [200, 40, 90], by: 4))
  }

  @Test func `Truncated, empty and other files are refused in words`() throws {
    let jpeg = try Self.quarters()
    for bytes in [
      [], [0xFF], Array("GIF89a, or so".utf8), Array(jpeg[..<(jpeg.count * 2 / 3)]),
      Array(jpeg[..<20]), [UInt8](repeating: 0, count: 5000),
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],
    ] {
      let error = try #require(throws: ImagingError.self) { _ = try upright(bytes) }
      #expect(error.code == .corrupt && error.description.count > 20)
    }
  }

  @Test func `A single pixel is a picture`() throws {
    let picture = try PlanarPicture(rgb: [9, 200, 30], size: FrameSize(width: 1, height: 1))
    let jpeg = try JPEGEncoder(pool: BytePool()).encode(picture, chroma: .yuv422, quality: 95)
    let read = try upright(jpeg.array, pixelCountMax: 1)
    #expect(read.size == FrameSize(width: 1, height: 1))
    #expect(isNear(read.rgb, [9, 200, 30], by: 8))
  }

  @Test func `Luma alone is decoded smaller, but not too small`() throws {
    let jpeg = try Self.quarters()
    for (least, width) in [
      (nil, 96), (FrameSize(width: 48, height: 32), 48),
      (FrameSize(width: 49, height: 1), 96), (FrameSize(width: 1, height: 1), 12),
    ] {
      let luma = try JPEGDecoder().luma(of: unsafe jpeg.span.bytes, atLeast: least)
      #expect(luma.size.width == width)
      // Of (220, 30, 30).
      #expect(abs(Int(luma.pixels[luma.size.width + 1]) - 87) <= 4)
    }
  }

  @Test func `Planes give back the colours they were made of`() throws {
    let jpeg = try Self.quarters()
    let planes = try JPEGDecoder().planes(of: unsafe jpeg.span.bytes)
    let part = planes.rgb(in: Rectangle(x: 60, y: -5, width: 1000, height: 20))
    #expect(part.area == Rectangle(x: 60, y: 0, width: 36, height: 15))
    #expect(part.pixels.count == 36 * 15 * 3)
    #expect(isNear(Array(part.pixels[30..<33]), Self.corners[1]))
    #expect(planes.rgb(in: Rectangle(x: 96, y: 0, width: 5, height: 5)).pixels.isEmpty)
    let luma = planes.withLuma { span, stride in
      span.byteCount >= stride * 63 + 96 ? span.unsafeFirst : 0
    }
    #expect(abs(Int(luma) - 87) <= 4)
  }
}

extension RawSpan {
  fileprivate var unsafeFirst: UInt8 { unsafe unsafeLoad(as: UInt8.self) }
}
