import CPixelRows
import Frames
import Testing

@testable import Imaging

@Suite struct PassThroughTests {
  static let size = FrameSize(width: 80, height: 48)

  static func jpeg() throws -> [UInt8] {
    try compressor().picture(of: TestPicture(size: size).frame(.yuyv)).bytes.array
  }

  private func pass(_ jpeg: [UInt8]) throws -> [UInt8] {
    try compressor().picture(of: jpegFrame(jpeg, Self.size)).bytes.array
  }

  @Test func `A sound JPEG passes byte for byte`() throws {
    let jpeg = try Self.jpeg()
    #expect(try pass(jpeg) == jpeg)
  }

  @Test func `What is known of the picture before changes nothing of what is found`() throws {
    let jpeg = try Self.jpeg()
    let other = try compressor { $0.quality = 30 }
      .picture(of: TestPicture(size: Self.size).frame(.yuyv)).bytes.array
    let restarts = RestartJPEG(standardTables: StandardHuffmanTables.segment(.standard))
    var fewer = restarts
    fewer.rows.removeLast()
    let damaged = Array(jpeg.prefix(jpeg.count - 40)) + [0xFF, 0xD3] + Array(jpeg.suffix(40))
    let pictures = [
      jpeg, jpeg, damaged, jpeg, Array(jpeg.dropLast(2)), jpeg + [0, 0], other, jpeg, other,
      restarts.jpeg(), fewer.jpeg(), restarts.jpeg(), [], [0xFF, 0xD8], Array(jpeg.prefix(30)),
      jpeg,
    ]
    var known = KnownBeginnings()
    for (index, picture) in pictures.enumerated() {
      let from = known.lastPosition
      var copy = [UInt8](repeating: 7, count: picture.count + 1)
      let marker = unsafe vp_copy_to_marker(&copy, picture, picture.count, from)
      #expect(copy == picture + [7])
      let alone = Result { () throws(ImagingError) in
        try unsafe JPEGStructure.read(picture.span.bytes)
      }
      let after = Result { () throws(ImagingError) in
        try unsafe JPEGStructure.read(
          picture.span.bytes, after: &known,
          noted: MarkerWalk.NotedMarker(from: from, marker: marker))
      }
      #expect("\(alone)" == "\(after)", "picture \(index)")
    }
    let walk = unsafe jpeg.withUnsafeBytes { unsafe known.walk($0)?.position }
    #expect(walk != nil)
  }

  @Test func `Markers are found wherever they stand in the data`() {
    for count in [0, 1, 2, 127, 128, 129, 300] {
      for place in 0..<count {
        // Full of FF 00, which is no marker.
        var data = (0..<count).map { UInt8($0 % 2 == place % 2 ? 0xFF : 0) }
        #expect(unsafe vp_next_marker(data, count) == count)
        if place + 1 < count { data[place + 1] = 0xD9 }
        #expect(unsafe vp_next_marker(data, count) == (place + 1 < count ? place : count))
        for from in [0, 1, place, place + 1, count, count + 9] {
          var copy = [UInt8](repeating: 7, count: count + 1)
          let found = unsafe vp_copy_to_marker(&copy, data, count, from)
          #expect(copy == data + [7])
          #expect(found == (place + 1 < count && from <= place ? place : count))
        }
      }
    }
  }

  @Test func `Padding after the end is trimmed`() throws {
    let jpeg = try Self.jpeg()
    for padding in [1, 3, 4096] {
      #expect(try pass(jpeg + [UInt8](repeating: 0, count: padding)) == jpeg)
    }
  }

  @Test func `A JPEG that is cut anywhere is refused`() throws {
    let jpeg = try Self.jpeg()
    for count in 0..<jpeg.count {
      #expect(throws: ImagingError.self) { try pass(Array(jpeg[..<count])) }
      let padded = Array(jpeg[..<count]) + [UInt8](repeating: 0, count: jpeg.count - count)
      #expect(throws: ImagingError.self) { try pass(padded) }
    }
  }

  @Test func `A hole of zeros in the picture's data is found, though its end is there`() throws {
    let size = FrameSize(width: 320, height: 240)
    var jpeg = try compressor { $0.quality = 95 }
      .picture(of: TestPicture(size: size).frame(.yuyv)).bytes.array
    let start = jpeg.count / 2
    for i in start..<start + 128 { jpeg[i] = 0 }
    #expect(throws: ImagingError.self) {
      try compressor().picture(of: jpegFrame(jpeg, size))
    }
  }

  @Test func `Damaged bits are found where full verification is asked for`() throws {
    var jpeg = try Self.jpeg()
    // A code that no table has: sixteen ones, stuffed.
    let middle = jpeg.count * 3 / 4
    jpeg.replaceSubrange(middle..<middle + 4, with: [0xFF, 0x00, 0xFF, 0x00])
    let full = try compressor { $0.decodesToVerify = true }
    #expect(throws: ImagingError.self) { try full.picture(of: jpegFrame(jpeg, Self.size)) }
  }

  @Test func `A picture of another size than negotiated has its own`() throws {
    let jpeg = try Self.jpeg()
    for set in [FrameSize(width: 640, height: 480), FrameSize(width: 16, height: 8)] {
      let picture = try compressor().picture(of: jpegFrame(jpeg, set))
      #expect(picture.bytes.array == jpeg)
      #expect(picture.size == Self.size && picture.isPassedThrough && !picture.isRepaired)
      let scaled = try compressor { $0.scale = FrameSize(width: 40, height: 24) }
      #expect(try scaled.picture(of: jpegFrame(jpeg, set)).size == FrameSize(width: 40, height: 24))
    }
  }

  @Test
  func `A mask for another size covers its pixels and the same part, or nothing is published`()
    throws
  {
    let jpeg = try Self.jpeg()
    let mask = Rectangle(x: 8, y: 8, width: 8, height: 8)
    let twice = FrameSize(width: 160, height: 96)
    let picture = try compressor {
      $0.masks = [mask]
      $0.quality = 95
    }.picture(of: jpegFrame(jpeg, twice))
    let pixels = try decodeRGB(picture.bytes.array).pixels
    func isBlack(_ x: Int, _ y: Int) -> Bool {
      let at = (y * Self.size.width + x) * 3
      return pixels[at..<at + 3].allSatisfy { $0 < 70 }
    }
    // As it was measured, and as it lies in the picture.
    #expect(isBlack(9, 9) && isBlack(14, 14))
    #expect(isBlack(6, 6))
    #expect(!isBlack(40, 24) && !isBlack(1, 1) && !isBlack(20, 20))
    // It fits one of the sizes only.
    for (mask, set) in [
      (Rectangle(x: 70, y: 8, width: 40, height: 8), twice),
      (Rectangle(x: 8, y: 8, width: 40, height: 8), FrameSize(width: 20, height: 20)),
    ] {
      let error = try #require(throws: ImagingError.self) {
        _ = try compressor { $0.masks = [mask] }.picture(of: jpegFrame(jpeg, set))
      }
      #expect(error.description.contains("nothing is published"))
    }
  }

  @Test func `Any mutation gives a picture or an error`() throws {
    let jpeg = try Self.jpeg()
    let plain = try compressor()
    let masked = try compressor { $0.masks = [Rectangle(x: 0, y: 0, width: 8, height: 8)] }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      var mutant = jpeg
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        mutant[Int.random(in: 0..<mutant.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      for compressor in [plain, masked] {
        do { _ = try compressor.picture(of: jpegFrame(mutant, Self.size)) } catch {}
      }
    }
  }
}
