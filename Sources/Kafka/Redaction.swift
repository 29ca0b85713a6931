/// Takes secrets out of what librdkafka says, should it quote one.
struct Redaction: Sendable {
  private let secrets: [String]

  init(_ secrets: some Collection<String>) {
    // The longest first: one may be part of another.
    self.secrets = secrets.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
  }

  func apply(_ text: String) -> String {
    secrets.reduce(text) { $0.replacing($1, with: "(secret)") }
  }
}
