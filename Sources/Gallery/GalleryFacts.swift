/// What the file says of its content as a whole.
struct GalleryFacts: Equatable {
  /// Grows with every change of the content.
  var version: UInt64 = 0
  var hash = ContentHash.empty
  /// How many encodings there are.
  var count = 0
  /// The version that the last replacement came with: an older one is refused.
  var replaced: UInt64 = 0
  /// Grows with every classifier that is stored.
  var training: Int64 = 0

  init() {}

  init(_ connection: SQLiteConnection) throws(GalleryError) {
    let statement = try connection.statement("SELECT key, value FROM facts")
    defer { statement.reset() }
    while try statement.step() {
      switch statement.text(0) {
      case "version": version = UInt64(try Self.counter(statement, connection))
      case "hash":
        guard let stored = Digest(statement.bytes(1) ?? []) else {
          throw GalleryError(.damaged, "\(connection.path) is damaged: its hash is none")
        }
        hash = stored
      case "count": count = Int(try Self.counter(statement, connection))
      case "replaced": replaced = UInt64(try Self.counter(statement, connection))
      case "training": training = try Self.counter(statement, connection)
      default: break
      }
    }
  }

  /// The largest number that is believed: there is room above it for as many changes as one likes.
  static let counterMax: Int64 = 1 << 62

  private static func counter(
    _ statement: SQLiteStatement, _ connection: SQLiteConnection
  ) throws(GalleryError) -> Int64 {
    let number = statement.integer(1)
    guard (0...counterMax).contains(number) else {
      throw GalleryError(
        .damaged,
        "\(connection.path) is damaged: its \(statement.text(0)) is \(number); move it away and import an export of it"
      )
    }
    return number
  }

  func write(_ connection: SQLiteConnection) throws(GalleryError) {
    let numbers = [
      ("version", Int64(bitPattern: version)), ("count", Int64(count)),
      ("replaced", Int64(bitPattern: replaced)), ("training", training),
    ]
    for (key, number) in numbers {
      try connection.statement("INSERT OR REPLACE INTO facts VALUES (?, ?)")
        .bind(1, key).bind(2, number).run()
    }
    try connection.statement("INSERT OR REPLACE INTO facts VALUES (?, ?)")
      .bind(1, "hash").bind(2, hash.bytes).run()
  }
}

/// The hash of a gallery's content: of the people by the bytes of their names in form C, each with the hash of the
/// sorted digests of their encodings. So it does not depend on the order in which they came, and one change
/// costs one person's encodings and one pass over the people.
package enum ContentHash {
  static let empty: Digest = start().finish()

  static func start() -> DigestHasher {
    var hasher = DigestHasher()
    hasher.add("vedette gallery 1")
    return hasher
  }

  /// - Parameter digests: ascending.
  static func ofPerson(_ digests: [Digest]) -> Digest {
    var hasher = DigestHasher()
    for digest in digests { hasher.add(digest.bytes) }
    return hasher.finish()
  }

  static func add(_ name: String, _ digest: [UInt8], to hasher: inout DigestHasher) {
    hasher.add(name)
    hasher.add(digest)
  }

  /// The hash that a gallery of these entries has; entries with equal digests count once.
  package static func of(_ entries: some Sequence<GalleryEntry>) -> Digest {
    var people: [PersonName: Set<Digest>] = [:]
    for entry in entries { people[entry.name, default: []].insert(entry.digest) }
    var hasher = start()
    for (name, digests) in people.sorted(by: { $0.key < $1.key }) {
      add(name.text, ofPerson(digests.sorted()).bytes, to: &hasher)
    }
    return hasher.finish()
  }
}
