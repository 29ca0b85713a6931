import Analysers
import Control
import Documents
import Foundation
import Testing

@testable import Agent

/// What is published of commands is what a box obeys.
@Suite struct PublishedCommandTests {
  private func example(_ name: String) throws -> JSON {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../schemas")
    let file = folder.appendingPathComponent("\(name).example.json")
    return try JSONReader.read(Array(Data(contentsOf: file)))
  }

  private func command(_ type: String) throws -> JSON {
    guard CommandType(rawValue: type) == nil else { return try example(type) }
    // One schema is that of all analysers.
    var members = try #require(example("analyser.set").members)
    members["type"] = .string(type)
    return .object(members)
  }

  @Test func `There is a command for each schema of one, one for each analyser, and no other`() {
    let published = CommandType.allCases.map(\.rawValue) + Analysers.names.map { "\($0).set" }
    #expect(AgentCommands.table.types == published.sorted())
  }

  @Test func `The list of commands has each of them with a sentence`() {
    let list = AgentCommands.list
    #expect(list.map(\.type) == AgentCommands.table.types)
    #expect(list.allSatisfy { $0.summary.hasSuffix(".") })
    #expect(list.first { $0.type == "ping" }?.summary == "Answers with the version.")
  }

  @Test(arguments: AgentCommands.table.types)
  func `The example of each command is obeyed, and not with a member more`(type: String) throws {
    let command = try command(type)
    #expect(command["type"]?.text == type)
    let order = try AgentCommands.table.order(command)
    #expect(order.type == type)
    // A command of a camera says of which one.
    #expect(order.scope != .camera || order.camera == "front")
    var members = try #require(command.members)
    members["nobody_knows"] = 1
    let more = JSON.object(members)
    let refused = #expect(throws: Rejection.self) { try AgentCommands.check(more) }
    #expect(refused?.reason == .badArgument)
    members["type"] = .string("\(type).other")
    let other = JSON.object(members)
    let unknown = #expect(throws: Rejection.self) { try AgentCommands.check(other) }
    #expect(unknown?.reason == .unknownType)
  }

  @Test(arguments: [
    #"{"type":"spool.discard","class":"results"}"#, #"{"type":"spool.discard"}"#,
    #"{"type":"snapshot"}"#, #"{"type":"snapshot","camera":"a b"}"#,
    #"{"type":"colours.silhouette","camera":"front","lambda":0.5}"#,
    #"{"type":"colours.silhouette","camera":"front","lambda":"50"}"#,
    #"{"type":"ping","camera":"front"}"#, #"{"type":"config.reload","camera":"front"}"#,
  ])
  func `Wrong arguments of the agent's own commands are refused`(text: String) throws {
    let command = try JSONReader.read(Array(text.utf8))
    let refused = #expect(throws: Rejection.self) { try AgentCommands.check(command) }
    #expect(refused?.reason == .badArgument)
  }
}
