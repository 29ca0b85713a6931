import CChecksum
import CMatching
import CSQLite

extension Encoding {
  /// CRC-32C over the numbers' bytes, which SQLite's own check does not look at.
  var checksum: UInt32 {
    unsafe numbers.withUnsafeBytes { unsafe vc_crc32c(0, $0.baseAddress, $0.count) }
  }
}

extension SQLiteConnection {
  /// The one number that a query gives.
  func integer(_ sql: StaticString) throws(GalleryError) -> Int64 {
    let query = try statement(sql)
    defer { query.reset() }
    return try query.step() ? query.integer(0) : 0
  }

  /// Everything, checked; the caller has begun a transaction.
  func readSnapshot() throws(GalleryError) -> GallerySnapshot {
    let facts = try GalleryFacts(self)
    guard try contentHash() == facts.hash else {
      throw GalleryError(
        .damaged,
        "\(path) is damaged: its people are not those of its hash; move it away and import an export of it, or have it replaced over the control topic"
      )
    }
    let people = try readPeople()
    var builders: [Int64: ChunkBuilder] = [:]
    var models: [Int64: ModelName] = [:]
    let counts = try statement(
      """
      SELECT m.id, m.name, count(*) FROM encodings e JOIN models m ON m.id = e.model GROUP BY m.id
      """)
    while try counts.step() {
      models[counts.integer(0)] = ModelName(stored: counts.text(1))
      builders[counts.integer(0)] = ChunkBuilder(expected: Int(counts.integer(2)))
    }
    let rows = try statement("SELECT id, person, model, numbers, sum FROM encodings ORDER BY id")
    while try rows.step() {
      guard let chunk = try builders[rows.integer(2)]?.next() else { throw damage(rows.integer(0)) }
      let id = rows.integer(0)
      let person = Int32(clamping: rows.integer(1))
      let sum = UInt32(truncatingIfNeeded: rows.integer(4))
      try unsafe rows.withBytes(3) { bytes throws(GalleryError) in
        guard bytes.count == Encoding.count * MemoryLayout<Float>.stride,
          unsafe vc_crc32c(0, bytes.baseAddress, bytes.count) == sum,
          // The sum is no seal: whoever writes the file can make one.
          unsafe vm_within(bytes.baseAddress, Encoding.count, Encoding.magnitudeMax) != 0
        else { throw damage(id) }
        unsafe chunk.append(id: id, person: person, numbers: bytes)
      }
    }
    var sets: [ModelName: [EncodingChunk]] = [:]
    for (id, model) in models { sets[model] = builders[id]?.chunks ?? [] }
    return GallerySnapshot(
      facts: facts, classifier: try readClassifier(), people: people, sets: sets)
  }

  /// The hash of the people and their digests.
  func contentHash() throws(GalleryError) -> Digest {
    var hasher = ContentHash.start()
    let all = try statement("SELECT name, digest FROM people ORDER BY name")
    defer { all.reset() }
    while try all.step() {
      ContentHash.add(all.text(0), all.bytes(1) ?? [], to: &hasher)
    }
    return hasher.finish()
  }

  private func readPeople() throws(GalleryError) -> [Int32: GallerySnapshot.Person] {
    var people: [Int32: GallerySnapshot.Person] = [:]
    let query = try statement(
      """
      SELECT p.id, p.name, count(*) FROM people p JOIN encodings e ON e.person = p.id GROUP BY p.id
      """)
    while try query.step() {
      people[Int32(clamping: query.integer(0))] = .init(
        name: PersonName(stored: query.text(1)), count: Int(query.integer(2)))
    }
    return people
  }

  func readClassifier() throws(GalleryError) -> Classifier? {
    let query = try statement("SELECT body FROM classifier")
    defer { query.reset() }
    guard try query.step() else { return nil }
    guard let classifier = Classifier(stored: query.bytes(0) ?? []) else {
      throw GalleryError(.damaged, "\(path) is damaged: the classifier is not what was written")
    }
    return classifier
  }

  func damage(_ id: Int64) -> GalleryError {
    GalleryError(
      .damaged,
      "\(path) is damaged: encoding \(id) is not what was written; move the file away and import an export of it, or have it replaced over the control topic"
    )
  }
}

extension SQLiteStatement {
  func floats(_ column: Int32) -> [Float] {
    unsafe withBytes(column) { bytes in
      let count = bytes.count / MemoryLayout<Float>.stride
      return (0..<count).map {
        unsafe bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Float>.stride, as: Float.self)
      }
    }
  }
}
