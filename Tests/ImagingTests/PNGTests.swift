import CPNG
import Frames
import Testing

@testable import Imaging

/// Photographs that come as PNG.
@Suite struct PNGTests {
  /// A PNG of `pixels`, of which each has as many bytes as `format` says.
  private func png(_ pixels: [UInt8], _ width: Int, _ height: Int, _ format: UInt32) -> [UInt8] {
    var image = unsafe png_image()
    unsafe image.version = png_uint_32(PNG_IMAGE_VERSION)
    unsafe image.width = png_uint_32(width)
    unsafe image.height = png_uint_32(height)
    unsafe image.format = format
    var count = 1 << 20
    var bytes = [UInt8](repeating: 0, count: count)
    let status = unsafe png_image_write_to_memory(&image, &bytes, &count, 0, pixels, 0, nil)
    #expect(status != 0)
    return Array(bytes.prefix(count))
  }

  private let colours: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 250, 128, 7, 9, 9, 9]

  @Test func `A PNG is decoded to the very pixels that it was made of`() throws {
    let picture = try UprightPicture(
      decoding: png(colours, 3, 2, PNG_FORMAT_FLAG_COLOR), by: JPEGDecoder())
    #expect(picture.size == FrameSize(width: 3, height: 2))
    #expect(picture.originalSize == picture.size)
    #expect(picture.rgb == colours)
  }

  @Test func `What one can see through lies on white, and grey becomes three equal values`() throws
  {
    let clear = png(
      [10, 20, 30, 0, 10, 20, 30, 255], 2, 1, PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    #expect(try UprightPicture(png: clear).rgb == [255, 255, 255, 10, 20, 30])
    #expect(try UprightPicture(png: png([0, 77], 2, 1, 0)).rgb == [0, 0, 0, 77, 77, 77])
  }

  @Test func `A PNG cut off or changed at any byte is refused or decoded, and never more`() {
    let whole = png(colours, 3, 2, PNG_FORMAT_FLAG_COLOR)
    for end in 0..<whole.count - 12 {
      #expect(throws: ImagingError.self, "cut at \(end)") {
        try UprightPicture(decoding: Array(whole.prefix(end)), by: JPEGDecoder())
      }
    }
    for index in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[index] ^= 1 << bit
        if let picture = try? UprightPicture(decoding: damaged, by: JPEGDecoder()) {
          #expect(picture.rgb.count == picture.size.width * picture.size.height * 3)
        }
      }
    }
  }

  @Test func `One that says it is larger than memory should be taken for is refused`() {
    var huge = png(colours, 3, 2, PNG_FORMAT_FLAG_COLOR)
    // Width and height of the header, and its checksum.
    let header: [UInt8] = [0x49, 0x48, 0x44, 0x52, 0, 1, 0, 0, 0, 1, 0, 0, 8, 2, 0, 0, 0]
    huge.replaceSubrange(12..<29, with: header)
    var crc: UInt32 = ~0
    for byte in header {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    huge.replaceSubrange(
      29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> (24 - 8 * $0)) })
    #expect {
      try UprightPicture(png: huge)
    } throws: { error in
      (error as? ImagingError)?.code == .unsupported
    }
  }
}
