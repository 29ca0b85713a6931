import NIOCore
import NIOHTTP1

/// What is answered.
struct Answer {
  var status: HTTPResponseStatus
  var type: String
  var body = ByteBuffer()
  var health: Health?
  /// Seconds since a picture was made.
  var age: Int?
  /// Others that this answer has: where to go, a cookie.
  var extra: [(String, String)] = []

  /// What keeps answers from being kept, guessed at, embedded in another site's page or run as more than they are.
  static let protection = [
    ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
    (
      "Content-Security-Policy",
      "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
  ]

  var headers: HTTPHeaders {
    var headers = HTTPHeaders([
      ("Content-Type", type), ("Content-Length", String(body.readableBytes)),
      ("Connection", "close"),
    ])
    headers.add(contentsOf: Self.protection)
    if let health { headers.add(name: "Vedette-Health", value: health.name) }
    if let age { headers.add(name: "Age", value: String(age)) }
    headers.add(contentsOf: extra)
    return headers
  }

  init(_ status: HTTPResponseStatus, _ type: String, _ text: String = "", health: Health? = nil) {
    self.status = status
    self.type = type
    self.health = health
    body.writeString(text)
  }

  static func text(_ status: HTTPResponseStatus, _ text: String) -> Answer {
    Answer(status, "text/plain; charset=utf-8", text)
  }
}

/// `a=1&b`.
struct Query {
  private let pairs: [Substring]

  init(_ text: some StringProtocol) {
    pairs = Substring(text).split(separator: "&", maxSplits: 16)
  }

  func number(_ key: String) -> Int? {
    pairs.first { $0.hasPrefix("\(key)=") }.flatMap { Int($0.dropFirst(key.count + 1)) }
  }

  func has(_ key: String) -> Bool { pairs.contains { $0 == key || $0 == "\(key)=1" } }
}
