import Analysers
import Foundation
import Settings
import YAML

/// Mutated configurations: each is taken, or refused with a place in its file and a sentence. Half of
/// them are two files, one laid over the other.
struct ConfigFuzz: Fuzzer {
  private static let written = [
    """
    node: door-1
    log: {level: debug}
    kafka:
      brokers: [kafka-1:9092, kafka-2:9092]
      prefix: vedette
      topics: {frames: off}
      properties: {security.protocol: ssl, ssl.ca.location: /etc/ssl/ca.pem}
      secrets: {sasl.password: /dev/null}
    delivery: {memory: 32 MiB, outage_after: 2 s, age_max: 5 min, shutdown_budget: 8 s}
    cameras:
      front:
        device: /dev/video0
        format: yuyv
        size: 1280x720
        rate: 29.97
        controls: {brightness: 128, auto_exposure: manual mode}
        masks: [{x: 0, y: 0, width: 320, height: 100}, 100x50+10+20]
        quality: 80
        chroma: 4:2:0
    """,
    """
    # a replay
    cameras:
      yard: {replay: {path: /srv/photos, format: nv12, size: 640x360, rate: 30000/1001, loop: no}, scale: 320x180}
      gate: {replay: "/srv/a b", fit: cover, verify: full, publish_rate: 10 fps,
        publish: {still_rate: 0.5 fps, hold: 5 s, before: 500 ms, check_rate: 15, memory: 16 MiB}}
    """,
    "cameras:\n  front:\n    quality: 70\n    masks:\n      - 10x10+1+1\n",
    "kafka:\n  properties:\n    ssl.ca.pem: |\n      -----BEGIN\n      x\n    'linger.ms': \"5\"\n",
  ].map { Array($0.utf8) }

  private static let words = [
    "{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!!int ", "|\n", ">\n", "---\n", "...\n", "\t",
    "\0", "\u{FEFF}", "\n\n", "\r", "\u{2028}", "#", "'", "\"", "? ", "<<: ", "%YAML 1.1\n", "\\e",
    "99999999999999999999", "-1", "1e309", "0x10", "nan", "~", "true", "[[[[[[[[[[[[[[[[[[[[",
    "{a: {a: {a: {a: ", "\u{202E}", "cameras:", "device: ", "1280x720", "99999x99999", "4:2:2",
    "500 ms", "9999999999 GiB", "16384x16384+16384+16384", "  ", "fourcc:",
  ].map { Array($0.utf8) }

  private let sources: [[UInt8]]

  init() throws {
    let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../etc/vedette.yaml")
    sources = Self.written + [Array(try Data(contentsOf: example))]
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    var text = sources.randomElement(using: &random) ?? []
    let other = sources.randomElement(using: &random) ?? []
    text.mutate(&random, with: other, words: Self.words)
    return text
  }

  mutating func run(_ input: [UInt8]) throws -> Bool {
    let alone = [(name: "fuzz.yaml", text: input)]
    let under = [(name: "main.yaml", text: Self.written[0])] + alone
    let isAccepted = try check(alone)
    return try check(input.count % 2 == 0 ? under : alone + alone) || isAccepted
  }

  private func check(_ files: [(name: String, text: [UInt8])]) throws -> Bool {
    do {
      let loaded = try SettingsLoader.parse(files, folder: "/", analysers: Analysers.keys)
      try checkPlaces(loaded.warnings, files)
      guard !loaded.settings.cameras.isEmpty else {
        throw BrokenPromise(description: "accepted without a camera")
      }
      return true
    } catch let error as SettingsError {
      guard !error.diagnostics.isEmpty else {
        throw BrokenPromise(description: "refused without a reason")
      }
      try checkPlaces(error.diagnostics, files)
      return false
    }
  }

  private func checkPlaces(
    _ diagnostics: [Diagnostic], _ files: [(name: String, text: [UInt8])]
  ) throws {
    for diagnostic in diagnostics {
      let text = files.first { $0.name == diagnostic.file }?.text ?? []
      // YAML also breaks lines at CR, NEL, LS and PS, whose last bytes are these.
      let lines = text.count { [0x0A, 0x0D, 0x85, 0xA8, 0xA9].contains($0) } + 1
      // The end of the text may be told as the line after the last.
      guard (1...lines + 1).contains(diagnostic.line), diagnostic.column >= 1,
        !diagnostic.message.isEmpty, files.contains(where: { $0.name == diagnostic.file }),
        !diagnostic.description.unicodeScalars.contains(where: { $0.value < 32 })
      else { throw BrokenPromise(description: "an error without a place: \(diagnostic)") }
    }
  }
}
