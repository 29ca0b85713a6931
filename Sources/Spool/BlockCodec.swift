import Crypto

/// What stands between the bytes of entries and those on disk: compression, then encryption where the
/// store has a key. Used by one thread.
final class BlockCodec {
  let zstandard = Zstandard()
  let keys: SpoolKeys
  /// Keys of the segments that were used last, for deriving one takes microseconds.
  private var derived: [[UInt8]: SymmetricKey] = [:]

  init(_ keys: SpoolKeys) { self.keys = keys }

  /// What the header of a new segment names.
  var keyID: UInt32 { keys.current?.id ?? 0 }

  /// The stored bytes of a block, in a row; its header is told their count.
  /// - Parameter parts: compressed or raw, as `block` says.
  func seal(
    _ parts: [[UInt8]], _ block: inout BlockHeader, _ segment: SegmentHeader, at offset: UInt64
  ) throws(SpoolError) -> [[UInt8]] {
    guard segment.keyID != 0 else { return parts }
    let plain = parts.count == 1 ? parts[0] : Array(parts.joined())
    block.isEncrypted = true
    block.storedCount = plain.count + BlockCipher.overhead
    return [
      try BlockCipher.seal(
        plain, try key(segment), authenticating: block.authenticated(segment.uuid, offset))
    ]
  }

  /// The bytes of a block's entries; nil where what is stored is damaged.
  func open(
    _ stored: [UInt8], _ block: BlockHeader, _ segment: SegmentHeader, at offset: UInt64
  ) throws(SpoolError) -> [UInt8]? {
    var plain = stored
    if block.isEncrypted {
      guard
        let opened = BlockCipher.open(
          stored, try key(segment), authenticating: block.authenticated(segment.uuid, offset))
      else { return nil }
      plain = opened
    }
    switch block.encoding {
    case .raw: return plain
    case .zstd: return zstandard.decompress(plain, rawCount: block.rawCount)
    }
  }

  private func key(_ segment: SegmentHeader) throws(SpoolError) -> SymmetricKey {
    if let known = derived[segment.uuid] { return known }
    guard let cipher = keys.cipher(segment.keyID) else {
      throw Self.missing("segment \(segment.number)", segment.keyID)
    }
    let key = cipher.key(for: segment.uuid)
    if derived.count > 16 { derived = [:] }
    derived[segment.uuid] = key
    return key
  }

  static func missing(_ what: String, _ id: UInt32) -> SpoolError {
    SpoolError(
      .unreadable,
      "\(what) is encrypted with the key \(String(id, radix: 16)), which is not in the key file: put it back as a further line"
    )
  }

  // MARK: The dictionary, which holds pieces of records

  private static let sealedMagic = Array("VDTDICT1".utf8)
  private static let dictionaryContext = Array("vedette spool dictionary".utf8)

  func sealDictionary(_ bytes: [UInt8]) throws(SpoolError) -> [UInt8] {
    guard let cipher = keys.current else { return bytes }
    var writer = ByteWriter()
    writer.bytes = Self.sealedMagic
    writer.put(cipher.id)
    writer.bytes += try BlockCipher.seal(
      bytes, cipher.key(for: Self.dictionaryContext), authenticating: Self.dictionaryContext)
    return writer.bytes
  }

  /// Takes the dictionary from its file; one that is damaged is passed over.
  /// - Throws: where its key is not here.
  func learn(dictionary bytes: [UInt8], _ path: String) throws(SpoolError) {
    guard bytes.starts(with: Self.sealedMagic) else {
      _ = zstandard.know(bytes, isCurrent: true)
      return
    }
    var reader = ByteReader(Array(bytes.dropFirst(Self.sealedMagic.count)))
    guard let id = reader.get(UInt32.self), let sealed = reader.get(count: reader.remaining) else {
      return
    }
    guard let cipher = keys.cipher(id) else { throw Self.missing(path, id) }
    let plain = BlockCipher.open(
      sealed, cipher.key(for: Self.dictionaryContext), authenticating: Self.dictionaryContext)
    if let plain { _ = zstandard.know(plain, isCurrent: true) }
  }
}

extension BlockHeader {
  /// What a sealed block is bound to: its place, and all of its header that is known before.
  func authenticated(_ uuid: [UInt8], _ offset: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.bytes = uuid
    writer.put(offset)
    writer.put(encoding.rawValue)
    writer.put(UInt32(rawCount))
    writer.put(UInt32(entryCount))
    writer.put(firstOrdinal)
    writer.put(appended)
    return writer.bytes
  }
}
