import Control

/// Mutated heartbeats and answers, as `vedette control fleet`, `send` and `watch` read them from topics that others may
/// write to: whatever the numbers are, there is a row.
struct HeartbeatFuzz: Fuzzer {
  private static let written = [
    #"{"type":"vedette.heartbeat.v1","node":"door-1","time":"2026-01-31T12:00:00.5Z","version":"0.9","frozen":false,"outage":true,"cameras":{"front":{"state":"streaming","fps":29.97,"spooled":12},"yard":{"state":"failed","fps":0,"spooled":9007199254740991}},"gallery":{"version":7,"hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}"#,
    #"{"type":"vedette.heartbeat.v1","node":"zoë","time":"9999-12-31T23:59:59Z","cameras":{"a":{"fps":1e308,"spooled":-9007199254740991},"b":{"fps":1e308,"spooled":9007199254740990}}}"#,
    #"{"node":"door-1","number":4,"id":"c1","command":"snapshot","issuer":"ops","state":"succeeded","reason":null,"detail":null,"facts":{"camera":"front","jpeg":"/9j/"},"time":"2026-01-31T12:00:00Z"}"#,
    #"{"node":"door-1","number":0,"id":null,"command":null,"issuer":null,"state":"rejected","reason":"unsigned","detail":"nobody signed it","facts":{},"time":"2026-01-31T12:00:00Z"}"#,
  ].map { Array($0.utf8) }

  private static let words =
    ([
      "{", "}", "[", "]", ",", ":", "\"", "\\u001b", "null", "true", "1e308", "-1e308", "1e-308",
      "9007199254740991", "-9007199254740991", "9007199254740993", "0000-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999Z", "\"cameras\":{", "\"spooled\":", "\"fps\":", "\u{202E}",
    ] + (0..<8).map { #""c\#($0)":{"spooled":9007199254740991,"fps":1e308},"# })
    .map { Array($0.utf8) }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var text = Self.written.randomElement(using: &random) ?? []
    // More cameras than any box has, each with the largest number.
    if Int.random(in: 0..<64, using: &random) == 0 {
      let cameras = (0..<Int.random(in: 1000...2000, using: &random)).map {
        #""c\#($0)":{"spooled":9007199254740991,"fps":1e308}"#
      }
      text = Array(
        (#"{"type":"vedette.heartbeat.v1","node":"n","time":"2026-01-31T12:00:00Z","cameras":{"#
          + cameras.joined(separator: ",") + "}}").utf8)
    }
    let other = Self.written.randomElement(using: &random) ?? []
    if Int.random(in: 0..<8, using: &random) > 0 {
      text.mutate(&random, with: other, words: Self.words)
    }
    return text
  }

  func run(_ input: [UInt8]) throws -> Bool {
    var isAccepted = false
    if let heartbeat = Heartbeat(input) {
      isAccepted = true
      guard heartbeat.spooled >= 0, heartbeat.streaming <= heartbeat.cameraCount,
        heartbeat.isNewer(than: heartbeat), !heartbeat.line(now: .now).isEmpty
      else {
        throw BrokenPromise(description: "a row that cannot be: \(heartbeat.line(now: .now))")
      }
    }
    if let answer = Answer(input) {
      isAccepted = true
      guard !answer.line.isEmpty else {
        throw BrokenPromise(description: "an answer without a line")
      }
    }
    return isAccepted
  }
}
