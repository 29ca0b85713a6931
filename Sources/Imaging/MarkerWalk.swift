import Frames
import Glibc

/// One walk over one picture's markers; it lives within a call that holds the bytes.
///
/// The strict walk accepts what is plainly good, so that nothing needs to be decoded. The forgiving one
/// only finds where a picture begins and ends, as libjpeg does: whether it is whole is then for libjpeg
/// to say.
@safe
struct MarkerWalk {
  var bytes: UnsafeRawBufferPointer
  private(set) var count: Int
  let isForgiving: Bool
  var position = 0
  /// Where the picture's SOI is.
  var start = 0
  var header: Header?
  /// Quantisation tables by id, a bit each.
  var quantisation: UInt8 = 0
  var definedTables: HuffmanTableSet = []
  var missingTables: HuffmanTableSet = []
  var huffmanIsStandard = true
  var restartInterval = 0
  var firstScan: Int?
  /// Whether the scan whose header was read last is all there is of the picture.
  var isWholeScan = false
  var orientation: ExifOrientation?
  /// Runs of zero bytes that no picture data gives, in the forgiving walk.
  var zeroRuns: [Range<Int>] = []

  var undeclaredRestarts = 0
  /// Where the first marker at or behind a place is, should somebody have looked already.
  var noted: NotedMarker?

  struct NotedMarker {
    /// Places in the bytes.
    var from: Int
    /// As `vp_next_marker` has it: behind the last byte where there is none.
    var marker: Int
  }

  struct Header {
    var size: FrameSize
    var components: Int
    /// Minimum coded units of an interleaved scan.
    var unitCount: Int
    var unitsInRow: Int
    var isProgressive: Bool
    var isArithmetic: Bool
    /// The quantisation tables that its components use, a bit each.
    var quantisation: UInt8
  }

  /// - Parameter bytes: valid for as long as this value is used.
  init(_ bytes: UnsafeRawBufferPointer, isForgiving: Bool = false) {
    unsafe self.bytes = unsafe bytes
    count = bytes.count
    self.isForgiving = isForgiving
  }

  /// The walk as far as it has come, over bytes that begin alike.
  func resumed(_ bytes: UnsafeRawBufferPointer) -> MarkerWalk {
    var walk = self
    unsafe walk.bytes = unsafe bytes
    walk.count = bytes.count
    return walk
  }

  /// The picture that begins with the first byte.
  mutating func structure() throws(ImagingError) -> JPEGStructure {
    try passSOI()
    return try walk()
  }

  private mutating func passSOI() throws(ImagingError) {
    guard byte(0) == 0xFF, byte(1) == 0xD8 else {
      throw ImagingError(.corrupt, "no JPEG: it does not begin with FF D8")
    }
    position = 2
  }

  /// The first picture at or after `index` that has an end, from its last SOI on.
  mutating func structure(from index: Int) throws(ImagingError) -> JPEGStructure {
    position = index
    try begin()
    return try walk()
  }

  /// The same, from behind the first scan's header where a picture before had the same.
  mutating func structure(after known: inout KnownBeginnings) throws(ImagingError) -> JPEGStructure
  {
    if var resumed = unsafe known.walk(bytes) {
      resumed.noted = noted
      self = resumed
      try readScanData()
      return try walk()
    }
    try passSOI()
    if let found = try advance() { return found }
    known.note(self)
    try readScanData()
    return try walk()
  }

  private mutating func walk() throws(ImagingError) -> JPEGStructure {
    while true {
      if let found = try advance() { return found }
      try readScanData()
    }
  }

  /// Goes on until the next scan, whose header it reads, or the picture's end.
  /// - Returns: the picture at its end, nil before a scan's data.
  private mutating func advance() throws(ImagingError) -> JPEGStructure? {
    while true {
      let marker = try nextMarker()
      switch marker {
      case 0xD9:
        if let found { return found }
        guard isForgiving else {
          throw ImagingError(.corrupt, "the JPEG ends before any picture data")
        }
        try begin()
      // What stands before another SOI is the rest of something else.
      case 0xD8 where isForgiving: restart()
      case 0xC0, 0xC1, 0xC2: try readHeader(marker)
      case 0xC9...0xCA where isForgiving: try readHeader(marker)
      case 0xC4: try readHuffmanTables()
      case 0xDB: try readQuantisationTables()
      case 0xDD:
        let body = try segment("DRI", least: 4)
        restartInterval = word(body.lowerBound)
      case 0xDA:
        try readScanHeader()
        return nil
      case 0xE1: noteOrientation(try segment("APP1", least: 2))
      case 0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
        throw ImagingError(
          .unsupported, "the JPEG is of a kind (SOF\(marker - 0xC0)) that few programs can read")
      case 0xCC, 0xDC, 0xE0...0xEF, 0xFE: _ = try segment("a segment", least: 2)
      // Without a length; they mean nothing here.
      case 0x01 where isForgiving: break
      case 0xD0...0xD7 where isForgiving: break
      default:
        throw ImagingError(
          .corrupt, "stray marker FF \(String(marker, radix: 16)) at byte \(position - 2)")
      }
    }
  }

  /// What was found, at the picture's end; nil where it holds no picture data.
  private var found: JPEGStructure? {
    guard let header, let firstScan else { return nil }
    return JPEGStructure(
      size: header.size, components: header.components, start: start,
      byteCount: position - start, scanOffset: firstScan - start, missingTables: missingTables,
      orientation: orientation ?? .upright, zeroRuns: zeroRuns,
      undeclaredRestarts: undeclaredRestarts, unitCount: header.unitCount,
      unitsInRow: header.unitsInRow)
  }

  /// Goes behind the next SOI.
  private mutating func begin() throws(ImagingError) {
    while position < count, let base = unsafe bytes.baseAddress,
      let found = unsafe memchr(base + position, 0xFF, count - position)
    {
      position = unsafe UnsafeRawPointer(found) - base + 1
      guard byte(position) == 0xD8 else { continue }
      position += 1
      restart()
      return
    }
    throw ImagingError(.corrupt, "no JPEG: there is no FF D8 in it")
  }

  /// Begins anew with the SOI that was just passed.
  private mutating func restart() {
    let next = position
    self = unsafe MarkerWalk(bytes, isForgiving: true)
    position = next
    start = next - 2
  }

  func byte(_ index: Int) -> UInt8? {
    index < count ? unsafe bytes[index] : nil
  }

  /// Big-endian, at an index that is known to be within bounds.
  func word(_ index: Int) -> Int {
    unsafe Int(bytes[index]) << 8 | Int(bytes[index + 1])
  }

  /// Any number of fill bytes FF may stand before a marker.
  private mutating func nextMarker() throws(ImagingError) -> UInt8 {
    if isForgiving { try skipToMarker() }
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

  /// Goes to the next FF that is followed by a marker, as libjpeg's `next_marker` does.
  private mutating func skipToMarker() throws(ImagingError) {
    while position < count, let base = unsafe bytes.baseAddress,
      let found = unsafe memchr(base + position, 0xFF, count - position)
    {
      position = unsafe UnsafeRawPointer(found) - base
      var end = position
      while byte(end) == 0xFF { end += 1 }
      guard byte(end) == 0 else { return }
      position = end + 1
    }
    position = count
  }

  /// The body of the segment whose length field is next; `least` counts the length field too.
  mutating func segment(_ name: String, least: Int) throws(ImagingError) -> Range<Int> {
    guard position + 2 <= count else {
      throw ImagingError(.corrupt, "the JPEG was cut off within \(name)")
    }
    // libjpeg, too, takes a length that does not count itself for none.
    let length = isForgiving ? max(word(position), 2) : word(position)
    guard length >= least, position + length <= count else {
      throw ImagingError(
        .corrupt, "\(name) at byte \(position) has an impossible length of \(length)")
    }
    defer { position += length }
    return position + 2..<position + length
  }

  private mutating func readHeader(_ marker: UInt8) throws(ImagingError) {
    let body = try segment("SOF", least: 11)
    let first = body.lowerBound
    let size = FrameSize(width: word(first + 3), height: word(first + 1))
    let components = unsafe Int(bytes[first + 5])
    let precision = unsafe bytes[first]
    guard precision == 8 else {
      throw ImagingError(
        .unsupported, "the JPEG has \(precision) bits a sample; 8 are what can be read")
    }
    guard header == nil, size.width > 0, size.height > 0,
      [1, 3, 4].contains(components) || isForgiving && components == 2,
      body.count == 6 + 3 * components
    else {
      throw ImagingError(.corrupt, "the JPEG's frame header (SOF) makes no sense")
    }
    var widest = 1
    var highest = 1
    var tables: UInt8 = 0
    for component in 0..<components {
      let sampling = unsafe bytes[first + 7 + 3 * component]
      let (h, v) = (Int(sampling >> 4), Int(sampling & 15))
      let table = unsafe bytes[first + 8 + 3 * component]
      guard (1...4).contains(h), (1...4).contains(v), table < 4 else {
        throw ImagingError(.corrupt, "the JPEG's sampling factors make no sense")
      }
      widest = max(widest, h)
      highest = max(highest, v)
      tables |= 1 << table
    }
    // A picture of one component is coded block by block, whatever its factors say.
    let (unitWidth, unitHeight) = components == 1 ? (8, 8) : (8 * widest, 8 * highest)
    let unitsInRow = (size.width + unitWidth - 1) / unitWidth
    header = Header(
      size: size, components: components,
      unitCount: unitsInRow * ((size.height + unitHeight - 1) / unitHeight),
      unitsInRow: unitsInRow,
      isProgressive: marker == 0xC2 || marker == 0xCA, isArithmetic: marker >= 0xC9,
      quantisation: tables)
  }

  private mutating func noteOrientation(_ body: Range<Int>) {
    guard orientation == nil else { return }
    orientation = unsafe ExifOrientation(
      segment: UnsafeRawBufferPointer(rebasing: bytes[body]))
  }
}
