import Foundation
import Kafka
import Testing

/// What others wrote to a topic, on the operator's terminal.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TerminalEndToEndTests {
  private static let evil = "a\u{1B}]0;gone\u{07}\u{9B}2J\u{202E}b\r\nc"

  /// What others write.
  private func write(_ records: [(topic: String, text: String)], to broker: Broker) throws {
    let producer = try Producer(brokers: [broker.address])
    for (topic, text) in records {
      try producer.send(
        OutgoingRecord(
          topic: "vedette.\(topic)", key: [], headers: Headers([]), timestamp: 0,
          payload: BytesPayload(Array(text.utf8)), token: 1))
    }
    var delivered = 0
    let deadline = Date().addingTimeInterval(60)
    while delivered < records.count, Date() < deadline {
      for event in producer.poll(timeoutMilliseconds: 100) {
        if case .delivered(let reports) = event { delivered += reports.count }
      }
    }
    #expect(delivered == records.count)
  }

  /// Nothing in it is obeyed by a terminal.
  private func expectShown(_ output: String, _ of: String) {
    for scalar in output.unicodeScalars {
      let isShown =
        scalar == "\n" || scalar == "\t"
        || scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
          && !scalar.properties.isBidiControl
      #expect(isShown, "U+\(String(scalar.value, radix: 16)) in \(of)")
    }
  }

  @Test func `Answers and heartbeats with escape sequences are shown, not obeyed`() throws {
    let broker = try Broker()
    // As JSON has it: C0 escaped, the rest as it is.
    let evil = "a\\u001b]0;gone\\u0007\u{9B}2J\u{202E}b\\r\\nc"
    let result = """
      {"number":1,"id":"\(evil)","command":"\(evil)","issuer":"\(evil)","state":"failed",\
      "reason":"\(evil)","detail":"\(evil)","facts":{},"time":"2026-01-01T00:00:00Z","node":"\(evil)"}
      """
    let heartbeat = """
      {"type":"vedette.heartbeat.v1","node":"\(evil)","time":"2026-01-01T00:00:00Z",\
      "version":"\(evil)","gallery":{"hash":"\(evil)"},"cameras":{"\(evil)":{"state":"\(evil)"}}}
      """
    try write([("results", result), ("metrics", heartbeat)], to: broker)
    for (arguments, isJSON) in [
      (["watch", "--all", "--seconds", "10"], false),
      (["watch", "--all", "--seconds", "10", "--json"], true), (["fleet"], false),
      (["fleet", "--json"], true),
    ] {
      let program = try Program("vedette", ["control"] + arguments + ["--broker", broker.address])
      let output = program.readAll()
      #expect(program.wait(within: 60))
      #expect(output.contains("gone"), "\(arguments): \(program.log)")
      expectShown(output, "\(arguments)")
      let lines = output.split(separator: "\n")
      // A name with a line's end makes no line of its own.
      #expect(lines.count == (arguments == ["fleet"] ? 2 : 1))
      guard isJSON, let line = lines.first else { continue }
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(value?["node"] as? String == Self.evil)
    }
  }

  /// Whoever may write to the results' topic sees commands, and can answer them in any node's name.
  @Test(arguments: [[], ["--json"]])
  func `A forged answer to a command is shown to whoever sent it, not obeyed`(more: [String]) throws
  {
    let broker = try Broker()
    let folder = try Folder()
    let ops = Operator(folder, broker)
    try ops.makeKey("ops")
    // So that it is there to be read from its end.
    try write([("results", "{}")], to: broker)
    let sent = try ops.begin(["ping", "--all", "--expect", "1", "--timeout", "60"] + more)
    let consumer = try Consumer(brokers: [broker.address], topic: "vedette.control")
    var command: [String: Any]?
    let deadline = Date().addingTimeInterval(60)
    while command == nil, Date() < deadline {
      guard let record = consumer.poll(timeoutMilliseconds: 100) else { continue }
      command = try JSONSerialization.jsonObject(with: Data(record.value)) as? [String: Any]
    }
    let id = try #require(command?["id"] as? String)
    let evil = "a\\u001b]0;gone\\u0007\u{9B}2J\u{202E}b\\r\\nc"
    try write(
      [
        (
          "results",
          """
          {"number":1,"id":"\(id)","command":"\(evil)","issuer":"\(evil)","state":"failed",\
          "reason":"\(evil)","detail":"\(evil)","facts":{"\(evil)":"\(evil)"},\
          "time":"2026-01-01T00:00:00Z","node":"\(evil)"}
          """
        )
      ], to: broker)
    let output = sent.readAll()
    #expect(sent.wait(within: 90))
    #expect(output.contains("gone"), "\(output) \(sent.log)")
    expectShown(output + sent.log, "\(more)")
    // What was sent, the answer, and what came of it; a name with a line's end makes no line of its own.
    #expect(output.split(separator: "\n").count == (more.isEmpty ? 3 : 1), "\(output)")
  }
}
