import Analysers
package import Control
package import Documents

/// The commands that a box obeys, from the rooms that carry them out.
package enum AgentCommands {
  static let table = CommandTable<AgentTarget>(
    CommandTable.own(analysers: Analysers.names) + BoxCommands.all
      + SpoolCommands.all.map { $0.on(\.delivery) } + AnalyserCommands.all)

  /// All types, each with what it does.
  package static var list: [(type: String, summary: String)] {
    table.types.map { type in
      (
        type,
        CommandType(rawValue: type)?.summary ?? "Changes what is done about a camera's pictures."
      )
    }
  }

  /// Whether a box would take this for a command.
  /// - Throws: `.unknownType`, `.badArgument`.
  package static func check(_ command: JSON) throws(Rejection) { _ = try table.order(command) }
}
