import Agent
import ArgumentParser
import Control
import Documents
import Gallery
import Glibc
import Paths

/// Whom a command is for.
struct TargetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A node; may be given again.", valueName: "name"))
  var node: [String] = []
  @Option(help: ArgumentHelp("Nodes with this label; all that are given.", valueName: "name=value"))
  var label: [String] = []
  @Flag(help: "All nodes.")
  var all = false
  @Option(help: "Of these only so many percent, the same whenever they are asked.")
  var percent: Double?

  func target() throws -> Target {
    let labels = try Self.labels(label)
    switch (node.isEmpty, labels.isEmpty, all) {
    case (false, true, false): return Target(.nodes(node), percent: percent)
    case (true, false, false): return Target(.labels(labels), percent: percent)
    case (true, true, true): return Target(.all, percent: percent)
    default: throw ValidationError("whom is it for? Give one of --node, --label and --all")
    }
  }

  static func labels(_ texts: [String]) throws -> [String: String] {
    var labels: [String: String] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw ValidationError("a label is name=value, not \(text)") }
      labels[parts[0]] = parts[1]
    }
    return labels
  }
}

/// What is to be done, and who says so.
struct CommandOptions: ParsableArguments {
  @Argument(
    help: "The command: its type, then what it wants as name=value; or all of it as JSON.")
  var words: [String]
  @OptionGroup var target: TargetOptions
  @Option(help: "The private key, as keygen makes it.")
  var key: String
  @Option(help: ArgumentHelp("How long it is valid, in seconds.", valueName: "seconds"))
  var valid = 3600.0
  @Option(help: "The command's id; by default one that nobody else has.")
  var id: String?
  @Option(
    help: ArgumentHelp(
      "With gallery.put: a photo of a person; may be given again.", valueName: "person=file"))
  var photo: [String] = []
  @Option(
    help: ArgumentHelp(
      "With gallery.replace: what 'vedette gallery export' wrote, to be everything there is.",
      valueName: "file"))
  var set: String?

  /// The commands, checked as a box would; several where a set is sent in pieces.
  private func commands(_ now: Timestamp) throws -> [JSON] {
    guard let first = words.first else { throw ValidationError("which command?") }
    if let set {
      guard words == ["gallery.replace"], photo.isEmpty else {
        throw ValidationError("--set goes with gallery.replace alone")
      }
      return try pieces(set, version: UInt64(max(1, now.microseconds)))
    }
    var command: JSON
    if first.hasPrefix("{") {
      guard words.count == 1 else { throw ValidationError("one JSON object, or words") }
      do {
        command = try JSONReader.read(Array(first.utf8))
      } catch {
        throw ValidationError("the command is no JSON: \(error)")
      }
    } else {
      var members: [String: JSON] = ["type": .string(first)]
      for word in words.dropFirst() {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\(word) is not name=value") }
        members[parts[0]] = (try? JSONReader.read(Array(parts[1].utf8))) ?? .string(parts[1])
      }
      command = .object(members)
    }
    if !photo.isEmpty { command = command.merging(["people": .array(try people())]) }
    do {
      try AgentCommands.check(command)
    } catch {
      throw ValidationError("\(error)")
    }
    return [command]
  }

  /// - Parameter version: the time, so that what is sent later is above what was sent before.
  private func pieces(_ file: String, version: UInt64) throws -> [JSON] {
    try GalleryPlace.attempt { () throws(GalleryError) in
      let lines = try LineReader(file)
      var entries: [GalleryEntry] = []
      while let line = try lines.next() {
        do throws(GalleryError) {
          entries.append(try EntryLine.parse(line))
        } catch {
          throw GalleryError(error.code, "\(file), line \(lines.lines): \(error)")
        }
      }
      return try GallerySet.commands(entries, version: version)
    }
  }

  private func people() throws -> [JSON] {
    try photo.map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw ValidationError("--photo takes person=file") }
      let bytes: [UInt8]
      do throws(FileFault) {
        bytes = try InputFile.read(parts[1])
      } catch {
        throw ControlGroup.fail("\(parts[1]) \(error.sentence)", ExitStatus.noInput)
      }
      return ["name": .string(parts[0]), "photos": [.string(Base64.encoded(bytes))]]
    }
  }

  /// The signed messages, in order.
  func signed() throws -> [SignedMessage] {
    guard (1...86_400 * 399).contains(valid) else {
      throw ValidationError("--valid takes 1 second to 399 days")
    }
    let file = try KeyFile(key)
    let now = Timestamp.now
    let made = id ?? "\(file.issuer)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    let commands = try commands(now)
    guard commands.count == 1 || target.percent == nil else {
      throw ValidationError(
        "the set has \(commands.count) pieces; --percent would choose other nodes for each")
    }
    return try commands.enumerated().map { number, command in
      let id = commands.count == 1 ? made : "\(made).\(number)"
      // The time is a sequence that nobody has to keep.
      let envelope = Envelope.json(
        id: id, issuer: file.issuer, sequence: Int(now.microseconds) + number, issuedAt: now,
        expiresAt: now.adding(seconds: valid), target: try target.target(), command: command)
      do {
        let signed = try file.key.signed(envelope)
        _ = try Envelope(JSONReader.read(signed.canonical))
        return SignedMessage(
          id: id, issuer: file.issuer, text: signed.canonicalText)
      } catch {
        throw ValidationError("\(error)")
      }
    }
  }
}

/// A message that is ready to be sent.
struct SignedMessage {
  var id: String
  var issuer: String
  var text: String
}

struct ControlSign: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Signs a command and prints the message, to be sent by other means; a line each.",
    discussion: "Example: vedette control sign snapshot camera=front --node door-1 --key ops.key")

  @OptionGroup var options: CommandOptions

  func run() throws {
    for message in try options.signed() { print(message.text) }
  }
}
