import Agent
import ArgumentParser

/// Lists what boxes can be told.
struct ControlCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "commands",
    abstract: "Lists what boxes of this version can be told.",
    discussion: "A command of a camera takes camera=NAME; the schemas tell the other arguments.")

  func run() {
    let commands = AgentCommands.list
    let width = commands.map(\.type.count).max() ?? 0
    for command in commands {
      let blanks = String(repeating: " ", count: width - command.type.count)
      print("\(command.type)\(blanks)  \(command.summary)")
    }
  }
}
