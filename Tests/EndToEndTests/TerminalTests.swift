import Foundation
import Kafka
import Testing

/// What others wrote to a topic, on the operator's terminal.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TerminalEndToEndTests {
  private static let evil = "a\u{1B}]0;gone\u{07}\u{9B}2J\u{202E}b\r\nc"

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
    let producer = try Producer(brokers: [broker.address])
    for (topic, text) in [("results", result), ("metrics", heartbeat)] {
      try producer.send(
        OutgoingRecord(
          topic: "vedette.\(topic)", key: [], headers: Headers([]), timestamp: 0,
          payload: BytesPayload(Array(text.utf8)), token: 1))
    }
    var delivered = 0
    let deadline = Date().addingTimeInterval(60)
    while delivered < 2, Date() < deadline {
      for event in producer.poll(timeoutMilliseconds: 100) {
        if case .delivered(let reports) = event { delivered += reports.count }
      }
    }
    for (arguments, isJSON) in [
      (["watch", "--all", "--seconds", "10"], false),
      (["watch", "--all", "--seconds", "10", "--json"], true), (["fleet"], false),
      (["fleet", "--json"], true),
    ] {
      let program = try Program("vedette", ["control"] + arguments + ["--broker", broker.address])
      let output = program.readAll()
      #expect(program.wait(within: 60))
      #expect(output.contains("gone"), "\(arguments): \(program.log)")
      for scalar in output.unicodeScalars {
        let isShown =
          scalar == "\n" || scalar == "\t"
          || scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
            && !scalar.properties.isBidiControl
        #expect(isShown, "U+\(String(scalar.value, radix: 16)) in \(arguments)")
      }
      let lines = output.split(separator: "\n")
      // A name with a line's end makes no line of its own.
      #expect(lines.count == (arguments == ["fleet"] ? 2 : 1))
      guard isJSON, let line = lines.first else { continue }
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(value?["node"] as? String == Self.evil)
    }
  }
}
