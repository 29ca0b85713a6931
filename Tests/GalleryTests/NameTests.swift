import Foundation
import Testing

@testable import Gallery

/// Names that look the same: composed (form C) and decomposed (form D).
struct NameTests {
  static let forms = [
    ("Zo\u{EB}", "Zoe\u{308}"), ("\u{C5}ngstr\u{F6}m", "A\u{30A}ngstro\u{308}m"),
    ("Nguy\u{1EC5}n", "Nguye\u{302}\u{303}n"),
    ("\u{D55C}\u{AE00}", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}"),
  ]

  @Test("One person in both forms is one person", arguments: forms)
  func one(composed: String, decomposed: String) throws {
    let scratch = Scratch()
    let gallery = try Gallery(scratch.file)
    try gallery.add([try entry(composed, 1), try entry(decomposed, 2)])
    #expect(try gallery.people().map { Array($0.name.text.utf8) } == [Array(composed.utf8)])
    // Whichever way it is asked for.
    let name = try PersonName(decomposed)
    let removed = try gallery.transaction { edit throws(GalleryError) in try edit.remove(name) }
    #expect(removed == 2)
    // And signed sets have one hash.
    #expect(
      ContentHash.of([try entry(composed, 1), try entry(decomposed, 2)])
        == ContentHash.of([try entry(composed, 1), try entry(composed, 2)]))
    let line = EntryLine.text(try entry("PLACE", 1))
      .replacingOccurrences(of: "PLACE", with: decomposed)
    #expect(try EntryLine.parse(line.utf8).name == PersonName(composed))
  }

  @Test("A gallery of version 1 has its people put together when it is opened", arguments: forms)
  func migration(composed: String, decomposed: String) throws {
    let scratch = Scratch()
    do {
      try Gallery(scratch.file).add([
        try entry("Ada", 9), try entry("one", 1), try entry("other", 2),
      ])
    }
    do {
      let connection = try SQLiteConnection(scratch.file)
      try connection.statement("UPDATE people SET name = ? WHERE name = 'one'").bind(1, composed)
        .run()
      try connection.statement("UPDATE people SET name = ? WHERE name = 'other'").bind(
        1, decomposed
      ).run()
      try connection.execute("PRAGMA user_version = 1")
    }
    for _ in 0..<2 {
      let gallery = try Gallery(scratch.file)
      #expect(
        try gallery.people().map { Array($0.name.text.utf8) } == [
          Array("Ada".utf8), Array(composed.utf8),
        ])
      let expected = [try entry("Ada", 9), try entry(composed, 1), try entry(composed, 2)]
      #expect(try gallery.snapshot().hash == ContentHash.of(expected))
      #expect(try gallery.snapshot().version == 2)
    }
  }

  @Test("A lone decomposed name of version 1 is renamed")
  func renamed() throws {
    let scratch = Scratch()
    do { try Gallery(scratch.file).add([try entry("one", 1)]) }
    do {
      let connection = try SQLiteConnection(scratch.file)
      try connection.statement("UPDATE people SET name = ?").bind(1, "Zoe\u{308}").run()
      try connection.execute("PRAGMA user_version = 1")
    }
    let gallery = try Gallery(scratch.file)
    #expect(try gallery.people().map { Array($0.name.text.utf8) } == [Array("Zo\u{EB}".utf8)])
    #expect(try gallery.snapshot().hash == ContentHash.of([try entry("Zo\u{EB}", 1)]))
  }
}
