import Documents
import Foundation
import Testing

@testable import Control

/// What is published beside the schemas is what the agent takes and tells.
@Suite struct PublishedTests {
  private func example(_ name: String) throws -> JSON {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../schemas")
    let file = folder.appendingPathComponent("\(name).example.json")
    return try JSONReader.read(Array(Data(contentsOf: file)))
  }

  @Test func `The example of a message is signed by the example of a key`() throws {
    let message = try example("control")
    var ring = KeyRing()
    try ring.put(try TrustedKey(try example("key")))
    let envelope = try Envelope(message)
    #expect(try ring.key(of: envelope).issuer == "ops")
    #expect(throws: Never.self) { try FakeTarget().commands.order(envelope.command) }
    var members = try #require(message.members)
    members["sequence"] = 1
    let forged = try Envelope(.object(members))
    let refused = #expect(throws: Rejection.self) { try ring.key(of: forged) }
    #expect(refused?.reason == .badSignature)
  }

  @Test func `The examples of an answer and of a heartbeat are read, and say the same again`()
    throws
  {
    let published = try #require(try example("result").members)
    var own = published
    // What every record of the node tells; the rest is the answer's.
    for common in ["type", "node", "boot"] { own[common] = nil }
    let result = try ControlResult(.object(own))
    #expect(result.state == .rejected && result.reason == Rejection.Reason.notAllowed.rawValue)
    #expect(result.json == .object(own))
    let heartbeat = Heartbeat(try example("heartbeat.v1").canonical)
    #expect(heartbeat?.node == "door-1" && heartbeat?.cameraCount == 1)
  }
}
