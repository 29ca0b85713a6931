package import Documents
package import Gallery

/// A whole set of people, cut into pieces that fit into messages: what `gallery.replace` takes.
package enum GallerySet {
  /// Entries of a piece: some 500 kB, half of what a broker takes unless it is told otherwise.
  package static let entriesMax = 600

  /// The commands that make these entries the content of a gallery, once all have arrived.
  /// - Parameter version: above that of the last set that was sent.
  /// - Throws: `.badInput` where there are none or too many, `.mismatch` where one is of two people.
  package static func commands(
    _ entries: [GalleryEntry], version: UInt64
  ) throws(GalleryError) -> [JSON] {
    let count = (entries.count + entriesMax - 1) / entriesMax
    guard (1...GalleryChunk.chunksMax).contains(count) else {
      throw GalleryError(
        .badInput,
        "a set has 1 to \(GalleryChunk.chunksMax * entriesMax) encodings, not \(entries.count)")
    }
    var owners: [Digest: PersonName] = [:]
    for entry in entries {
      if let owner = owners.updateValue(entry.name, forKey: entry.digest), owner != entry.name {
        throw GalleryError(
          .mismatch, "the set has one photo or encoding for \(owner) and \(entry.name)")
      }
    }
    let hash = ContentHash.of(entries)
    let pieces = stride(from: 0, to: entries.count, by: entriesMax).map {
      entries[$0..<min($0 + entriesMax, entries.count)]
    }
    return pieces.enumerated().map { number, piece in
      [
        "type": "gallery.replace",
        "upload": .string("\(version)-\(hash.description.prefix(16))"),
        "version": .number(Double(version)), "hash": .string(hash.description),
        "chunk": .number(Double(number)), "chunks": .number(Double(count)),
        "entries": .array(piece.map(json)),
      ]
    }
  }

  private static func json(_ entry: GalleryEntry) -> JSON {
    let bytes = entry.encoding.numbers.flatMap { number in
      let bits = number.bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
    }
    var members: [String: JSON] = [
      "name": .string(entry.name.text), "model": .string(entry.model.text),
      "encoding": .string(Base64.encoded(bytes)),
    ]
    if let photo = entry.photo { members["photo"] = .string(photo.description) }
    return .object(members)
  }
}
