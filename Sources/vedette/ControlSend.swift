import Agent
import ArgumentParser
import Control
import Documents
import Glibc
import Kafka
import Settings
import Terminal
import Threads

struct ControlSend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Signs a command, sends it, and shows who answered what.",
    discussion: """
      It ends when all nodes that were named have answered, or --expect of them, or when time is up: 69 where answers \
      are missing, 65 where one failed.

      Example: vedette control send camera.set camera=front 'set={"quality":70}' probation=10 --node door-1 --key ops.key
      Example: vedette control send gallery.replace --set gallery.jsonl --all --key ops.key
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
    let messages = try options.signed()
    let place = try place.place()
    let topic = try place.topic(.control)
    let answers = try place.reader(.results, from: .end)
    try answers.begin()
    do {
      let sender = try Sender(place, topic: topic)
      for message in messages { try sender.send(message) }
    } catch {
      throw ControlGroup.fail("it was not sent: \(error)", ExitStatus.unavailable)
    }
    if !json {
      let more = messages.count == 1 ? "" : ", \(messages.count) pieces"
      print("sent \(messages[0].id)\(more)")
    }
    try watch(answers, Set(messages.map(\.id)))
  }

  private func watch(_ answers: TopicReader, _ ids: Set<String>) throws {
    let named = options.target.percent == nil ? Set(options.target.node) : []
    let wanted = expect ?? (named.isEmpty ? Int.max : named.count)
    let began = Clock.monotonic
    var ended: [String: [String: ControlResult.State]] = [:]
    // Those that have answered to every piece.
    var done = 0
    while done < wanted, Double(Clock.monotonic - began) / 1e9 < timeout {
      guard let bytes = try answers.next(milliseconds: 100), let answer = Answer(bytes),
        let id = answer.result.id, ids.contains(id)
      else { continue }
      print(json ? String(decoding: bytes, as: UTF8.self) : answer.line)
      _ = fflush(nil)
      guard answer.result.state != .accepted, ended[answer.node]?[id] == nil else { continue }
      ended[answer.node, default: [:]][id] = answer.result.state
      if ended[answer.node]?.count == ids.count { done += 1 }
    }
    try tell(ended.filter { $0.value.count == ids.count }, missing: named, wanted: wanted)
  }

  private func tell(
    _ ended: [String: [String: ControlResult.State]], missing named: Set<String>, wanted: Int
  ) throws {
    let failed = ended.values.count { !$0.values.allSatisfy { $0 == .succeeded } }
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

/// Sends messages, and waits for the acknowledgement of each.
struct Sender {
  private static let warmMilliseconds: Int32 = 10_000
  /// For brokers that make topics by themselves.
  private static let patienceMilliseconds = 3000

  private let producer: Producer
  private let topic: String
  private let partitionCount: Int32?

  init(_ place: BrokerPlace.Place, topic: String) throws(KafkaError) {
    producer = try Producer(
      brokers: place.kafka.brokers, properties: place.kafka.properties, secrets: place.secrets)
    self.topic = topic
    // Else the first message may wait a second for librdkafka to find out where it goes.
    let found = try producer.await(
      topic: topic, patienceMilliseconds: Self.patienceMilliseconds,
      timeoutMilliseconds: Self.warmMilliseconds)
    if let error = found.error(topic: topic) { throw error }
    if case .partitions(let count) = found { partitionCount = count } else { partitionCount = nil }
  }

  func send(_ message: SignedMessage) throws(KafkaError) {
    // A key of its own, so that no compaction takes it for outdated by the next; one partition for all of an
    // issuer's, so that they stay in order.
    var record = OutgoingRecord(
      topic: topic, key: Array(message.id.utf8),
      headers: Headers([Header("content-type", "application/json")]), timestamp: 0,
      payload: BytesPayload(Array(message.text.utf8)), token: 1)
    record.partition = partitionCount.map {
      Producer.partition(of: Array(message.issuer.utf8), count: $0)
    }
    try producer.send(record)
    while true {
      for event in producer.poll(timeoutMilliseconds: 100) {
        guard case .delivered(let reports) = event, let report = reports.first else { continue }
        if let error = report.error { throw producer.explained(error) }
        return
      }
    }
  }
}
