/// Takes secrets out of what librdkafka says, should it quote one.
struct Redaction: Sendable {
  // Bytes, so that a secret is found whatever stands beside it.
  private let secrets: [[UInt8]]

  init(_ secrets: some Collection<String>) {
    // The longest first: one may be part of another.
    self.secrets = secrets.map { Array($0.utf8) }.filter { !$0.isEmpty }
      .sorted { $0.count > $1.count }
  }

  func apply(_ text: String) -> String {
    if secrets.isEmpty { return text }
    let bytes = secrets.reduce(Array(text.utf8)) { $0.replacing($1, with: "(secret)".utf8) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
