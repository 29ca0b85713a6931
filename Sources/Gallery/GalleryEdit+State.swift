/// Values that are kept in the same file, so that they change with the gallery or not at all: where a consumer
/// stands, what it has done.
extension GalleryEdit {
  package static let stateKeyBytesMax = 200
  package static let stateValueBytesMax = 1 << 20

  /// Nil where there is none.
  package func state(_ key: String) throws(GalleryError) -> [UInt8]? {
    let find = try connection.statement("SELECT value FROM state WHERE key = ?")
    defer { find.reset() }
    return try find.bind(1, key).step() ? find.bytes(0) ?? [] : nil
  }

  /// Those whose keys begin so, in the order of the keys' bytes.
  package func states(prefix: String) throws(GalleryError) -> [(key: String, value: [UInt8])] {
    let find = try connection.statement(
      "SELECT key, value FROM state WHERE key >= ? AND substr(key, 1, length(?)) = ? ORDER BY key")
    defer { find.reset() }
    try find.bind(1, prefix).bind(2, prefix).bind(3, prefix)
    var all: [(key: String, value: [UInt8])] = []
    while try find.step() { all.append((find.text(0), find.bytes(1) ?? [])) }
    return all
  }

  /// Keeps a value; nil takes it away.
  package mutating func setState(_ key: String, _ value: [UInt8]?) throws(GalleryError) {
    guard let value else {
      return try connection.statement("DELETE FROM state WHERE key = ?").bind(1, key).run()
    }
    guard (1...Self.stateKeyBytesMax).contains(key.utf8.count) else {
      throw GalleryError(.badInput, "a key of the state has 1 to \(Self.stateKeyBytesMax) bytes")
    }
    guard value.count <= Self.stateValueBytesMax else {
      throw GalleryError(
        .badInput, "a value of the state has \(Self.stateValueBytesMax) bytes at most")
    }
    try connection.statement("INSERT OR REPLACE INTO state VALUES (?, ?)")
      .bind(1, key).bind(2, value).run()
  }
}
