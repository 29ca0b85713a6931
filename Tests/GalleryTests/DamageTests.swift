import Foundation
import TestDice
import Testing

@testable import Gallery

struct DamageTests {
  /// A gallery file of some pages, closed.
  private func file(_ scratch: Scratch) throws -> Data {
    do {
      let gallery = try Gallery(scratch.file)
      try gallery.add((0..<200).map { try entry("person \($0)", UInt64($0)) })
    }
    // The last connection to close brings everything into the one file.
    #expect(!FileManager.default.fileExists(atPath: scratch.file + "-wal"))
    return try Data(contentsOf: URL(fileURLWithPath: scratch.file))
  }

  @Test("Whatever is done to the file, it is refused with a sentence, or opened sound")
  func property() throws {
    let scratch = Scratch()
    let sound = try file(scratch)
    var dice = Dice(seed: 3)
    var refused = 0
    for round in 0..<150 {
      var bytes = sound
      switch round % 3 {
      case 0:
        for _ in 0..<Int.random(in: 1...20, using: &dice) {
          bytes[Int.random(in: 0..<bytes.count, using: &dice)] ^= UInt8.random(
            in: 1...255, using: &dice)
        }
      case 1: bytes = bytes.prefix(Int.random(in: 1..<bytes.count, using: &dice))
      default:
        let start = Int.random(in: 0..<bytes.count - 600, using: &dice)
        for index in start..<start + 600 { bytes[index] = 0 }
      }
      try bytes.write(to: URL(fileURLWithPath: scratch.file))
      do {
        let gallery = try Gallery(scratch.file)
        // What is told must be what was written.
        for entry in try gallery.entries() {
          #expect(entry.encoding.numbers.allSatisfy { abs($0) <= 0.1 })
        }
      } catch let error as GalleryError {
        refused += 1
        #expect(error.code == .damaged || error.code == .unknownVersion, "\(error)")
        #expect(error.description.contains(scratch.file))
      }
      for ending in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: scratch.file + ending)
      }
    }
    #expect(refused > 100)
  }

  @Test("One bit of one encoding is noticed")
  func oneBit() throws {
    let scratch = Scratch()
    let bytes = try file(scratch)
    let numbers = try entry("person 7", 7).encoding.numbers
    let pattern = unsafe numbers.withUnsafeBytes { unsafe Data($0) }
    let place = try #require(bytes.range(of: pattern))
    var damaged = bytes
    damaged[place.lowerBound + 100] ^= 1
    try damaged.write(to: URL(fileURLWithPath: scratch.file))
    let error = failure { _ = try Gallery(scratch.file) }
    #expect(error?.code == .damaged && error?.description.contains("encoding 8") == true)
  }

  @Test("People that do not make up the hash are noticed")
  func hash() throws {
    let scratch = Scratch()
    _ = try file(scratch)
    do {
      try SQLiteConnection(scratch.file)
        .execute("UPDATE people SET name = 'Mallory' WHERE name = 'person 7'")
    }
    #expect(failure { _ = try Gallery(scratch.file) }?.code == .damaged)
  }

  @Test("Files that are no gallery are left as they are")
  func strangers() throws {
    let scratch = Scratch()
    let text = scratch.write(String(repeating: "this is no database\n", count: 100), "text")
    #expect(failure { _ = try Gallery(text) }?.code == .damaged)
    #expect(try String(contentsOfFile: text, encoding: .utf8).hasPrefix("this is no"))
    let other = scratch.path + "/other"
    do {
      let connection = try SQLiteConnection(other)
      try connection.execute("CREATE TABLE t(x); INSERT INTO t VALUES (1)")
    }
    let before = try Data(contentsOf: URL(fileURLWithPath: other))
    #expect(failure { _ = try Gallery(other) }?.code == .damaged)
    #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == before)
    #expect(failure { _ = try Gallery(scratch.path + "/no/such/folder") }?.code == .disk)
    #expect(failure { _ = try Gallery(scratch.path) }?.code == .disk)
  }

  @Test("A file of a later version is refused, and not changed")
  func later() throws {
    let scratch = Scratch()
    do { _ = try Gallery(scratch.file) }
    do { try SQLiteConnection(scratch.file).execute("PRAGMA user_version = 99") }
    let error = failure { _ = try Gallery(scratch.file) }
    #expect(error?.code == .unknownVersion && error?.description.contains("99") == true)
  }

  @Test("A folder that cannot be written gives a sentence")
  func readOnly() throws {
    let scratch = Scratch()
    do { try Gallery(scratch.file).add([try entry("Ada", 1)]) }
    do {
      try SQLiteConnection(scratch.file).execute(
        "PRAGMA query_only = ON; PRAGMA journal_mode = DELETE")
    }
    let error = failure {
      let connection = try SQLiteConnection(scratch.file)
      try connection.execute("PRAGMA query_only = ON")
      try connection.execute("DELETE FROM encodings")
    }
    #expect(error?.code == .disk && error?.description.contains("read-only") == true)
  }

  @Test(
    "Numbers that no gallery has counted up to are refused with a sentence",
    arguments: [
      "PRAGMA user_version = -1", "PRAGMA user_version = -2147483648",
      "UPDATE facts SET value = -1 WHERE key = 'version'",
      "UPDATE facts SET value = 9223372036854775807 WHERE key = 'version'",
      "UPDATE facts SET value = 9223372036854775807 WHERE key = 'count'",
      "UPDATE facts SET value = -9223372036854775808 WHERE key = 'replaced'",
      "UPDATE facts SET value = 9223372036854775807 WHERE key = 'training'",
    ])
  func extremes(sql: String) throws {
    let scratch = Scratch()
    _ = try file(scratch)
    do {
      let connection = try SQLiteConnection(scratch.file)
      try connection.execute(sql)
    }
    let error = failure {
      let gallery = try Gallery(scratch.file)
      try gallery.add([try entry("one more", 1_000)])
    }
    #expect(error?.code == .damaged)
    #expect(error?.description.contains(scratch.file) == true)
  }
}
