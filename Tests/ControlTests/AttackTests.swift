import Control
import Documents
import Foundation
import Gallery
import Synchronization
import Testing

@Suite("Who would command a box that is not his") struct AttackTests {
  let box: Box

  init() throws { box = try Box() }

  private func expectRejected(
    _ bytes: [UInt8], _ reason: Rejection.Reason, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let done = box.target.state.withLock { $0.done.count }
    let hash = try box.hash()
    try box.give(bytes)
    #expect(box.sink.last?.reason == reason.rawValue, sourceLocation: sourceLocation)
    #expect(
      box.target.state.withLock { $0.done.count } == done, "it was obeyed",
      sourceLocation: sourceLocation)
    #expect(try box.hash() == hash, sourceLocation: sourceLocation)
  }

  @Test("is not obeyed without a signature") func unsigned() throws {
    try expectRejected(box.envelope(["type": "ping"]).canonical, .unsigned)
  }

  @Test("is not obeyed with a key that nobody trusts") func unknownKey() throws {
    try expectRejected(box.signed(box.envelope(["type": "ping"]), by: SigningKey()), .unknownKey)
  }

  @Test("cannot change a byte of what was signed") func tampering() throws {
    let signed = try JSONReader.read(
      box.signed(box.envelope(["type": "snapshot", "camera": "yard"])))
    for (name, value) in [
      ("command", ["type": "snapshot", "camera": "front"] as JSON),
      ("target", ["nodes": ["door-1"]]), ("sequence", 99), ("id", "another"),
      ("expires_at", "2099-01-01T00:00:00Z"),
    ] {
      var members = signed.members ?? [:]
      members[name] = value
      let isBad = name == "expires_at"
      try expectRejected(JSON.object(members).canonical, isBad ? .malformed : .badSignature)
    }
  }

  @Test("may lay the same message out differently") func layout() throws {
    let signed = try JSONReader.read(box.signed(box.envelope(["type": "ping"], id: "laid-out")))
    let members = (signed.members ?? [:]).sorted { $0.key > $1.key }
    let text =
      "{ " + members.map { "\"\($0.key)\" :\n\($0.value.canonicalText)" }.joined(separator: ", ")
      + " }"
    try box.give(Array(text.utf8))
    #expect(box.sink.states("laid-out") == [.accepted, .succeeded])
  }

  @Test("cannot replay a command") func replay() throws {
    let bytes = try box.signed(box.envelope(["type": "ping"], id: "one"))
    try box.give(bytes)
    #expect(box.sink.states("one") == [.accepted, .succeeded])
    try expectRejected(bytes, .replayed)
    try box.restart()
    try expectRejected(bytes, .replayed)
  }

  @Test("cannot bring an older command after a newer one") func rollback() throws {
    let older = try box.signed(box.envelope(["type": "ping"]))
    try box.command(["type": "ping"])
    try expectRejected(older, .rollback)
    // Nor another beside it.
    let beside = try box.signed(box.envelope(["type": "ping"], sequence: box.sequence))
    try expectRejected(beside, .rollback)
  }

  @Test("cannot have a command obeyed that has expired") func expired() throws {
    let bytes = try box.signed(box.envelope(["type": "ping"], id: "late", issued: -100, lasts: 50))
    try expectRejected(bytes, .expired)
    #expect(box.sink.states("late") == [.expired])
  }

  @Test("cannot turn time back: what has been signed is not later than now") func clock() throws {
    try box.give(box.signed(box.envelope(["type": "ping"], issued: 600)))
    // Valid by the box's clock, but not after what it has heard.
    try expectRejected(
      box.signed(box.envelope(["type": "ping"], issued: 0, lasts: 300)), .expired)
  }

  @Test("cannot make others' commands expire by a message from ahead") func late() throws {
    // Of a day ahead, for this node, for another, and of a type that its key may not give.
    let other = SigningKey()
    let limited = TrustedKey(issuer: "guard", bytes: other.publicBytes, commands: ["snapshot"])
    try box.give(
      box.signed(
        box.envelope(["type": "keys.put", "key": limited.json], issuer: "root"), by: box.root))
    #expect(box.sink.last?.state == .succeeded)
    let ahead = 86_000.0
    try box.give(
      box.signed(box.envelope(["type": "ping"], issuer: "guard", issued: ahead), by: other))
    #expect(box.sink.last?.reason == "not_allowed")
    try box.give(
      box.signed(
        box.envelope(["type": "ping"], target: Target(.nodes(["elsewhere"])), issued: ahead)))
    try box.give(box.signed(box.envelope(["type": "ping"], id: "short", issued: 0, lasts: 60)))
    #expect(box.sink.states("short") == [.accepted, .succeeded])
    // One that it may give moves time by a quarter of an hour at most.
    try box.give(box.signed(box.envelope(["type": "ping"], issued: ahead)))
    try expectRejected(
      box.signed(box.envelope(["type": "ping"], issued: 0, lasts: 600)), .expired)
    try box.give(box.signed(box.envelope(["type": "ping"], id: "long", issued: 0, lasts: 1200)))
    #expect(box.sink.states("long") == [.accepted, .succeeded])
  }

  @Test("needs more than camera.set to change what is seen") func permissions() throws {
    let other = SigningKey()
    func put(_ commands: [String]) throws {
      let key = TrustedKey(issuer: "guard", bytes: other.publicBytes, commands: commands)
      try box.give(
        box.signed(
          box.envelope(["type": "keys.put", "key": key.json], issuer: "root"), by: box.root))
      #expect(box.sink.last?.state == .succeeded)
    }
    func set(_ change: JSON) throws -> String {
      try box.give(
        box.signed(
          box.envelope(
            ["type": "camera.set", "camera": "front", "set": change], issuer: "guard"), by: other))
      return box.sink.last?.reason ?? box.sink.last?.state.rawValue ?? ""
    }
    let changes: [(JSON, String)] = [
      (["replay": ["path": "/etc/shadow"]], "camera.source"),
      (["device": "/dev/video1"], "camera.source"), (["size": "640x480"], "camera.source"),
      (["format": "grey"], "camera.source"),
      (["controls": ["pan_absolute": 9]], "camera.source"), (["masks": []], "camera.masks"),
      (["enabled": true], "camera.start"), (["enabled": false], "camera.stop"),
      (["faces": "on"], "faces.set"), (["colours": "on"], "colours.set"),
    ]
    try put(["camera.set"])
    #expect(try set(["quality": 70]) == "succeeded")
    for (change, _) in changes {
      #expect(try set(change.merging(["quality": 50])) == "not_allowed", "\(change)")
    }
    for (change, permission) in changes {
      try put(["camera.set", permission])
      #expect(try set(change) == "succeeded", "\(change)")
    }
  }

  @Test("cannot keep a root key from putting time right") func timeReset() throws {
    try box.give(box.signed(box.envelope(["type": "ping"], issued: 80_000)))
    try expectRejected(box.signed(box.envelope(["type": "ping"], lasts: 60)), .expired)
    try expectRejected(box.signed(box.envelope(["type": "time.reset"])), .notAllowed)
    try box.give(
      box.signed(
        box.envelope(["type": "time.reset"], id: "time", issuer: "root", lasts: 60), by: box.root))
    #expect(box.sink.states("time") == [.accepted, .succeeded])
    try box.restart()
    try box.give(box.signed(box.envelope(["type": "ping"], id: "after", lasts: 60)))
    #expect(box.sink.states("after") == [.accepted, .succeeded])
  }

  @Test("cannot spoil the sense of time with a message from far ahead") func farFuture() throws {
    try expectRejected(
      box.signed(box.envelope(["type": "ping"], issued: 90 * 86_400)), .future)
    // Nor by steps, each a little ahead of the last.
    for step in 1...5 {
      try box.give(
        box.signed(box.envelope(["type": "ping"], issued: Double(step) * 80_000, lasts: 86_400)))
    }
    try box.give(
      box.signed(box.envelope(["type": "ping"], id: "after", issued: 0, lasts: 90_000)))
    #expect(box.sink.states("after") == [.accepted, .succeeded])
  }

  @Test("can fast-forward the sequence with a stolen key only until that is revoked")
  func fastForward() throws {
    try box.give(
      box.signed(box.envelope(["type": "ping"], sequence: Int(JSON.integerMax))))
    try expectRejected(box.signed(box.envelope(["type": "ping"])), .rollback)
    let id = TrustedKey(issuer: "ops", bytes: box.key.publicBytes).id
    let fresh = SigningKey()
    let key = TrustedKey(issuer: "ops", bytes: fresh.publicBytes)
    try box.give(
      box.signed(
        box.envelope(["type": "keys.put", "key": key.json], issuer: "root"), by: box.root))
    try box.give(
      box.signed(
        box.envelope(["type": "keys.revoke", "key": .string(id)], issuer: "root"), by: box.root))
    try box.give(box.signed(box.envelope(["type": "ping"], id: "recovered"), by: fresh))
    #expect(box.sink.states("recovered") == [.accepted, .succeeded])
  }

  @Test("cannot use a stolen key once it is revoked, not after a restart either, nor put it back")
  func keyCompromise() throws {
    let id = TrustedKey(issuer: "ops", bytes: box.key.publicBytes).id
    try box.give(
      box.signed(
        box.envelope(["type": "keys.revoke", "key": .string(id)], issuer: "root"), by: box.root))
    #expect(box.sink.last?.state == .succeeded)
    try expectRejected(box.signed(box.envelope(["type": "ping"])), .revokedKey)
    try box.restart()
    try expectRejected(box.signed(box.envelope(["type": "ping"])), .revokedKey)
    let key = TrustedKey(issuer: "ops", bytes: box.key.publicBytes)
    try box.give(
      box.signed(
        box.envelope(["type": "keys.put", "key": key.json], issuer: "root"), by: box.root))
    #expect(box.sink.last?.state == .failed)
  }

  @Test("cannot make keys with a key that is not root's, nor leave a box without root")
  func keysUnderRoot() throws {
    let own = TrustedKey(issuer: "ops", bytes: SigningKey().publicBytes, isRoot: true)
    try expectRejected(
      box.signed(box.envelope(["type": "keys.put", "key": own.json])), .notAllowed)
    let root = TrustedKey(issuer: "root", bytes: box.root.publicBytes).id
    try box.give(
      box.signed(
        box.envelope(["type": "keys.revoke", "key": .string(root)], issuer: "root"), by: box.root))
    #expect(box.sink.last?.state == .failed)
    // And root's key is for keys only.
    try expectRejected(
      box.signed(box.envelope(["type": "ping"], issuer: "root"), by: box.root), .notAllowed)
  }

  @Test("cannot sign in another's name") func issuer() throws {
    try expectRejected(box.signed(box.envelope(["type": "ping"], issuer: "root")), .wrongIssuer)
  }

  @Test("cannot go beyond a key's commands and labels") func roles() throws {
    let guardKey = SigningKey()
    let away = SigningKey()
    for key in [
      TrustedKey(issuer: "guard", bytes: guardKey.publicBytes, commands: ["ping", "gallery.*"]),
      TrustedKey(issuer: "away", bytes: away.publicBytes, labels: ["site": "hue"]),
    ] {
      try box.give(
        box.signed(
          box.envelope(["type": "keys.put", "key": key.json], issuer: "root"), by: box.root))
    }
    func give(_ command: JSON, _ issuer: String, _ key: SigningKey) throws -> String? {
      try box.give(box.signed(box.envelope(command, issuer: issuer), by: key))
      return box.sink.last?.reason
    }
    #expect(try give(["type": "ping"], "guard", guardKey) == nil)
    #expect(try give(["type": "gallery.remove", "names": ["Ada"]], "guard", guardKey) == nil)
    #expect(try give(["type": "config.reset"], "guard", guardKey) == "not_allowed")
    #expect(try give(["type": "ping"], "away", away) == "not_allowed")
  }

  @Test("cannot reach a box that a command is not for") func wrongTarget() throws {
    for target in [
      Target(.nodes(["door-2"])), Target(.labels(["site": "hue"])),
      Target(.labels(["site": "hanoi", "floor": "2"])), Target(.all, percent: 1e-9),
    ] {
      try box.give(box.signed(box.envelope(["type": "ping"], id: "not-me", target: target)))
    }
    #expect(box.sink.states("not-me").isEmpty)
    // A command for others moves the sequence on all the same.
    try expectRejected(box.signed(box.envelope(["type": "ping"], sequence: 3)), .rollback)
  }

  @Test("cannot feed it endless data") func endlessData() throws {
    try expectRejected([UInt8](repeating: 0x20, count: 2 << 20), .tooLarge)
    try expectRejected(Array(String(repeating: "[", count: 100_000).utf8), .tooLarge)
    let before = box.sink.results.withLock { $0.count }
    for _ in 0..<500 { try box.give([0]) }
    #expect(box.sink.results.withLock { $0.count } - before <= 20)
    try box.command(["type": "ping"], id: "after all that")
    #expect(box.sink.states("after all that").isEmpty)
    try box.command(["type": "ping"], id: "after-all-that")
    #expect(box.sink.states("after-all-that") == [.accepted, .succeeded])
  }

  @Test("cannot mix pieces of two galleries") func mixAndMatch() throws {
    func chunk(_ index: Int, hash: String, seed: Int, version: Int = 5) -> JSON {
      [
        "type": "gallery.replace", "upload": "set", "version": .number(Double(version)),
        "hash": .string(hash), "chunk": .number(Double(index)), "chunks": 2,
        "entries": [["name": .string("P\(seed)"), "model": "m", "encoding": encoding(seed)]],
      ]
    }
    let before = try box.hash()
    let hash = String(repeating: "ab", count: 32)
    #expect(try box.command(chunk(0, hash: hash, seed: 1))?.state == .succeeded)
    let other = String(repeating: "cd", count: 32)
    #expect(try box.command(chunk(1, hash: other, seed: 2))?.state == .failed)
    #expect(try box.command(chunk(0, hash: hash, seed: 1))?.state == .succeeded)
    // The hash is not that of the set.
    #expect(try box.command(chunk(1, hash: hash, seed: 2))?.state == .failed)
    #expect(try box.hash() == before)
  }

  @Test("cannot silence it unnoticed") func freeze() throws {
    let box = try Box(freezeAfter: 5)
    let old = try box.signed(box.envelope(["type": "ping"]))
    try box.give(old)
    try box.desk.tick()
    #expect(!box.desk.isFrozen)
    Thread.sleep(forTimeInterval: 5.1)
    try box.desk.tick()
    try box.desk.tick()
    #expect(box.desk.isFrozen)
    #expect(box.target.state.withLock { $0.announced } == ["vedette.control.frozen.v1"])
    // What is sent again, or by nobody, does not break the silence.
    try box.give(old)
    try box.give(box.envelope(["type": "ping"]).canonical)
    try box.desk.tick()
    #expect(box.desk.isFrozen)
    try box.command(["type": "ping"])
    try box.desk.tick()
    #expect(!box.desk.isFrozen)
  }

  @Test("is not told apart by clocks, percent or order of labels: rollouts grow")
  func rollout() {
    let nodes = (0..<2000).map { "node-\($0)" }
    func chosen(_ percent: Double, _ id: String) -> Set<String> {
      Set(
        nodes.filter {
          Target(.all, percent: percent).includes(node: $0, labels: [:], id: id)
        })
    }
    let five = chosen(5, "a")
    #expect((60...140).contains(five.count))
    #expect(five.isSubset(of: chosen(20, "a")))
    #expect(chosen(100, "a").count == nodes.count)
    #expect(five != chosen(5, "b"))
  }

  @Test("who forgot to sign is obeyed where the box says so, but for keys") func allowed() throws {
    let box = try Box(allowsUnsigned: true)
    try box.give(box.envelope(["type": "ping"], id: "open").canonical)
    #expect(box.sink.states("open") == [.accepted, .succeeded])
    let key = TrustedKey(issuer: "me", bytes: SigningKey().publicBytes)
    try box.give(box.envelope(["type": "keys.put", "key": key.json]).canonical)
    #expect(box.sink.last?.reason == "unsigned")
  }
}
