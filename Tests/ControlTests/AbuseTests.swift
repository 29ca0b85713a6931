import Documents
import Foundation
import Gallery
import Synchronization
import Testing

@testable import Control

/// What holders of a key can do to those of others, and to the box.
@Suite("Who holds a key, but not every right", .timeLimit(.minutes(5))) struct AbuseTests {
  let box: Box

  init() throws { box = try Box() }

  private func trust(_ key: TrustedKey) throws {
    try box.give(
      box.signed(
        box.envelope(["type": "keys.put", "key": key.json], issuer: "root"), by: box.root))
  }

  @Test("gets a few answers and no flood of them for what it may not do") func notPermitted() throws
  {
    let guardKey = SigningKey()
    try trust(TrustedKey(issuer: "guard", bytes: guardKey.publicBytes, commands: ["ping"]))
    let before = box.sink.results.withLock { $0.count }
    for _ in 0..<2000 {
      try box.give(
        box.signed(box.envelope(["type": "config.reset"], issuer: "guard"), by: guardKey))
    }
    let answers = box.sink.results.withLock { Array($0[before...]) }
    // Twenty, and one more for each five seconds that this takes.
    #expect((1...500).contains(answers.count))
    #expect(answers.allSatisfy { $0.reason == "not_allowed" })
    // What it may, and what others may, is done and answered as ever.
    try box.give(
      box.signed(box.envelope(["type": "ping"], id: "may", issuer: "guard"), by: guardKey))
    #expect(box.sink.states("may") == [.accepted, .succeeded])
    try box.command(["type": "ping"], id: "others")
    #expect(box.sink.states("others") == [.accepted, .succeeded])
    try box.give(
      box.signed(box.envelope(["type": "ping"], id: "old", issued: -100, lasts: 50)))
    #expect(box.sink.states("old") == [.expired])
  }

  @Test("cannot use up the ids of another's commands") func ids() throws {
    let other = SigningKey()
    try trust(TrustedKey(issuer: "other", bytes: other.publicBytes))
    try box.give(
      box.signed(box.envelope(["type": "ping"], id: "deploy-1", issuer: "other"), by: other))
    try box.command(["type": "snapshot", "camera": "front"], id: "deploy-1")
    #expect(
      box.sink.states("deploy-1") == [.accepted, .succeeded, .accepted, .succeeded])
    // The same command of the same issuer under another of its keys is the same command.
    let second = SigningKey()
    try trust(TrustedKey(issuer: "ops", bytes: second.publicBytes))
    try box.give(box.signed(box.envelope(["type": "ping"], id: "deploy-1"), by: second))
    #expect(box.sink.last?.reason == "replayed")
  }

  @Test("cannot leave a box without a root key by putting the last one anew") func lastRoot() throws
  {
    for key in [
      TrustedKey(issuer: "root", bytes: box.root.publicBytes),
      TrustedKey(
        issuer: "root", bytes: box.root.publicBytes, isRoot: true, labels: ["site": "hue"]),
    ] {
      try trust(key)
      #expect(box.sink.last?.state == .failed)
      #expect(box.sink.last?.detail?.contains("last root key") == true)
    }
    // With a second it may.
    let second = SigningKey()
    try trust(TrustedKey(issuer: "second", bytes: second.publicBytes, isRoot: true))
    #expect(box.sink.last?.state == .succeeded)
    try trust(TrustedKey(issuer: "root", bytes: box.root.publicBytes))
    #expect(box.sink.last?.state == .succeeded)
    // A root key for other boxes is none here.
    try box.give(
      box.signed(
        box.envelope(
          [
            "type": "keys.put",
            "key": TrustedKey(
              issuer: "away", bytes: SigningKey().publicBytes, isRoot: true, labels: ["site": "hue"]
            ).json,
          ], issuer: "second"), by: second))
    #expect(box.sink.last?.state == .succeeded)
    let id = TrustedKey(issuer: "", bytes: second.publicBytes).id
    try box.give(
      box.signed(
        box.envelope(["type": "keys.revoke", "key": .string(id)], issuer: "second"), by: second))
    #expect(box.sink.last?.state == .failed)
  }

  /// The encodings of the eight points of small order, with those that are not canonical and both signs.
  static let weak: [String] = {
    let zeros = String(repeating: "0", count: 60)
    let ones = String(repeating: "f", count: 60)
    let eight = [
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03",
    ]
    return ["00\(zeros)00", "00\(zeros)80", "01\(zeros)00", "01\(zeros)80"]
      + ["ec", "ed", "ee", "ff"].flatMap { ["\($0)\(ones)7f", "\($0)\(ones)ff"] }
      + ["\(eight[0])05", "\(eight[0])85", "\(eight[1])7a", "\(eight[1])fa"]
  }()

  @Test("cannot put a key with which anybody can sign", arguments: weak)
  func weakKey(digits: String) throws {
    let bytes = stride(from: 0, to: 64, by: 2).compactMap { place in
      UInt8(digits.dropFirst(place).prefix(2), radix: 16)
    }
    #expect(bytes.count == 32)
    let key = TrustedKey(issuer: "weak", bytes: bytes)
    try trust(key)
    #expect(box.sink.last?.state == .rejected)
    #expect(throws: Rejection.self) { try TrustedKey(key.json) }
    // R = the neutral point and s = 0 is right for it, whatever is signed.
    let forged = [1] + [UInt8](repeating: 0, count: 63)
    #expect(!key.isValid(forged, of: Array("anything".utf8)))
  }

  @Test("is no weak key where somebody has made it") func strongKeys() {
    for _ in 0..<200 { #expect(!TrustedKey.isWeak(SigningKey().publicBytes)) }
  }

  private func piece(_ upload: String, _ index: Int = 0) -> JSON {
    [
      "type": "gallery.replace", "upload": .string(upload), "version": 5,
      "hash": .string(String(repeating: "ab", count: 32)), "chunk": .number(Double(index)),
      "chunks": 9,
      "entries": [
        [
          "name": "P", "model": "m",
          "encoding": encoding(upload.utf8.reduce(index) { $0 + Int($1) }),
        ]
      ],
    ]
  }

  @Test("cannot keep others out with sets that it never finishes") func unfinishedSets() throws {
    let other = SigningKey()
    try trust(TrustedKey(issuer: "other", bytes: other.publicBytes))
    func give(_ upload: String, _ index: Int) throws -> Double? {
      try box.give(box.signed(box.envelope(piece(upload, index), issuer: "other"), by: other))
      #expect(box.sink.last?.state == .succeeded, "\(box.sink.last?.detail ?? "")")
      return box.sink.last?.facts["received"]?.number
    }
    for number in 0..<10 { _ = try give("junk-\(number)", 0) }
    #expect(try box.command(piece("good", 0))?.facts["received"] == 1)
    for number in 10..<20 {
      _ = try give("junk-\(number)", 0)
      // Theirs give way to theirs.
      let received = Double(number - 8)
      if number < 17 {
        #expect(
          try box.command(piece("good", number - 9))?.facts["received"] == .number(received))
      }
    }
    // The one that went on longest ago is the first to go.
    #expect(try give("junk-19", 1) == 2)
    #expect(try give("junk-0", 1) == 1)
  }

  @Test("cannot fill a box with sets of empty pieces") func emptyPieces() throws {
    for number in 0..<20 {
      try box.command([
        "type": "gallery.replace", "upload": .string("empty-\(number)"), "version": 5,
        "hash": .string(String(repeating: "ab", count: 32)), "chunk": 0, "chunks": 9,
        "entries": [],
      ])
      #expect(box.sink.last?.state == .succeeded)
    }
    let kept = try box.gallery.transaction { edit throws(GalleryError) in
      try edit.states(prefix: "control/upload/").map(\.key)
    }
    #expect(kept == (16..<20).map { "control/upload/empty-\($0)" })
  }

  @Test("has the sets discarded that it began") func discard() throws {
    for upload in ["one", "two", "three"] { try box.command(piece(upload)) }
    #expect(try box.command(["type": "gallery.discard", "upload": "four"])?.state == .failed)
    #expect(box.sink.last?.detail?.contains("arriving: one, three, two") == true)
    let first = try box.command(["type": "gallery.discard", "upload": "two"])
    #expect(first?.state == .succeeded && first?.facts["discarded"] == ["two"])
    // Its first piece is the first again, and nothing of it is left.
    #expect(try box.command(piece("two", 1))?.facts["received"] == 1)
    let rest = try box.command(["type": "gallery.discard"])
    #expect(rest?.facts["discarded"] == ["one", "three", "two"])
    let left = try box.gallery.transaction { edit throws(GalleryError) in
      (try edit.states(prefix: "control/upload/").count, try edit.uploads())
    }
    #expect(left.0 == 0 && left.1.isEmpty)
    #expect(try box.command(["type": "gallery.discard"])?.facts["discarded"] == [])
  }

  @Test("cannot push out another's set that rests by beginning many") func restingSet() throws {
    let other = SigningKey()
    try trust(TrustedKey(issuer: "other", bytes: other.publicBytes))
    #expect(try box.command(piece("good", 0))?.facts["received"] == 1)
    for number in 0..<10 {
      try box.give(
        box.signed(box.envelope(piece("junk-\(number)"), issuer: "other"), by: other))
      #expect(box.sink.last?.state == .succeeded)
    }
    #expect(try box.command(piece("good", 1))?.facts["received"] == 2)
  }
}
