import Agent
import ArgumentParser
import Control
import Gallery
import Glibc
import Kafka
import Settings
import Threads

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

  /// The command, checked as a box would.
  func command() throws -> JSONValue {
    guard let first = words.first else { throw ValidationError("which command?") }
    var command: JSONValue
    if first.hasPrefix("{") {
      guard words.count == 1 else { throw ValidationError("one JSON object, or words") }
      do {
        command = try JSONReader.read(Array(first.utf8))
      } catch {
        throw ValidationError("the command is no JSON: \(error)")
      }
    } else {
      var members: [String: JSONValue] = ["type": .string(first)]
      for word in words.dropFirst() {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\(word) is not name=value") }
        members[parts[0]] = (try? JSONReader.read(Array(parts[1].utf8))) ?? .string(parts[1])
      }
      command = .object(members)
    }
    if !photo.isEmpty { command = command.merging(["people": .array(try people())]) }
    do {
      _ = try ControlCommand(command)
    } catch {
      throw ValidationError("\(error)")
    }
    return command
  }

  private func people() throws -> [JSONValue] {
    try photo.map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw ValidationError("--photo takes person=file") }
      guard let bytes = InputFile.read(parts[1]) else {
        throw ControlGroup.fail(
          "\(parts[1]) cannot be read: \(unsafe String(cString: strerror(errno)))",
          ExitStatus.noInput)
      }
      return ["name": .string(parts[0]), "photos": [.string(Base64.encoded(bytes))]]
    }
  }

  /// The signed message.
  func signed() throws -> (envelope: JSONValue, id: String) {
    guard (1...86_400 * 399).contains(valid) else {
      throw ValidationError("--valid takes 1 second to 399 days")
    }
    let file = try KeyFile(key)
    let now = Timestamp.now
    let made = id ?? "\(file.issuer)-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    // The time is a sequence that nobody has to keep.
    let envelope = Envelope.json(
      id: made, issuer: file.issuer, sequence: Int(now.microseconds), issuedAt: now,
      expiresAt: now.adding(seconds: valid), target: try target.target(),
      command: try command())
    do {
      let signed = try file.key.signed(envelope)
      _ = try Envelope(JSONReader.read(signed.canonical))
      return (signed, made)
    } catch {
      throw ValidationError("\(error)")
    }
  }
}

struct ControlSign: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Signs a command and prints the message, to be sent by other means.",
    discussion: "Example: vedette control sign snapshot camera=front --node door-1 --key ops.key")

  @OptionGroup var options: CommandOptions

  func run() throws { print(try options.signed().envelope.canonicalText) }
}

struct ControlSend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Signs a command, sends it, and shows who answered what.",
    discussion: """
      It ends when all nodes that were named have answered, or --expect of them, or when time is up: 69 where answers \
      are missing, 65 where one failed.

      Example: vedette control send camera.set camera=front 'set={"quality":70}' probation=10 --node door-1 --key ops.key
      Example: vedette control send gallery.put --photo 'Ada Lovelace=ada.jpg' --label site=hanoi --key ops.key
      """)

  @OptionGroup var options: CommandOptions
  @OptionGroup var place: BrokerPlace
  @Option(help: "How long answers are awaited, in seconds.")
  var timeout = 30.0
  @Option(help: "How many nodes must answer; by default those that were named.")
  var expect: Int?
  @Flag(help: "Each answer as it came, one JSON object a line.")
  var json = false

  func run() throws {
    let (envelope, id) = try options.signed()
    let place = try place.place()
    let topic = try place.topic(.control)
    let answers = try place.reader(.results, from: .end)
    try answers.begin()
    do {
      // All of one issuer's commands go to one partition, and so stay in order.
      try Sender(place).send(
        envelope.canonical, key: Array((envelope["issuer"]?.text ?? "").utf8), topic: topic)
    } catch {
      throw ControlGroup.fail("it was not sent: \(error)", ExitStatus.unavailable)
    }
    if !json { print("sent \(id)") }
    try watch(answers, id)
  }

  private func watch(_ answers: TopicReader, _ id: String) throws {
    let named = options.target.percent == nil ? Set(options.target.node) : []
    let wanted = expect ?? (named.isEmpty ? Int.max : named.count)
    let began = Clock.monotonic
    var ended: [String: ControlResult.State] = [:]
    while ended.count < wanted, Double(Clock.monotonic - began) / 1e9 < timeout {
      guard let bytes = try answers.next(milliseconds: 100),
        let answer = Answer(bytes), answer.result.id == id
      else { continue }
      print(json ? String(decoding: bytes, as: UTF8.self) : answer.line)
      _ = fflush(nil)
      if answer.result.state != .accepted, ended[answer.node] == nil {
        ended[answer.node] = answer.result.state
      }
    }
    let failed = ended.values.count { $0 != .succeeded }
    if !json {
      let missing = named.subtracting(ended.keys).sorted()
      print(
        "\(ended.count) answered, \(failed) of them not with success"
          + (missing.isEmpty ? "" : "; nothing from \(missing.joined(separator: ", "))"))
    }
    if failed > 0 { throw ExitCode(ExitStatus.dataError) }
    if ended.isEmpty || wanted != Int.max && ended.count < wanted {
      throw ExitCode(ExitStatus.unavailable)
    }
  }
}

/// A node's answer.
struct Answer {
  var node: String
  var result: ControlResult

  init?(_ bytes: [UInt8]) {
    guard let value = try? JSONReader.read(bytes), let node = value["node"]?.text,
      let members = value.members
    else { return nil }
    self.node = node
    let own = ["number", "id", "command", "issuer", "state", "reason", "detail", "facts", "time"]
    guard
      let result = try? ControlResult(.object(members.filter { own.contains($0.key) }))
    else { return nil }
    self.result = result
  }

  var line: String {
    var facts = result.facts
    // A picture is nothing for a terminal.
    if let jpeg = facts["jpeg"]?.text {
      facts["jpeg"] = .string("\(jpeg.utf8.count * 3 / 4) bytes")
    }
    let more = result.detail ?? (facts.isEmpty ? "" : JSONValue.object(facts).canonicalText)
    let reason = result.reason.map { " \($0)" } ?? ""
    return "\(node)\t\(result.command)\t\(result.state.rawValue)\(reason)\t\(more)"
  }
}

extension ControlResult {
  fileprivate var command: String { type ?? "-" }
}

/// Sends one message and waits for its acknowledgement.
struct Sender {
  private let place: BrokerPlace.Place

  init(_ place: BrokerPlace.Place) { self.place = place }

  func send(_ value: [UInt8], key: [UInt8], topic: String) throws(KafkaError) {
    let producer = try Producer(
      brokers: place.kafka.brokers, properties: place.kafka.properties, secrets: place.secrets)
    try producer.send(
      OutgoingRecord(
        topic: topic, key: key, headers: Headers([Header("content-type", "application/json")]),
        timestamp: 0, payload: BytesPayload(value), token: 1))
    while true {
      for event in producer.poll(timeoutMilliseconds: 100) {
        guard case .delivered(let reports) = event, let report = reports.first else { continue }
        if let error = report.error { throw error }
        return
      }
    }
  }
}
