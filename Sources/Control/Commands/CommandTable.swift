package import Documents

/// The commands that a box obeys.
package struct CommandTable<Box: Sendable>: Sendable {
  private let commands: [String: Command<Box>]

  /// - Parameter commands: each type once.
  package init(_ commands: [Command<Box>]) {
    self.commands = Dictionary(commands.map { ($0.type, $0) }) { first, _ in first }
  }

  /// The commands that Control carries out itself: they change the gallery, the keys, and what lies over the configuration's
  /// files.
  /// - Parameter analysers: the names of those that there are.
  package static func own(analysers: [String]) -> [Command<Box>] {
    OverlayCommands.all(analysers: analysers) + GalleryCommands.all() + KeyCommands.all()
  }

  /// All types, as they are written.
  package var types: [String] { commands.keys.sorted() }

  package subscript(_ type: String) -> Command<Box>? { commands[type] }

  /// - Throws: `.unknownType`, `.badArgument`.
  package func order(_ command: JSON) throws(Rejection) -> Order<Box> {
    let type = command["type"]?.text ?? ""
    guard let known = commands[type] else {
      throw Rejection(.unknownType, "there is no command \(type)")
    }
    return try known.order(command)
  }

  /// What a key must be allowed besides the command's own type.
  func permissions(_ command: JSON) -> [String] {
    commands[command["type"]?.text ?? ""]?.permissions(command) ?? []
  }

  /// The same table, which acts upon `box`.
  package func bound(to box: Box) -> BoundCommands {
    BoundCommands(commands.values.map { $0.on { box } })
  }
}

/// Commands that know what they act upon.
package typealias BoundCommands = CommandTable<Void>
typealias BoundOrder = Order<Void>
