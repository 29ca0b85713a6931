import Documents
import Foundation
import Gallery
import Logging
import Synchronization
import Testing
import Threads

@testable import Control

/// An agent that says much, and notes since when a camera is to have given pictures.
private final class OtherTarget: CommandTarget {
  let facts: [String: JSON]
  let since = Mutex<UInt64?>(nil)

  init(facts: [String: JSON] = [:]) { self.facts = facts }

  func check(overlay: JSON) throws(Rejection) {}
  func check(_ scope: CommandScope, camera: String?) throws(Rejection) {}
  func adopt(overlay: JSON) throws(CommandFailure) -> [String: JSON] { [:] }
  func hasPictures(camera: String, since: UInt64) -> Bool {
    self.since.withLock { $0 = since }
    return true
  }
  var commands: BoundCommands {
    let ping = Command<OtherTarget>(.ping, .node) { _ in .work { target, _ in target.facts } }
    return CommandTable(CommandTable.own(analysers: []) + [ping]).bound(to: self)
  }
  var model: ModelName? { nil }
  let photoPixelsMax = 0
  func read(photo: [UInt8], pixels: inout Int) -> PhotoReading { .noFace }
  func announce(_ type: RecordType, _ facts: [String: JSON]) {}
}

/// How much there may be of what others send, and what a crash may cost.
@Suite("Bounds of commands", .timeLimit(.minutes(5))) struct BoundsTests {
  let box: Box

  init() throws { box = try Box() }

  private func isSoon(_ condition: () -> Bool) -> Bool {
    for _ in 0..<6000 {
      if condition() { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  /// As the next process finds it after a crash.
  private func crash() throws {
    box.desk.stop()
    try box.reopen()
  }

  /// A desk with another agent.
  private func desk(_ target: OtherTarget) throws -> ControlDesk {
    let desk = try ControlDesk(
      gallery: box.gallery, target: target, commands: target.commands, sink: box.sink,
      options: box.desk.options,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try desk.start()
    return desk
  }

  @Test("messages for others are not all read again after a crash") func unsaved() throws {
    let others = Target(.nodes(["elsewhere"]))
    for _ in 0..<300 {
      try box.give(box.signed(box.envelope(["type": "ping"], target: others)))
    }
    try crash()
    #expect(box.desk.offsets[0] ?? 0 >= 256)
  }

  @Test("a log that was cut off is read from its new beginning after a crash, too")
  func truncated() throws {
    try box.command(["type": "ping"])
    box.desk.truncated(partition: 0)
    try box.desk.tick()
    try crash()
    #expect(box.desk.offsets[0] == nil)
  }

  @Test("what was skipped is shown by the next process, too") func skipped() throws {
    try box.desk.note(.skip(from: 3, to: 5), partition: 0)
    try crash()
    #expect(try box.desk.readingSuspects().isEmpty)
    #expect(box.desk.offsets[0] == 5)
    let skipped = try #require(box.desk.standing.skipped)
    #expect(skipped.partition == 0 && skipped.from == 3 && skipped.to == 5)
  }

  @Test("no more long commands wait than there is room for") func waiting() throws {
    box.target.state.withLock { $0.long = { false } }
    let silhouette: JSON = ["type": "colours.silhouette", "camera": "front"]
    try box.command(silhouette, id: "first")
    #expect(isSoon { box.target.state.withLock { $0.done.count } == 1 })
    for number in 0..<64 {
      #expect(try box.command(silhouette)?.state == .accepted, "\(number)")
    }
    let refused = try box.command(silhouette)
    #expect(refused?.state == .rejected && refused?.reason == "unavailable")
    // Others are obeyed.
    #expect(try box.command(["type": "ping"])?.state == .succeeded)
  }

  @Test("a change of the configuration has a largest size, and so have all together")
  func sizes() throws {
    func set(_ camera: String, _ bytes: Int) throws -> ControlResult? {
      let text = JSON.string(String(repeating: "x", count: bytes))
      return try box.command(["type": "camera.set", "camera": .string(camera), "set": ["a": text]])
    }
    #expect(try set("front", 300_000)?.reason == "too_large")
    #expect(try set("front", 150_000)?.state == .succeeded)
    #expect(try set("yard", 150_000)?.reason == "too_large")
    #expect(try set("front", 100_000)?.state == .succeeded)
    #expect(try set("yard", 150_000)?.state == .succeeded)
    // One that is only carried out is stored, too.
    let others = (0..<5000).map { "node-\($0)-" + String(repeating: "x", count: 50) }
    let message = box.envelope(
      ["type": "ping"], id: "wide", target: Target(.nodes(others + ["door-1"])))
    try box.give(box.signed(message))
    #expect(box.sink.last?.id == "wide" && box.sink.last?.reason == "too_large")
  }

  @Test("an answer that no broker would take is told without its facts") func largeAnswer() throws {
    box.desk.stop()
    let facts: [String: JSON] = ["jpeg": .string(String(repeating: "A", count: 1_000_000))]
    let desk = try desk(OtherTarget(facts: facts))
    defer { desk.stop() }
    let message = try box.signed(box.envelope(["type": "ping"], id: "s"))
    try desk.handle(partition: 0, offset: 0, value: message)
    #expect(box.sink.states("s") == [.accepted, .succeeded])
    let answer = try #require(box.sink.last)
    #expect(answer.json.canonical.count < 1000)
    #expect(answer.detail?.contains("larger than a result may be") == true)
  }

  @Test("a camera on probation has to give pictures after the change, not before it")
  func probation() throws {
    box.desk.stop()
    let target = OtherTarget()
    let desk = try desk(target)
    defer { desk.stop() }
    let changed = Clock.monotonic
    let message = try box.signed(
      box.envelope(
        ["type": "camera.set", "camera": "front", "set": ["quality": 70], "probation": 1], id: "p"))
    try desk.handle(partition: 0, offset: 0, value: message)
    #expect(isSoon { box.sink.states("p") == [.accepted, .succeeded] })
    #expect(target.since.withLock { $0 } ?? 0 >= changed)
  }

  @Test("a box trusts so many keys, and then one of them in another's place") func keys() throws {
    var ring = KeyRing()
    var first: TrustedKey?
    for number in 0..<KeyRing.keysMax {
      let key = TrustedKey(issuer: "k-\(number)", bytes: SigningKey().publicBytes)
      first = first ?? key
      try ring.put(key)
    }
    let more = TrustedKey(issuer: "more", bytes: SigningKey().publicBytes)
    #expect(reason { () throws(Rejection) in try ring.put(more) } == .badArgument)
    var changed = try #require(first)
    changed.commands = ["ping"]
    try ring.put(changed)
    #expect(ring.keys[changed.id] == changed && ring.keys.count == KeyRing.keysMax)
    ring.revoke(changed.id)
    try ring.put(more)
  }

  @Test("a command is valid for 400 days at most") func lifetime() throws {
    let day = 86_400.0
    try box.give(box.signed(box.envelope(["type": "ping"], lasts: 400 * day)))
    #expect(box.sink.last?.reason == "malformed")
    try box.give(box.signed(box.envelope(["type": "ping"], id: "long", lasts: 399 * day)))
    #expect(box.sink.states("long") == [.accepted, .succeeded])
  }

  @Test("who asks too often for what they may not do uses up nobody else's answers")
  func answers() throws {
    let keys = ["loud", "quiet"].map { ($0, SigningKey()) }
    for (issuer, key) in keys {
      let trusted = TrustedKey(issuer: issuer, bytes: key.publicBytes, commands: ["ping"])
      try box.give(
        box.signed(
          box.envelope(["type": "keys.put", "key": trusted.json], issuer: "root"), by: box.root))
    }
    for _ in 0..<200 {
      try box.give(
        box.signed(box.envelope(["type": "config.reset"], issuer: "loud"), by: keys[0].1))
    }
    try box.give(
      box.signed(
        box.envelope(["type": "config.reset"], id: "q", issuer: "quiet"), by: keys[1].1))
    #expect(box.sink.states("q") == [.rejected])
  }

  @Test("a box that obeys anybody takes no change while what was changed before is lost")
  func lost() throws {
    let box = try Box(allowsUnsigned: true)
    func give(_ command: JSON) throws -> ControlResult? {
      try box.give(box.envelope(command).canonical)
      return box.sink.last
    }
    let stop: JSON = ["type": "camera.stop", "camera": "yard"]
    #expect(try give(stop)?.state == .succeeded)
    box.desk.stop()
    for file in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: "\(box.folder)/gallery.sqlite\(file)")
    }
    for path in try #require(box.store).paths {
      try "spoilt".write(toFile: path, atomically: true, encoding: .utf8)
    }
    try box.reopen()
    try box.desk.start()
    #expect(try give(stop)?.reason == "unavailable")
    #expect(try give(["type": "config.reset"])?.state == .succeeded)
    #expect(try give(stop)?.state == .succeeded)
  }
}
