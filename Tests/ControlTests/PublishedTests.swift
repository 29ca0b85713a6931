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

  /// Any will do: one schema is that of all.
  private static let analysers = ["faces", "windows"]

  private func command(_ type: String) throws -> JSON {
    guard CommandType(rawValue: type) == nil else { return try example(type) }
    var members = try #require(example("analyser.set").members)
    members["type"] = .string(type)
    return .object(members)
  }

  @Test(arguments: ControlCommand.types(analysers: analysers))
  func `The example of each command is obeyed, and not with a member more`(type: String) throws {
    let command = try command(type)
    #expect(command["type"]?.text == type)
    let read = try ControlCommand(command, analysers: Self.analysers)
    if let type = CommandType(rawValue: type) { #expect(read.traits == type.traits) }
    // A command of a camera says of which one.
    #expect(read.traits.scope != .camera || read.camera == "front")
    var members = try #require(command.members)
    members["nobody_knows"] = 1
    let more = JSON.object(members)
    let refused = #expect(throws: Rejection.self) {
      try ControlCommand(more, analysers: Self.analysers)
    }
    #expect(refused?.reason == .badArgument)
    members["type"] = .string("\(type).other")
    let other = JSON.object(members)
    let unknown = #expect(throws: Rejection.self) {
      try ControlCommand(other, analysers: Self.analysers)
    }
    #expect(unknown?.reason == .unknownType)
  }

  @Test func `The example of a message is signed by the example of a key`() throws {
    let message = try example("control")
    var ring = KeyRing()
    try ring.put(try TrustedKey(try example("key")))
    let envelope = try Envelope(message)
    #expect(try ring.key(of: envelope).issuer == "ops")
    #expect(throws: Never.self) { try ControlCommand(envelope.command, analysers: []) }
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
