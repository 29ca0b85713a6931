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

  /// A PNG of uncompressed rows, each with its filter byte before it.
  private func png(
    _ width: Int, _ height: Int, bits: UInt8, kind: UInt8, rows: [UInt8],
    chunks: [(String, [UInt8])] = []
  ) -> [UInt8] {
    let size: [UInt8] = [
      0, 0, UInt8(width >> 8), UInt8(width & 255), 0, 0, UInt8(height >> 8), UInt8(height & 255),
    ]
    let count = UInt16(rows.count)
    var (a, b) = (1, 0)
    for byte in rows { (a, b) = ((a + Int(byte)) % 65_521, (b + a + Int(byte)) % 65_521) }
    var stream: [UInt8] = [0x78, 1, 1]
    stream += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    stream += rows
    stream += [b >> 8, b & 255, a >> 8, a & 255].map { UInt8($0) }
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes += chunk("IHDR", size + [bits, kind, 0, 0, 0])
    for (name, body) in chunks { bytes += chunk(name, body) }
    return bytes + chunk("IDAT", stream) + chunk("IEND", [])
  }

  private func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    var crc: UInt32 = ~0
    for byte in Array(name.utf8) + body {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    func word(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }
    return word(UInt32(body.count)) + Array(name.utf8) + body + word(~crc)
  }

  /// The colour type, and the samples of a pixel.
  static let samples: [(kind: UInt8, samples: [UInt8])] = [
    (0, [90]), (2, [100, 50, 25]), (4, [90, 255]), (6, [100, 50, 25, 255]), (4, [90, 100]),
    (6, [100, 50, 25, 77]), (6, [100, 50, 25, 0]),
  ]

  @Test(arguments: samples)
  func `Sixteen bits are read as their eight-bit twin, whatever is said of colours`(
    kind: UInt8, samples: [UInt8]
  ) throws {
    let gamma: [UInt8] = [0, 0, 0xB1, 0x8F]
    let said: [[(String, [UInt8])]] = [
      [], [("sRGB", [0])], [("gAMA", gamma)], [("sRGB", [0]), ("gAMA", gamma)],
    ]
    for chunks in said {
      let row8: [UInt8] = [0] + samples + samples
      let row16: [UInt8] = [0] + (samples + samples).flatMap { [$0, $0] }
      let twin = try UprightPicture(
        png: png(2, 2, bits: 8, kind: kind, rows: row8 + row8, chunks: chunks))
      let deep = try UprightPicture(
        png: png(2, 2, bits: 16, kind: kind, rows: row16 + row16, chunks: chunks))
      for (one, other) in zip(deep.rgb, twin.rgb) { #expect(abs(Int(one) - Int(other)) <= 1) }
      if samples.last == 255 || samples.count % 2 == 1 {
        #expect(abs(Int(deep.rgb[0]) - Int(samples[0])) <= 1)
      }
    }
  }

  @Test(arguments: [[], [("sRGB", [0])]] as [[(String, [UInt8])]])
  func `A picture of sixteen bits has the values that are written in it`(
    chunks: [(String, [UInt8])]
  ) throws {
    for (kind, sample) in [(2, [100, 50, 25]), (0, [90])] as [(UInt8, [UInt8])] {
      // 4 x 4, each sample as v * 257, which is what v of 255 is of 65,535.
      let row: [UInt8] = [0] + (0..<4).flatMap { _ in sample.flatMap { [$0, $0] } }
      let deep = png(
        4, 4, bits: 16, kind: kind, rows: (0..<4).flatMap { _ in row }, chunks: chunks)
      let picture = try UprightPicture(decoding: deep, by: JPEGDecoder())
      let pixel = sample.count == 3 ? sample : [sample[0], sample[0], sample[0]]
      #expect(picture.rgb == (0..<16).flatMap { _ in pixel })
    }
  }

  @Test func `A linear picture that says so is made lighter, at sixteen bits as at eight`() throws {
    for bits: UInt8 in [8, 16] {
      let row: [UInt8] = [0] + [UInt8](repeating: 55, count: Int(bits) / 8)
      let linear = png(
        1, 1, bits: bits, kind: 0, rows: row, chunks: [("gAMA", [0, 1, 0x86, 0xA0])])
      #expect(abs(Int(try UprightPicture(png: linear).rgb[0]) - 128) <= 2)
    }
  }

  @Test func `An eXIf chunk turns the picture; damaged, it is ignored`() throws {
    let rows: [UInt8] = [0, 255, 0, 0, 0, 255, 0]
    let tiff: [UInt8] = [
      0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
    ]
    for body in [tiff, Array("Exif\0\0".utf8) + tiff] {
      let turned = png(2, 1, bits: 8, kind: 2, rows: rows, chunks: [("eXIf", body)])
      let picture = try UprightPicture(decoding: turned, by: JPEGDecoder())
      #expect(picture.size == FrameSize(width: 1, height: 2))
      #expect(picture.originalSize == picture.size)
      #expect(picture.rgb == Array(rows[1...]))
      // Any byte of the chunk: then its checksum is wrong.
      let start = try #require(turned.firstRange(of: Array("eXIf".utf8))?.lowerBound)
      for index in start + 4..<start + 4 + body.count {
        var damaged = turned
        damaged[index] ^= 4
        #expect(try UprightPicture(png: damaged).size == FrameSize(width: 2, height: 1))
      }
    }
  }
}
