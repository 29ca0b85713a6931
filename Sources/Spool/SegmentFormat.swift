/// The bytes of a segment: see FORMAT.md.
enum SegmentFormat {
  static let version: UInt16 = 1
  static let headerCount = 64
  static let blockHeaderCount = 48
  static let trailerCount = 24
  /// Blocks begin at multiples of this, so that a search for the next one is quick.
  static let alignment: UInt64 = 8
  static let segmentMagic: UInt64 = 0x0A31_4C50_5354_4456  // "VDTSPL1\n"
  static let blockMagic: UInt32 = 0x4B4C_4256  // "VBLK"
  static let footerMagic: UInt32 = 0x5254_4656  // "VFTR"
  static let trailerMagic: UInt32 = 0x444E_4556  // "VEND"
  static let entryPrefixCount = 28
  /// No block is larger, so that a damaged length cannot ask for all memory.
  static let storedMax = 1 << 30

  static func aligned(_ offset: UInt64) -> UInt64 { (offset + alignment - 1) & ~(alignment - 1) }
}

/// The first 64 bytes of a segment.
struct SegmentHeader: Equatable {
  var spoolClass: SpoolClass
  var isThinned = false
  var number: UInt64
  /// In every checksum of the segment, so that stale bytes of another never pass.
  var uuid: [UInt8]
  /// Microseconds since 1970, told but never relied on.
  var createdWall: Int64
  /// Milliseconds of the store's clock.
  var created: UInt64
  /// Of the key that its blocks are encrypted with; 0 for none.
  var keyID: UInt32 = 0

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.put(SegmentFormat.segmentMagic)
    writer.put(SegmentFormat.version)
    writer.put(spoolClass.rawValue)
    writer.put(UInt8(isThinned ? 1 : 0))
    writer.put(keyID)
    writer.put(number)
    writer.bytes += uuid
    writer.put(createdWall)
    writer.put(created)
    writer.put(UInt32(0))
    var checksum = Checksum()
    checksum.add(writer.bytes)
    writer.put(checksum.value)
    return writer.bytes
  }

  init(
    spoolClass: SpoolClass, number: UInt64, uuid: [UInt8], createdWall: Int64, created: UInt64,
    keyID: UInt32
  ) {
    self.spoolClass = spoolClass
    self.number = number
    self.uuid = uuid
    self.createdWall = createdWall
    self.created = created
    self.keyID = keyID
  }

  /// Nil where the bytes are no sound header.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= SegmentFormat.headerCount else { return nil }
    var checksum = Checksum()
    checksum.add(bytes[0..<60])
    var reader = ByteReader(bytes)
    guard reader.get(UInt64.self) == SegmentFormat.segmentMagic,
      reader.get(UInt16.self) == SegmentFormat.version,
      let spoolClass = reader.get(UInt8.self).flatMap(SpoolClass.init(rawValue:)),
      let flags = reader.get(UInt8.self), let keyID = reader.get(UInt32.self),
      let number = reader.get(UInt64.self), let uuid = reader.get(count: 16),
      let createdWall = reader.get(Int64.self), let created = reader.get(UInt64.self),
      reader.get(UInt32.self) != nil, reader.get(UInt32.self) == checksum.value,
      number < SourceTable.countMax, created < SourceTable.countMax
    else { return nil }
    self.init(
      spoolClass: spoolClass, number: number, uuid: uuid, createdWall: createdWall,
      created: created, keyID: keyID)
    isThinned = flags & 1 != 0
  }
}

/// The 48 bytes before each block: what follows, and the checksums of both.
struct BlockHeader: Equatable {
  enum Encoding: UInt8 { case raw = 0, zstd = 1 }

  var encoding = Encoding.raw
  var isEncrypted = false
  /// Bytes that follow.
  var storedCount: Int
  /// Bytes of the entries.
  var rawCount: Int
  var entryCount: Int
  /// The number of its first entry within the segment.
  var firstOrdinal: UInt64
  /// Milliseconds of the store's clock.
  var appended: UInt64
  var payloadChecksum: UInt32 = 0

  func bytes(uuid: [UInt8], offset: UInt64) -> [UInt8] {
    var fields = ByteWriter()
    fields.put(payloadChecksum)
    fields.put(encoding.rawValue)
    fields.put(UInt8(isEncrypted ? 1 : 0))
    fields.put(UInt16(0))
    fields.put(UInt32(storedCount))
    fields.put(UInt32(rawCount))
    fields.put(UInt32(entryCount))
    fields.put(UInt32(0))
    fields.put(firstOrdinal)
    fields.put(appended)
    var checksum = Checksum()
    checksum.add(uuid)
    checksum.add(offset)
    checksum.add(fields.bytes)
    var writer = ByteWriter()
    writer.put(SegmentFormat.blockMagic)
    writer.put(checksum.value)
    writer.bytes += fields.bytes
    return writer.bytes
  }

  init(
    encoding: Encoding, storedCount: Int, rawCount: Int, entryCount: Int, firstOrdinal: UInt64,
    appended: UInt64
  ) {
    self.encoding = encoding
    self.storedCount = storedCount
    self.rawCount = rawCount
    self.entryCount = entryCount
    self.firstOrdinal = firstOrdinal
    self.appended = appended
  }

  /// Nil where the bytes are no sound header of a block at this place of this segment.
  init?(_ bytes: ArraySlice<UInt8>, uuid: [UInt8], offset: UInt64) {
    guard bytes.count >= SegmentFormat.blockHeaderCount else { return nil }
    let bytes = Array(bytes.prefix(SegmentFormat.blockHeaderCount))
    var reader = ByteReader(bytes)
    guard reader.get(UInt32.self) == SegmentFormat.blockMagic,
      let expected = reader.get(UInt32.self)
    else { return nil }
    var checksum = Checksum()
    checksum.add(uuid)
    checksum.add(offset)
    checksum.add(bytes[8...])
    guard checksum.value == expected, let payload = reader.get(UInt32.self),
      let encoding = reader.get(UInt8.self).flatMap(Encoding.init(rawValue:)),
      let flags = reader.get(UInt8.self), reader.get(UInt16.self) != nil,
      let stored = reader.get(UInt32.self), let raw = reader.get(UInt32.self),
      let count = reader.get(UInt32.self), reader.get(UInt32.self) != nil,
      let ordinal = reader.get(UInt64.self), let appended = reader.get(UInt64.self),
      Int(stored) <= SegmentFormat.storedMax, Int(raw) <= SegmentFormat.storedMax, count > 0,
      ordinal < SourceTable.countMax, appended < SourceTable.countMax
    else { return nil }
    self.init(
      encoding: encoding, storedCount: Int(stored), rawCount: Int(raw), entryCount: Int(count),
      firstOrdinal: ordinal, appended: appended)
    isEncrypted = flags & 1 != 0
    payloadChecksum = payload
  }

  /// Where the next block begins, of one that begins at `offset`.
  func end(from offset: UInt64) -> UInt64 {
    SegmentFormat.aligned(offset + UInt64(SegmentFormat.blockHeaderCount + storedCount))
  }
}

extension SpoolEntry {
  /// What it takes within a block.
  var encodedCount: Int {
    SegmentFormat.entryPrefixCount + min(255, source.utf8.count) + meta.count + body.count
  }

  /// All of it but the body, which follows.
  func encodePrefix(into writer: inout ByteWriter) {
    let name = source.utf8.prefix(255)
    writer.put(UInt32(meta.count))
    writer.put(UInt32(body.count))
    writer.put(sequence)
    writer.put(time)
    writer.put(UInt8(name.count))
    writer.put(zeros: 3)
    writer.bytes.append(contentsOf: name)
    writer.bytes.append(contentsOf: meta)
  }

  /// The entries of a block; nil where its bytes are not exactly `count` of them.
  static func decode(_ bytes: [UInt8], count: Int) -> [SpoolEntry]? {
    var entries: [SpoolEntry] = []
    var reader = ByteReader(bytes)
    for _ in 0..<count {
      guard let metaCount = reader.get(UInt32.self), let bodyCount = reader.get(UInt32.self),
        let sequence = reader.get(UInt64.self), let time = reader.get(Int64.self),
        let nameCount = reader.get(UInt8.self), reader.get(count: 3) != nil,
        let name = reader.get(count: Int(nameCount)), let meta = reader.get(count: Int(metaCount)),
        let body = reader.get(count: Int(bodyCount))
      else { return nil }
      entries.append(
        SpoolEntry(
          source: String(decoding: name, as: UTF8.self), sequence: sequence, time: time, meta: meta,
          body: body))
    }
    return reader.remaining == 0 ? entries : nil
  }
}
