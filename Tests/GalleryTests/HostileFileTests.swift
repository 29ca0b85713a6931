import CSQLite
import Foundation
import Testing

@testable import Gallery

/// Gallery files that somebody made to do harm to whoever opens them.
@Suite(.timeLimit(.minutes(2))) struct HostileFileTests {
  private func file(_ scratch: Scratch) throws {
    let gallery = try Gallery(scratch.file)
    try gallery.add((0..<3).map { try entry("person \($0)", UInt64($0)) })
  }

  /// Runs SQL as any program would, with all that SQLite lets a file do.
  private func run(_ sql: String, _ path: String) throws {
    var handle: OpaquePointer?
    #expect(unsafe sqlite3_open(path, &handle) == SQLITE_OK)
    defer { unsafe sqlite3_close(handle) }
    let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    try #require(status == SQLITE_OK, "\(unsafe String(cString: sqlite3_errmsg(handle)))")
  }

  @Test(arguments: [
    "CREATE TRIGGER t AFTER DELETE ON encodings BEGIN DELETE FROM people; END",
    "ALTER TABLE facts RENAME TO real; CREATE VIEW facts AS SELECT * FROM real",
    "CREATE VIEW v AS WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n) SELECT * FROM n",
    "CREATE VIRTUAL TABLE v USING fts5(x)",
  ])
  func `A file in which something waits to be run is refused`(sql: String) throws {
    let scratch = Scratch()
    try file(scratch)
    try run(sql, scratch.file)
    let error = failure { _ = try Gallery(scratch.file) }
    #expect(error?.code == .damaged)
    #expect(error?.description.contains("is no gallery as the agent makes it") == true)
  }

  @Test func `A trigger that is put into an open gallery does not run`() throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    try gallery.add([try entry("Ada", 1)])
    try run(
      """
      CREATE TRIGGER t AFTER INSERT ON encodings BEGIN
        INSERT INTO state VALUES ('control/pending/0000000000000001', x'7B7D');
      END
      """, scratch.file)
    try gallery.add([try entry("Bob", 2)])
    let states = try gallery.transaction { edit throws(GalleryError) in
      try edit.states(prefix: "control/")
    }
    #expect(states.isEmpty)
    #expect(try gallery.people().count == 2)
  }

  @Test(arguments: [
    "UPDATE facts SET value = zeroblob(40000000) WHERE key = 'hash'",
    "UPDATE people SET digest = zeroblob(40000000)",
    "INSERT INTO classifier VALUES (1, zeroblob(40000000))",
  ])
  func `A value of 40 MB is refused before it is read`(sql: String) throws {
    let scratch = Scratch()
    try file(scratch)
    try run(sql, scratch.file)
    let error = failure { _ = try Gallery(scratch.file) }
    #expect(error?.code == .damaged)
    #expect(error?.description.contains("too big") == true)
  }

  /// The sum that finds damage, as it is published (RFC 3720): whoever writes a file can make it.
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
        sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1
      }
    }
  }

  @Test(arguments: [Float.infinity, .nan, 1e19, -1001])
  func `Numbers that no face has are refused, though their sum is right`(number: Float) throws {
    let scratch = Scratch()
    try file(scratch)
    var numbers = [Float](repeating: 0.1, count: Encoding.count)
    numbers[77] = number
    let bytes = unsafe numbers.withUnsafeBytes { unsafe Array($0) }
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    try run(
      "UPDATE encodings SET numbers = x'\(digits)', sum = \(checksum(bytes)) WHERE id = 2",
      scratch.file)
    let error = failure { _ = try Gallery(scratch.file) }
    #expect(error?.code == .damaged)
    #expect(error?.description.contains("encoding 2") == true)
  }

  @Test(arguments: [Double.infinity, .nan, 1e308])
  func `Weights that come to no probability name nobody`(weight: Double) throws {
    let training = Classifier.Training(
      version: 1, hash: ContentHash.empty, model: model, inverseRegularisation: 1, people: 2,
      samples: 2, iterations: 1, folds: 0)
    var weights = [Double](repeating: 0, count: 2 * (Encoding.count + 1))
    weights[0] = weight
    weights[1] = weight
    let classifier = Classifier(
      training: training, people: [name("A"), name("B")], weights: weights)
    let read = try #require(Classifier(stored: classifier.stored))
    let likeliest = read.likeliest(try Encoding([Float](repeating: 900, count: Encoding.count)))
    #expect(likeliest == nil)
  }

  @Test(arguments: ["FIFO", "folder", "device"])
  func `What is no regular file is no gallery, and nobody waits for it`(kind: String) throws {
    let scratch = Scratch()
    var path = scratch.file
    switch kind {
    case "FIFO": #expect(unsafe mkfifo(path, 0o444) == 0)
    case "folder": path = scratch.path
    default: path = "/dev/zero"
    }
    let error = failure { _ = try Gallery(path) }
    #expect(error?.code == .disk)
    #expect(error?.description.hasSuffix("it is not a regular file") == true)
  }
}
