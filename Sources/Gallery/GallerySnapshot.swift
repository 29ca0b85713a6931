/// The gallery as it was at one version, in memory: never changes, and is read by any number of threads
/// while the next one is made. Encodings that two snapshots share are in memory once.
package final class GallerySnapshot: Sendable {
  struct Person: Sendable {
    var name: PersonName
    var count: Int
  }

  /// Grows with every change.
  package let version: UInt64
  /// The same for the same content, in whatever order it came.
  package let hash: Digest
  /// The classifier that was trained last, perhaps on an earlier version.
  package let classifier: Classifier?
  /// Grows with every classifier that is stored.
  let training: Int64
  let people: [Int32: Person]
  let sets: [ModelName: [EncodingChunk]]
  /// The numbers of those whom the classifier knows and who are still here.
  let ids: [PersonName: Int32]

  init(
    facts: GalleryFacts, classifier: Classifier?, people: [Int32: Person],
    sets: [ModelName: [EncodingChunk]]
  ) {
    version = facts.version
    hash = facts.hash
    training = facts.training
    self.classifier = classifier
    self.people = people
    self.sets = sets
    let known = Set(classifier?.people ?? [])
    ids =
      known.isEmpty
      ? [:]
      : Dictionary(
        people.lazy.filter { known.contains($0.value.name) }.map { ($0.value.name, $0.key) },
        uniquingKeysWith: { first, _ in first })
  }

  package var personCount: Int { people.count }

  package var encodingCount: Int { people.values.reduce(0) { $0 + $1.count } }

  package func encodingCount(of model: ModelName) -> Int {
    (sets[model] ?? []).reduce(0) { $0 + $1.count }
  }

  /// Those that the encodings were made by.
  package var models: [ModelName] { sets.keys.sorted { $0.text < $1.text } }

  /// People and how many encodings each has, by name.
  package var list: [(name: PersonName, encodings: Int)] {
    people.values.map { ($0.name, $0.count) }.sorted { $0.name < $1.name }
  }

  /// Reads the numbers of every encoding of the model once: what a benchmark compares with.
  package func readThrough(_ model: ModelName) -> UInt64 {
    (sets[model] ?? []).reduce(0) { $0 ^ $1.readThrough }
  }
}

extension GallerySnapshot {
  /// A snapshot of no file: to measure and to try with. Its hash and version are those of an empty gallery, and
  /// what is there twice counts twice.
  package static func inMemory(
    _ entries: some Sequence<GalleryEntry>
  ) throws(GalleryError) -> GallerySnapshot {
    var ids: [PersonName: Int32] = [:]
    var people: [Int32: Person] = [:]
    var builders: [ModelName: ChunkBuilder] = [:]
    for (number, entry) in entries.enumerated() {
      let id = ids[entry.name] ?? Int32(clamping: ids.count)
      ids[entry.name] = id
      people[id, default: Person(name: entry.name, count: 0)].count += 1
      let chunk = try builders[entry.model, default: ChunkBuilder(expected: .max)].next()
      unsafe entry.encoding.numbers.withUnsafeBytes {
        unsafe chunk.append(id: Int64(number), person: id, numbers: $0)
      }
    }
    return GallerySnapshot(
      facts: GalleryFacts(), classifier: nil, people: people, sets: builders.mapValues(\.chunks))
  }
}

/// What a transaction did, as far as a snapshot can be told of it row by row.
struct GalleryChanges {
  struct Row {
    var id: Int64
    var person: Int32
    var model: ModelName
    var numbers: [Float]
  }

  /// Above so many a snapshot is read from the file instead.
  static let rowsMax = 50_000

  var added: [Row] = []
  var removed: Set<Int64> = []
  /// People whose encodings changed, and what is left of them; nil for those who are gone.
  var people: [Int32: GallerySnapshot.Person?] = [:]
  /// More happened than is told here.
  var isWhole = false

  mutating func shorten() {
    guard added.count + removed.count > Self.rowsMax else { return }
    added = []
    removed = []
    isWhole = true
  }
}

extension GallerySnapshot {
  /// The snapshot after the changes; shares with this one what did not change.
  func applying(
    _ changes: GalleryChanges, facts: GalleryFacts, classifier: Classifier?
  ) throws(GalleryError) -> GallerySnapshot {
    var people = people
    for (id, person) in changes.people { people[id] = person }
    var sets = sets
    if !changes.removed.isEmpty {
      for model in Array(sets.keys) {
        sets[model] = try Self.without(changes.removed, sets[model] ?? [])
      }
    }
    let kept = changes.added.filter { !changes.removed.contains($0.id) }
    for model in Set(kept.map(\.model)) {
      sets[model] = try Self.with(kept.filter { $0.model == model }, sets[model] ?? [])
    }
    return GallerySnapshot(
      facts: facts, classifier: classifier, people: people,
      sets: sets.filter { !$0.value.isEmpty })
  }

  private static func without(
    _ removed: Set<Int64>, _ chunks: [EncodingChunk]
  ) throws(GalleryError) -> [EncodingChunk] {
    var result: [EncodingChunk] = []
    for chunk in chunks {
      let left = chunk.ids.count { !removed.contains($0) }
      if left == chunk.count {
        result.append(chunk)
      } else if left > 0 {
        let smaller = try EncodingChunk(capacity: left)
        smaller.append(chunk) { !removed.contains($0) }
        result.append(smaller)
      }
    }
    return try compacted(result)
  }

  /// Many small chunks become few full ones, so that a long life of changes costs matching nothing.
  private static func compacted(_ chunks: [EncodingChunk]) throws(GalleryError) -> [EncodingChunk] {
    let count = chunks.reduce(0) { $0 + $1.count }
    guard chunks.count > 2 * (count / EncodingChunk.rowsMax) + 2 else { return chunks }
    var builder = ChunkBuilder(expected: count)
    for chunk in chunks {
      for row in 0..<chunk.count {
        try builder.next().append(
          id: chunk.ids[row], person: chunk.people[row], row: row, of: chunk)
      }
    }
    return builder.chunks
  }

  private static func with(
    _ rows: [GalleryChanges.Row], _ chunks: [EncodingChunk]
  ) throws(GalleryError) -> [EncodingChunk] {
    var whole = chunks
    var builder: ChunkBuilder
    if let last = chunks.last, last.count < EncodingChunk.rowsMax {
      // Others may be reading it, so it grows as a copy.
      whole.removeLast()
      builder = ChunkBuilder(expected: last.count + rows.count)
      try builder.next().append(last) { _ in true }
    } else {
      builder = ChunkBuilder(expected: rows.count)
    }
    for row in rows {
      let chunk = try builder.next()
      unsafe row.numbers.withUnsafeBytes {
        unsafe chunk.append(id: row.id, person: row.person, numbers: $0)
      }
    }
    return whole + builder.chunks
  }
}

/// Fills chunks one after the other.
struct ChunkBuilder {
  private(set) var chunks: [EncodingChunk] = []
  private var expected: Int

  /// - Parameter expected: how many rows will come; more may.
  init(expected: Int) { self.expected = expected }

  /// A chunk with room for one more.
  mutating func next() throws(GalleryError) -> EncodingChunk {
    if let last = chunks.last, !last.isFull { return last }
    let taken = chunks.reduce(0) { $0 + $1.count }
    let made = try EncodingChunk(capacity: max(expected - taken, 1))
    chunks.append(made)
    return made
  }
}
