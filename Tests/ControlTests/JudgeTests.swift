import Documents
import Testing

@testable import Control

/// What a node believes of the time, whatever its own clock says.
@Suite("A node's sense of time") struct JudgeTests {
  private let key = SigningKey()
  private let root = SigningKey()
  private let judge = Judge(
    identity: ControlIdentity(node: "door-1"), commands: FakeTarget().commands)
  private var ring = KeyRing()
  /// As a box says whose clock was never set.
  private let unset = Timestamp(microseconds: 1_000_000)
  private let summer = Timestamp(microseconds: 1_782_900_000_000_000)

  init() throws {
    try ring.put(TrustedKey(issuer: "ops", bytes: key.publicBytes))
    try ring.put(TrustedKey(issuer: "root", bytes: root.publicBytes, isRoot: true, commands: []))
  }

  /// - Returns: `obey`, or why not.
  private func judged(
    _ number: Int, type: String = "ping", at issued: Timestamp, clock: Timestamp,
    _ memory: inout ControlMemory
  ) throws -> String {
    let isRoot = type == "time.reset"
    let message = Envelope.json(
      id: "\(number)", issuer: isRoot ? "root" : "ops", sequence: number, issuedAt: issued,
      expiresAt: issued.adding(seconds: 3600), target: Target(.all),
      command: ["type": .string(type)])
    let envelope = try Envelope(try (isRoot ? root : key).signed(message))
    switch judge.judge(envelope, ring, &memory, clock: clock) {
    case .ignore: return "ignore"
    case .reject(let rejection, _): return rejection.reason.rawValue
    case .obey: return "obey"
    }
  }

  @Test("is what it hears where its clock was never set") func neverSet() throws {
    var memory = ControlMemory()
    #expect(try judged(1, at: summer, clock: unset, &memory) == "obey")
    // Nobody can put it so far ahead that all others' commands have expired.
    let later = summer.adding(seconds: 10 * 365 * 86_400)
    #expect(try judged(2, at: later, clock: unset, &memory) == "obey")
    #expect(try judged(3, at: summer, clock: unset, &memory) == "obey")
    let century = summer.adding(seconds: 100 * 365 * 86_400)
    #expect(try judged(4, at: century, clock: unset, &memory) == "future")
  }

  @Test("goes on by what it hears, so that commands expire without a clock, too")
  func hearing() throws {
    var memory = ControlMemory()
    let midnight = Timestamp(microseconds: 1_767_225_600_000_000)
    let noon = midnight.adding(seconds: 43_200)
    #expect(try judged(1, at: noon, clock: unset, &memory) == "obey")
    #expect(try judged(2, at: midnight, clock: unset, &memory) == "expired")
    #expect(try judged(3, at: noon, clock: unset, &memory) == "obey")
  }

  @Test("that was ahead when its memory was lost is put right by a root key") func floor() throws {
    var memory = ControlMemory()
    let ahead = summer.adding(seconds: 400 * 86_400)
    memory.close(after: OverridesCopy(generation: 1, overrides: Overrides()), clock: ahead)
    #expect(try judged(1, at: summer, clock: summer, &memory) == "rollback")
    #expect(try judged(2, type: "time.reset", at: summer, clock: summer, &memory) == "obey")
    let next = summer.adding(seconds: 1)
    #expect(try judged(3, at: next, clock: next, &memory) == "obey")
    // What was issued before is as old as before.
    let before = summer.adding(seconds: -1)
    #expect(try judged(4, at: before, clock: next, &memory) == "rollback")
  }

  @Test("knows a thousand commands again, the last ones") func seen() {
    var memory = ControlMemory()
    let count = ControlMemory.seenMax + 5
    for number in 0..<count { memory.remember("c-\(number)", of: "ops") }
    let known = (0..<count).filter { memory.knows("c-\($0)", of: "ops") }
    #expect(known == Array(5..<count))
  }
}
