import Frames
import Testing

@testable import Imaging

/// Huffman tables that a camera leaves out, all or some.
@Suite struct HuffmanTableTests {
  static let size = FrameSize(width: 80, height: 48)
  static let all: Set<UInt8> = [0x00, 0x10, 0x01, 0x11]
  static let subsets: [Set<UInt8>] = (0..<16).map { mask in
    all.filter { mask & 1 << ($0 & 1 | $0 >> 3) != 0 }
  }

  @Test(arguments: [PixelFormat.yuyv, .nv12, .grey], subsets)
  func `Whichever tables are left out, those that the picture needs are put in, and no others`(
    format: PixelFormat, kept: Set<UInt8>
  ) throws {
    let jpeg = try Self.jpeg(format)
    let original = Self.tables(jpeg)
    #expect(Set(original) == (format == .grey ? [0x00, 0x10] : Self.all))
    let bare = Self.keeping(kept, of: jpeg)
    for split in [false, true] {
      let mended = try Self.pass(split ? Self.dividingTables(bare) : bare)
      #expect(Self.tables(mended).sorted() == original.sorted())
      #expect(mended.count <= jpeg.count + 16)
      try Self.expectSame(mended, as: jpeg)
    }
  }

  @Test(arguments: subsets)
  func `A masked picture is decoded by its own tables, not by those of the picture before`(
    kept: Set<UInt8>
  ) throws {
    let jpeg = try Self.jpeg(.yuyv)
    let options: (inout PictureOptions) -> Void = {
      $0.masks = [Rectangle(x: 0, y: 0, width: 8, height: 8)]
      $0.quality = 95
    }
    let expected = try compressor(options).picture(of: jpegFrame(jpeg, Self.size))
    let masked = try compressor(options)
    _ = try masked.picture(of: jpegFrame(Self.swappingTables(jpeg), Self.size))
    let bare = Self.keeping(kept, of: jpeg)
    let picture = try masked.picture(of: jpegFrame(bare, Self.size))
    #expect(picture.bytes.array == expected.bytes.array)
  }

  @Test func `A table that no standard gives makes a picture corrupt where it is missing`() throws {
    let jpeg = try Self.jpeg(.yuyv)
    for id in [2, 3] as [UInt8] {
      // The chroma tables go by another id, and are there.
      let renamed = Self.renaming([0: 0, 1: id], in: jpeg)
      #expect(try Self.pass(renamed) == renamed)
      try Self.expectSame(renamed, as: jpeg)
      for missing in [id, 0x10 | id] {
        let kept = Set(Self.tables(renamed)).subtracting([missing])
        #expect(throws: ImagingError.self) { try Self.pass(Self.keeping(kept, of: renamed)) }
      }
    }
    for selector in [0x40, 0x04, 0xF0, 0x2F] as [UInt8] {
      var wrong = jpeg
      wrong[try #require(Self.scan(jpeg)) + 6] = selector
      #expect(throws: ImagingError.self) { try Self.pass(wrong) }
    }
    var impossible = jpeg
    impossible[try #require(Self.segments(jpeg, 0xC4).first).lowerBound + 4] = 0x24
    #expect(throws: ImagingError.self) { try Self.pass(impossible) }
  }

  @Test
  func `The scans of a progressive picture need either kind of table, and refinements of DC none`()
    throws
  {
    func scan(_ selectors: [UInt8], _ first: UInt8, _ last: UInt8, _ bits: UInt8) -> [UInt8] {
      let pairs = selectors.enumerated().flatMap { [UInt8($0.offset + 1), $0.element] }
      return [0xFF, 0xDA, 0, UInt8(6 + pairs.count), UInt8(selectors.count)] + pairs
        + [first, last, bits, 0x12, 0x34]
    }
    let head =
      [0xFF, 0xD8] + [0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
      + [0xFF, 0xC2, 0, 17, 8, 0, 16, 0, 16, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]
    let table: [UInt8] = [0xFF, 0xC4, 0, 20, 0x10, 1] + [UInt8](repeating: 0, count: 15) + [7]
    func missing(_ body: [UInt8]) throws -> HuffmanTableSet {
      try JPEGStructure.read(unsafe (head + body + [0xFF, 0xD9]).span.bytes).missingTables
    }
    #expect(try missing(scan([0x00, 0x11, 0x11], 0, 0, 0x01)) == [.dc(0), .dc(1)])
    // A refinement of DC, whose selectors mean nothing.
    #expect(try missing(table + scan([0x22, 0x22, 0x22], 0, 0, 0x10)) == [])
    #expect(try missing(scan([0x21], 1, 63, 0x00)) == [.ac(1)])
    #expect(try missing(table + scan([0x20], 1, 63, 0x10)) == [])
    // A table that comes after the scan that needs it is too late.
    #expect(try missing(scan([0x20], 1, 5, 0) + table + scan([0x20], 6, 63, 0)) == [.ac(0)])
    // What a later scan lacks is missing as well.
    #expect(
      try missing(table + scan([0x20], 1, 63, 0) + scan([0x21], 1, 63, 0)) == [.ac(1)])
    #expect(throws: ImagingError.self) { try missing(scan([0x22], 1, 63, 0)) }
  }

  // MARK: Pictures

  private static func jpeg(_ format: PixelFormat) throws -> [UInt8] {
    try compressor { $0.quality = 90 }
      .picture(of: TestPicture(size: size).frame(format)).bytes.array
  }

  private static func pass(_ jpeg: [UInt8]) throws -> [UInt8] {
    let picture = try compressor().picture(of: jpegFrame(jpeg, size))
    #expect(picture.isPassedThrough)
    return picture.bytes.array
  }

  /// libjpeg-turbo fills in tables that are missing, unless it has some of the picture before: a decoder
  /// that has seen wrong ones under each name shows whether a JPEG is complete.
  private static func expectSame(_ jpeg: [UInt8], as original: [UInt8]) throws {
    let decoder = try JPEGDecoder()
    _ = try decoder.rgb(of: unsafe swappingTables(Self.jpeg(.yuyv)).span.bytes)
    let pixels = try decoder.rgb(of: unsafe jpeg.span.bytes).pixels
    #expect(try pixels == decodeRGB(original).pixels)
    try decoder.check(unsafe jpeg.span.bytes)
  }

  /// The segments with this marker before the picture data, their markers included.
  private static func segments(_ jpeg: [UInt8], _ marker: UInt8) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var at = 2
    while at + 4 < jpeg.count, jpeg[at] == 0xFF {
      let end = at + 2 + Int(jpeg[at + 2]) << 8 + Int(jpeg[at + 3])
      if jpeg[at + 1] == marker { found.append(at..<end) }
      if jpeg[at + 1] == 0xDA { break }
      at = end
    }
    return found
  }

  private static func scan(_ jpeg: [UInt8]) -> Int? { segments(jpeg, 0xDA).first?.lowerBound }

  /// Where each table's class and id are, and its length from there.
  private static func places(_ jpeg: [UInt8]) -> [Range<Int>] {
    segments(jpeg, 0xC4).flatMap { segment in
      var places: [Range<Int>] = []
      var at = segment.lowerBound + 4
      while at < segment.upperBound {
        let count = 17 + jpeg[at + 1..<at + 17].reduce(0) { $0 + Int($1) }
        places.append(at..<at + count)
        at += count
      }
      return places
    }
  }

  /// Class and id of every table, in order.
  private static func tables(_ jpeg: [UInt8]) -> [UInt8] {
    places(jpeg).map { jpeg[$0.lowerBound] }
  }

  /// The JPEG with `bodies` for its tables, each list of tables in a segment.
  private static func replacingTables(_ jpeg: [UInt8], by bodies: [[UInt8]]) -> [UInt8] {
    var result = jpeg
    for segment in segments(jpeg, 0xC4).reversed() { result.removeSubrange(segment) }
    var tables: [UInt8] = []
    for body in bodies where !body.isEmpty {
      let length = body.count + 2
      tables += [0xFF, 0xC4, UInt8(length >> 8), UInt8(length & 255)] as [UInt8]
      tables += body
    }
    result.insert(contentsOf: tables, at: scan(result) ?? 0)
    return result
  }

  private static func keeping(_ kept: Set<UInt8>, of jpeg: [UInt8]) -> [UInt8] {
    let bodies = places(jpeg).filter { kept.contains(jpeg[$0.lowerBound]) }.map { Array(jpeg[$0]) }
    return replacingTables(jpeg, by: [bodies.flatMap { $0 }])
  }

  /// Each table in a segment of its own.
  private static func dividingTables(_ jpeg: [UInt8]) -> [UInt8] {
    replacingTables(jpeg, by: places(jpeg).map { Array(jpeg[$0]) })
  }

  /// The same picture with other ids for its tables.
  private static func renaming(_ ids: [UInt8: UInt8], in jpeg: [UInt8]) -> [UInt8] {
    var renamed = jpeg
    for place in places(jpeg) {
      let name = jpeg[place.lowerBound]
      renamed[place.lowerBound] = name & 0xF0 | (ids[name & 15] ?? name & 15)
    }
    guard let scan = scan(jpeg) else { return renamed }
    for component in 0..<Int(jpeg[scan + 4]) {
      let at = scan + 6 + 2 * component
      let (dc, ac) = (jpeg[at] >> 4, jpeg[at] & 15)
      renamed[at] = (ids[dc] ?? dc) << 4 | (ids[ac] ?? ac)
    }
    return renamed
  }

  private static func swappingTables(_ jpeg: [UInt8]) -> [UInt8] {
    renaming([0: 1, 1: 0], in: jpeg)
  }
}
