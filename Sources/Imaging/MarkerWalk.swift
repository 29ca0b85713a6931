import Frames
import Glibc

/// One walk over one picture's markers; it lives within a call that holds the bytes.
@safe
struct MarkerWalk {
  private let bytes: UnsafeRawBufferPointer
  private let count: Int
  private var position = 2
  private var header: Header?
  private var hasQuantisation = false
  private var definedTables: HuffmanTableSet = []
  private var missingTables: HuffmanTableSet = []
  private var huffmanIsStandard = true
  private var restartInterval = 0
  private var firstScan: Int?

  private struct Header {
    var size: FrameSize
    var components: Int
    /// Minimum coded units of an interleaved scan.
    var unitCount: Int
    var isProgressive: Bool
  }

  /// With the standard tables no picture gives as many zero bytes in a row: they decode to one
  /// coefficient of -1 after the other. They are what a lost USB packet leaves.
  private static let zeroRunMax = 64

  /// - Parameter bytes: valid for as long as this value is used.
  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.bytes = unsafe bytes
    count = bytes.count
  }

  mutating func structure() throws(ImagingError) -> JPEGStructure {
    guard byte(0) == 0xFF, byte(1) == 0xD8 else {
      throw ImagingError(.corrupt, "no JPEG: it does not begin with FF D8")
    }
    while true {
      let marker = try nextMarker()
      switch marker {
      case 0xD9:
        guard let header, let firstScan else {
          throw ImagingError(.corrupt, "the JPEG ends before any picture data")
        }
        return JPEGStructure(
          size: header.size, components: header.components, byteCount: position,
          scanOffset: firstScan, missingTables: missingTables)
      case 0xC0, 0xC1, 0xC2: try readHeader(progressive: marker == 0xC2)
      case 0xC4: try readHuffmanTables()
      case 0xDB:
        _ = try segment("DQT", least: 67)
        hasQuantisation = true
      case 0xDD:
        let body = try segment("DRI", least: 4)
        restartInterval = word(body.lowerBound)
      case 0xDA: try readScan()
      case 0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        throw ImagingError(
          .unsupported, "the JPEG is of a kind (SOF\(marker - 0xC0)) that few programs can read")
      case 0xC8, 0xCC, 0xDC, 0xDE, 0xDF, 0xE0...0xFE: _ = try segment("a segment", least: 2)
      default:
        throw ImagingError(
          .corrupt, "stray marker FF \(String(marker, radix: 16)) at byte \(position - 2)")
      }
    }
  }

  private func byte(_ index: Int) -> UInt8? {
    index < count ? unsafe bytes[index] : nil
  }

  /// Big-endian, at an index that is known to be within bounds.
  private func word(_ index: Int) -> Int {
    unsafe Int(bytes[index]) << 8 | Int(bytes[index + 1])
  }

  /// Any number of fill bytes FF may stand before a marker.
  private mutating func nextMarker() throws(ImagingError) -> UInt8 {
    guard byte(position) == 0xFF else {
      throw position >= count
        ? ImagingError(.corrupt, "the JPEG has no end (FF D9): it was cut off")
        : ImagingError(.corrupt, "no marker where one must be, at byte \(position)")
    }
    while byte(position) == 0xFF { position += 1 }
    guard let marker = byte(position), marker != 0 else {
      throw ImagingError(.corrupt, "the JPEG was cut off within a marker")
    }
    position += 1
    return marker
  }

  /// The body of the segment whose length field is next; `least` counts the length field too.
  private mutating func segment(_ name: String, least: Int) throws(ImagingError) -> Range<Int> {
    guard position + 2 <= count else {
      throw ImagingError(.corrupt, "the JPEG was cut off within \(name)")
    }
    let length = word(position)
    guard length >= least, position + length <= count else {
      throw ImagingError(
        .corrupt, "\(name) at byte \(position) has an impossible length of \(length)")
    }
    defer { position += length }
    return position + 2..<position + length
  }

  private mutating func readHeader(progressive: Bool) throws(ImagingError) {
    let body = try segment("SOF", least: 11)
    let start = body.lowerBound
    let size = FrameSize(width: word(start + 3), height: word(start + 1))
    let components = unsafe Int(bytes[start + 5])
    guard unsafe bytes[start] == 8, header == nil, size.width > 0, size.height > 0,
      [1, 3, 4].contains(components), body.count == 6 + 3 * components
    else {
      throw ImagingError(.corrupt, "the JPEG's frame header (SOF) makes no sense")
    }
    var widest = 1
    var highest = 1
    for component in 0..<components {
      let sampling = unsafe bytes[start + 7 + 3 * component]
      let (h, v) = (Int(sampling >> 4), Int(sampling & 15))
      guard (1...4).contains(h), (1...4).contains(v) else {
        throw ImagingError(.corrupt, "the JPEG's sampling factors make no sense")
      }
      widest = max(widest, h)
      highest = max(highest, v)
    }
    // A picture of one component is coded block by block, whatever its factors say.
    let (unitWidth, unitHeight) = components == 1 ? (8, 8) : (8 * widest, 8 * highest)
    header = Header(
      size: size, components: components,
      unitCount: ((size.width + unitWidth - 1) / unitWidth)
        * ((size.height + unitHeight - 1) / unitHeight),
      isProgressive: progressive)
  }

  private mutating func readHuffmanTables() throws(ImagingError) {
    var body = try segment("DHT", least: 19)
    while !body.isEmpty {
      let start = body.lowerBound
      guard body.count >= 17 else {
        throw ImagingError(.corrupt, "a Huffman table was cut off")
      }
      let name = unsafe bytes[start]
      guard name & 0xEC == 0 else {
        throw ImagingError(
          .corrupt, "a Huffman table is called \(name), but there are 0 to 3 and 16 to 19")
      }
      definedTables.insert(name < 16 ? .dc(name) : .ac(name))
      let symbols = unsafe bytes[start + 1..<start + 17].reduce(0) { $0 + Int($1) }
      guard symbols <= 256, 17 + symbols <= body.count else {
        throw ImagingError(.corrupt, "a Huffman table is longer than its segment")
      }
      if huffmanIsStandard, !isStandardTable(start, count: 17 + symbols) {
        huffmanIsStandard = false
      }
      body = start + 17 + symbols..<body.upperBound
    }
  }

  private func isStandardTable(_ start: Int, count: Int) -> Bool {
    guard let base = unsafe bytes.baseAddress else { return false }
    return StandardHuffmanTables.tables.contains { table in
      unsafe table.count == count && memcmp(table, base + start, count) == 0
    }
  }

  private mutating func readScan() throws(ImagingError) {
    let marker = position - 2
    let body = try segment("SOS", least: 8)
    guard let header, hasQuantisation else {
      throw ImagingError(.corrupt, "picture data comes before the tables that it needs")
    }
    let inScan = unsafe Int(bytes[body.lowerBound])
    guard (1...header.components).contains(inScan), body.count == 4 + 2 * inScan else {
      throw ImagingError(.corrupt, "the JPEG's scan header (SOS) makes no sense")
    }
    try noteTables(usedBy: body, components: inScan, isProgressive: header.isProgressive)
    if firstScan == nil { firstScan = marker }
    let restarts = try skipCodedData()
    let isWhole = inScan == header.components && !header.isProgressive
    if isWhole, restartInterval > 0 {
      let expected = (header.unitCount + restartInterval - 1) / restartInterval - 1
      guard restarts == expected else {
        throw ImagingError(
          .corrupt, "the picture has \(restarts) restart markers where \(expected) belong")
      }
    }
  }

  /// What is missing is put in before the first scan; for a later one it is as good there, since no
  /// segment between the two defines it.
  private mutating func noteTables(
    usedBy body: Range<Int>, components: Int, isProgressive: Bool
  ) throws(ImagingError) {
    // A progressive scan codes DC or AC; those that refine DC are plain bits.
    let isFirstBand = unsafe bytes[body.upperBound - 3] == 0
    let isRefining = unsafe bytes[body.upperBound - 1] >= 16
    let usesDC = !isProgressive || isFirstBand && !isRefining
    let usesAC = !isProgressive || !isFirstBand
    for component in 0..<components {
      let selectors = unsafe bytes[body.lowerBound + 2 + 2 * component]
      let (dc, ac) = (selectors >> 4, selectors & 15)
      var used: HuffmanTableSet = []
      if usesDC { used.insert(.dc(dc)) }
      if usesAC { used.insert(.ac(ac)) }
      let missing = used.subtracting(definedTables)
      guard !usesDC || dc < 4, !usesAC || ac < 4, missing.isSubset(of: .standard) else {
        throw ImagingError(
          .corrupt, "picture data needs a Huffman table that is neither given nor standard")
      }
      missingTables.formUnion(missing)
    }
  }

  /// Goes to the marker that ends the entropy-coded data; returns the restart markers passed.
  private mutating func skipCodedData() throws(ImagingError) -> Int {
    var restarts = 0
    let start = position
    guard let base = unsafe bytes.baseAddress else { return 0 }
    while position < count {
      guard
        let found = unsafe memchr(base + position, 0xFF, count - position)
      else { break }
      let index = unsafe UnsafeRawPointer(found) - base
      guard let next = byte(index + 1) else { break }
      switch next {
      case 0x00: position = index + 2
      case 0xFF: position = index + 1
      case 0xD0...0xD7:
        guard restartInterval > 0, Int(next & 7) == restarts & 7 else {
          throw ImagingError(.corrupt, "restart markers out of order at byte \(index)")
        }
        restarts += 1
        position = index + 2
      default:
        guard index > start else {
          throw ImagingError(.corrupt, "the JPEG has a scan without data")
        }
        try checkZeroRuns(start..<index)
        position = index
        return restarts
      }
    }
    throw ImagingError(.corrupt, "the JPEG has no end (FF D9): it was cut off")
  }

  private func checkZeroRuns(_ coded: Range<Int>) throws(ImagingError) {
    guard huffmanIsStandard, header?.isProgressive == false else { return }
    // Any run of 64 zero bytes holds a whole group of 8 at a multiple of 56 from the start.
    var index = coded.lowerBound
    while index + 8 <= coded.upperBound {
      if unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) == 0 {
        var first = index
        var end = index + 8
        while first > coded.lowerBound, byte(first - 1) == 0 { first -= 1 }
        while end < coded.upperBound, byte(end) == 0 { end += 1 }
        guard end - first < Self.zeroRunMax else {
          throw ImagingError(
            .corrupt, "\(end - first) zero bytes at byte \(first): part of the picture is missing")
        }
      }
      index += Self.zeroRunMax - 8
    }
  }
}
