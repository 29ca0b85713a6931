import Settings

/// Mutated configurations: each is taken, or refused with a place in the file and a sentence.
struct ConfigFuzz: Fuzzer {
  private static let sources = [
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
      gate: {replay: "/srv/a b", fit: cover, verify: full, publish_rate: 10 fps}
    """,
  ].map { Array($0.utf8) }

  private static let words = [
    "{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!!int ", "|\n", ">\n", "---\n", "...\n", "\t",
    "\0", "\u{FEFF}", "\n\n", "#", "'", "\"", "? ", "<<: ", "%YAML 1.1\n", "99999999999999999999",
    "-1", "1e309", "0x10", "nan", "~", "true", "[[[[[[[[[[[[[[[[[[[[", "{a: {a: {a: {a: ",
    "\u{202E}",
    "cameras:", "device: ", "1280x720", "99999x99999", "4:2:2", "500 ms", "9999999999 GiB",
  ].map { Array($0.utf8) }

  mutating func run(_ random: inout SeededGenerator) throws -> Bool {
    var text = Self.sources.randomElement(using: &random) ?? []
    let other = Self.sources.randomElement(using: &random) ?? []
    text.mutate(&random, with: other, words: Self.words)
    do {
      _ = try SettingsLoader.parse(text, file: "fuzz.yaml")
      return true
    } catch {
      let lines = text.count { $0 == 10 } + 2
      for diagnostic in error.diagnostics
      where !(1...lines).contains(diagnostic.line) || diagnostic.column < 1
        || diagnostic.message.isEmpty
      {
        throw BrokenPromise(description: "an error without a place: \(diagnostic)")
      }
      guard !error.diagnostics.isEmpty else {
        throw BrokenPromise(description: "refused without a reason")
      }
      return false
    }
  }
}
