import Frames
import Testing

@testable import Imaging

/// JPEGs as cameras and bridges garble them, though nothing of the picture is missing.
@Suite struct RepairTests {
  static let size = FrameSize(width: 64, height: 48)

  static func plain(_ width: Int = 64, _ height: Int = 48, quality: Int = 80) throws -> [UInt8] {
    let picture = TestPicture(size: FrameSize(width: width, height: height))
    return try compressor { $0.quality = quality }.picture(of: picture.frame(.yuyv)).bytes.array
  }

  static func restarting() -> RestartJPEG {
    RestartJPEG(standardTables: StandardHuffmanTables.segment([.dc(0), .ac(0)]))
  }

  private func take(_ jpeg: [UInt8], _ size: FrameSize = size) throws -> Picture {
    try compressor().picture(of: jpegFrame(jpeg, size))
  }

  /// What is published has the picture's own pixels, and passes for plainly good or decodes cleanly.
  private func expectWhole(
    _ garbled: [UInt8], as plain: [UInt8], isRepaired: Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let picture = try take(garbled)
    let published = picture.bytes.array
    #expect(published.starts(with: [0xFF, 0xD8]), sourceLocation: sourceLocation)
    #expect(published.suffix(2) == [0xFF, 0xD9], sourceLocation: sourceLocation)
    let (expected, found) = (try decodeRGB(plain), try decodeRGB(published))
    #expect(expected.pixels == found.pixels, sourceLocation: sourceLocation)
    #expect(picture.size == Self.size, sourceLocation: sourceLocation)
    #expect(picture.isRepaired == isRepaired, sourceLocation: sourceLocation)
    // A mask is burned into it as into a sound one.
    let mask: (inout PictureOptions) -> Void = {
      $0.masks = [Rectangle(x: 8, y: 8, width: 16, height: 16)]
    }
    let masked = try compressor(mask).picture(of: jpegFrame(garbled, Self.size))
    let sound = try compressor(mask).picture(of: jpegFrame(plain, Self.size))
    #expect(masked.bytes.array == sound.bytes.array, sourceLocation: sourceLocation)
    #expect(masked.isRepaired == isRepaired, sourceLocation: sourceLocation)
  }

  /// Where the first segment of this kind begins.
  private func place(of marker: UInt8, in jpeg: [UInt8]) throws -> Int {
    try #require(jpeg.firstRange(of: [0xFF, marker])?.lowerBound)
  }

  @Test(arguments: [1, 2, 64, 65, 200, 5000], [0, 1, 0x55] as [UInt8])
  func `Bytes before the end belong to nothing`(count: Int, value: UInt8) throws {
    let jpeg = try Self.plain()
    let padding = [UInt8](repeating: value, count: count)
    try expectWhole(Array(jpeg.dropLast(2)) + padding + [0xFF, 0xD9], as: jpeg, isRepaired: false)
    // With something else between.
    try expectWhole(
      Array(jpeg.dropLast(2)) + padding + [9, 8, 7] + padding + [0xFF, 0xFF, 0xD9], as: jpeg,
      isRepaired: false)
  }

  @Test(
    arguments: [[], [0, 0], [0xFF], [1, 2, 3, 0xFF], [0xFF, 0xD9], [0xFF, 0xD8, 0xFF, 0xD9, 4]]
      as [[UInt8]])
  func `What stands before the last SOI is cut off`(before: [UInt8]) throws {
    let jpeg = try Self.plain()
    for second in [[], [0xFF, 0xD8], [0xFF, 0xD8, 0xFF, 0xD8], [0xFF, 0xD8, 0xFF]] as [[UInt8]] {
      let garbled = before + second + jpeg
      try expectWhole(garbled, as: jpeg, isRepaired: garbled.count > jpeg.count)
    }
    // A picture that was cut off, and a whole one after it.
    try expectWhole(before + jpeg[..<(jpeg.count / 2)] + jpeg, as: jpeg, isRepaired: true)
  }

  @Test func `What follows the end is cut off`() throws {
    let jpeg = try Self.plain()
    let other = try Self.plain(quality: 30)
    for after in [
      [0], [0xFF], [0xFF, 0xD9], [0xFF, 0xD8], other, [UInt8](repeating: 7, count: 999),
    ] {
      let picture = try take(jpeg + after)
      #expect(picture.bytes.array == jpeg && picture.isRepaired && picture.isPassedThrough)
    }
  }

  @Test func `Of two pictures in one frame the first that is whole is taken`() throws {
    let jpeg = try Self.plain()
    var damaged = jpeg
    let middle = jpeg.count * 3 / 4
    damaged.replaceSubrange(middle..<middle + 4, with: [0xFF, 0x00, 0xFF, 0x00])
    // Not plainly good, so that it is decoded and found to be damaged.
    let scan = try place(of: 0xDA, in: damaged)
    damaged.insert(contentsOf: [1, 2, 3], at: scan)
    try expectWhole(damaged + jpeg, as: jpeg, isRepaired: true)
  }

  @Test(arguments: [0xE0, 0xDB, 0xC4, 0xC0, 0xDA] as [UInt8])
  func `Bytes and fill bytes between segments are passed over`(marker: UInt8) throws {
    let jpeg = try Self.plain()
    let at = try place(of: marker, in: jpeg)
    for junk in [[0], [1, 2, 3], [UInt8](repeating: 0, count: 100), [0xFF, 0], [5, 0xFF, 0, 6]]
      as [[UInt8]]
    {
      try expectWhole(jpeg[..<at] + junk + jpeg[at...], as: jpeg, isRepaired: false)
    }
    try expectWhole(jpeg[..<at] + [0xFF, 0xFF, 0xFF] + jpeg[at...], as: jpeg, isRepaired: false)
  }

  @Test(arguments: [0xC4, 0xDB] as [UInt8])
  func `A segment of tables may hold none`(marker: UInt8) throws {
    let jpeg = try Self.plain()
    let scan = try place(of: 0xDA, in: jpeg)
    try expectWhole(
      jpeg[..<scan] + [0xFF, marker, 0, 2] + jpeg[scan...], as: jpeg, isRepaired: false)
  }

  @Test func `Ends and beginnings within segments are no part of the picture`() throws {
    let jpeg = try Self.plain()
    let thumbnail = try Self.plain(16, 16)
    for body in [[0xFF, 0xD9], [0xFF, 0xD8], thumbnail, [0xFF, 0xDA, 0xFF, 0xD9]] as [[UInt8]] {
      for marker: UInt8 in [0xE1, 0xEF, 0xFE] {
        let length = body.count + 2
        let segment = [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + body
        let whole = jpeg[..<2] + segment + jpeg[2...]
        try expectWhole(Array(whole), as: jpeg, isRepaired: false)
        try expectWhole([0, 0] + whole + [0, 0], as: jpeg, isRepaired: true)
        // The picture itself was cut off: its thumbnail is not published in its place.
        #expect(throws: ImagingError.self) { try take(Array(Array(whole.dropLast(40)))) }
        #expect(throws: ImagingError.self) { try take([0, 0] + Array(whole.dropLast(40))) }
      }
    }
    // A damaged length leads into the thumbnail.
    let segment = [0xFF, 0xE1, 0, 3] + thumbnail
    #expect(throws: ImagingError.self) { try take(jpeg[..<2] + segment + jpeg[2..<200]) }
  }

  @Test func `Restart markers too many, unannounced, or after bytes of nothing`() throws {
    var picture = Self.restarting()
    let plain = picture.jpeg()
    #expect(try take(plain).bytes.array == plain)
    for number: UInt8 in 0xD0...0xD7 {
      try expectWhole(picture.jpeg(end: [0xFF, number]), as: plain, isRepaired: false)
    }
    for junk in [[0], [1, 2, 3], [0xFF], [0xFF, 0], [UInt8](repeating: 0, count: 64)] as [[UInt8]] {
      try expectWhole(picture.jpeg { _ in junk }, as: plain, isRepaired: false)
      try expectWhole(picture.jpeg { $0 == 3 ? junk : [] }, as: plain, isRepaired: false)
    }
    picture.declares = false
    try expectWhole(picture.jpeg(), as: plain, isRepaired: true)
    let other = try Self.plain()
    try expectWhole(
      Array(other.dropLast(2)) + [0xFF, 0xD3, 0xFF, 0xD9], as: other, isRepaired: false)
  }

  @Test func `A row that is missing, doubled or exchanged is found`() throws {
    for declares in [true, false] {
      var picture = Self.restarting()
      picture.declares = declares
      picture.rows[2] = []
      #expect(throws: ImagingError.self) { try take(picture.jpeg()) }
      picture.rows.remove(at: 2)
      #expect(throws: ImagingError.self) { try take(picture.jpeg()) }
    }
  }

  @Test func `What libjpeg cannot decode, and what has no end, stays corrupt`() throws {
    let jpeg = try Self.plain()
    let scan = try place(of: 0xDA, in: jpeg)
    let header = try place(of: 0xC0, in: jpeg)
    var wrong: [[UInt8]] = [
      Array(Array(jpeg.dropLast(2))), Array(jpeg.dropLast(2)) + [0, 0, 0, 0],
      Array(jpeg[..<(jpeg.count / 2)]),
      Array(jpeg[..<scan]) + [0xFF, 0xD9],
      Array(jpeg[..<header] + jpeg[scan...]), [0xFF, 0xD8, 0xFF, 0xD9], [0xFF, 0xD8], [0], [],
      // The last third is zeros, which decode.
      Array(jpeg[..<(jpeg.count - 100)]) + [UInt8](repeating: 0, count: 2000) + [0xFF, 0xD9],
    ]
    // A marker that no decoder knows.
    wrong.append(jpeg[..<scan] + [0xFF, 0xF3, 0, 2] + jpeg[scan...])
    for jpeg in wrong { #expect(throws: ImagingError.self) { try take(jpeg) } }
  }

  @Test func `Tables of the picture before are not used for one that lacks its own`() throws {
    let jpeg = try Self.plain()
    let one = try compressor()
    _ = try one.picture(of: jpegFrame(jpeg, Self.size))
    let table = try place(of: 0xDB, in: jpeg)
    let length = Int(jpeg[table + 2]) << 8 | Int(jpeg[table + 3])
    let without = Array(jpeg[..<table] + [9] + jpeg[(table + 2 + length)...])
    #expect(throws: ImagingError.self) { try one.picture(of: jpegFrame(without, Self.size)) }
  }

  @Test func `Tables that are put in count as a repair`() throws {
    let jpeg = try Self.plain()
    var bare = jpeg
    while let table = bare.firstRange(of: [0xFF, 0xC4])?.lowerBound {
      bare.removeSubrange(table..<table + 2 + Int(bare[table + 2]) << 8 + Int(bare[table + 3]))
    }
    let picture = try take(bare)
    #expect(picture.isRepaired && picture.isPassedThrough)
    #expect(try decodeRGB(picture.bytes.array).pixels == decodeRGB(jpeg).pixels)
    #expect(try !take(jpeg).isRepaired)
  }

  @Test func `Kinds that are not read are named`() throws {
    var jpeg = try Self.plain()
    let header = try place(of: 0xC0, in: jpeg)
    jpeg[header + 4] = 12
    let deep = try #require(throws: ImagingError.self) { _ = try take(jpeg) }
    #expect(deep.code == .unsupported && deep.description.contains("12 bits a sample"))
    let other = try #require(throws: ImagingError.self) {
      _ = try JPEGDecoder().upright(of: unsafe jpeg.span.bytes)
    }
    #expect(other.code == .unsupported && other.description.contains("precision"))
  }
}
