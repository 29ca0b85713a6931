import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import Status

/// What those get who are not on the box, or are a page of another site.
@Suite(.timeLimit(.minutes(2))) struct AccessTests {
  private static let token = "0123456789abcdef0123456789abcdef"

  /// A server on TCP that has a picture.
  private final class Reached {
    let server: StatusServer
    let access: AccessControl?
    let port: Int

    init(token: String? = AccessTests.token) throws {
      access = token.flatMap { AccessControl(token: $0) }
      let box = Box()
      box.current.withLock { $0 = Picture([0xFF, 0xD8]) }
      server = StatusServer(box, access: access)
      port = try server.listen(host: "127.0.0.1", port: 0)
    }
    deinit { server.stop() }

    func ask(_ request: String, _ lines: [String] = [], form: String? = nil) throws -> String {
      let fd = try connected(port: port)
      defer { close(fd) }
      var lines = lines
      if !lines.contains(where: { $0.hasPrefix("Host:") }) { lines.append("Host: localhost") }
      if let form { lines.append("Content-Length: \(form.utf8.count)") }
      say(fd, "\(request) HTTP/1.1\r\n\(lines.joined(separator: "\r\n"))\r\n\r\n\(form ?? "")")
      // A live view never ends; its picture comes after all headers.
      var answer: [UInt8] = []
      while answer.firstRange(of: [0xFF, 0xD8]) == nil {
        let part = hear(fd, bytesMax: 1)
        if part.isEmpty { break }
        answer += part
      }
      return String(decoding: answer, as: UTF8.self)
    }

    /// Signs in and gives the cookie.
    func signIn(_ token: String = AccessTests.token) throws -> String? {
      let answer = try ask("POST /sign-in", form: "token=\(token)")
      let line = answer.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie:") }
      return line.flatMap {
        $0.split(separator: " ").dropFirst().first?.split(separator: ";").first
      }
      .map(String.init)
    }
  }

  static let paths = [
    "/", "/status", "/status.txt", "/metrics", "/healthz", "/history", "/ledger", "/nothing",
    "/cameras/front/snapshot.jpg", "/cameras/front/stream", "/cameras/nobody/snapshot.jpg",
  ]

  @Test(arguments: paths)
  func `Nothing can be embedded, kept or taken for something else`(path: String) throws {
    let answer = try Reached(token: nil).ask("GET \(path)").lowercased()
    for header in [
      "cross-origin-resource-policy: same-origin", "x-frame-options: deny",
      "x-content-type-options: nosniff", "cache-control: no-store",
      "frame-ancestors 'none'",
    ] {
      #expect(answer.contains(header), "\(header)")
    }
  }

  @Test(arguments: paths) func `Without the token nothing is told`(path: String) throws {
    let reached = try Reached()
    let wrong = [
      [], ["Authorization: Bearer \(Self.token)0"], ["Authorization: Bearer "],
      ["Authorization: Bearer \(Self.token.dropLast())"], ["Authorization: Basic \(Self.token)"],
      ["Cookie: vedette_session=\(Self.token)"], ["Cookie: vedette_session="],
    ]
    for lines in wrong {
      let answer = try reached.ask("GET \(path)", lines)
      #expect(answer.hasPrefix("HTTP/1.1 401"), "\(lines)")
      for told in ["front", "box-1", "vedette_", "image/jpeg"] {
        #expect(!answer.contains(told), "\(lines): \(told)")
      }
    }
    let right = try reached.ask("GET \(path)", ["Authorization: Bearer \(Self.token)"])
    #expect(!right.hasPrefix("HTTP/1.1 401"))
  }

  @Test func `Prometheus elsewhere calls the box by any name, with the token`() throws {
    let reached = try Reached()
    let right = "Authorization: Bearer \(Self.token)"
    #expect(
      try reached.ask("GET /metrics", ["Host: box-1.example:9117", right]).hasPrefix("HTTP/1.1 200")
    )
    // A page whose own name points here does not know it.
    #expect(try reached.ask("GET /metrics", ["Host: evil.example"]).hasPrefix("HTTP/1.1 401"))
  }

  @Test func `A browser signs in, and what it keeps is no token`() throws {
    let reached = try Reached()
    #expect(try reached.ask("GET /").contains("action=\"/sign-in\""))
    #expect(try reached.signIn("guessed") == nil)
    let answer = try reached.ask("POST /sign-in", form: "token=\(Self.token)")
    #expect(answer.hasPrefix("HTTP/1.1 303"))
    #expect(!answer.contains(Self.token))
    #expect(answer.contains("HttpOnly; SameSite=Strict"))
    let cookie = try #require(try reached.signIn())
    #expect(try reached.ask("GET /status", ["Cookie: a=b; \(cookie)"]).hasPrefix("HTTP/1.1 200"))
    #expect(try reached.ask("GET /sign-in?token=\(Self.token)").hasPrefix("HTTP/1.1 401"))
    #expect(try reached.ask("GET /status?token=\(Self.token)").hasPrefix("HTTP/1.1 401"))
  }

  @Test func `Another token signs everybody out`() throws {
    let reached = try Reached()
    let cookie = try #require(try reached.signIn())
    #expect(reached.access?.replace(token: "too short") == false)
    #expect(try reached.ask("GET /status", ["Cookie: \(cookie)"]).hasPrefix("HTTP/1.1 200"))
    #expect(reached.access?.replace(token: String(Self.token.reversed())) == true)
    #expect(try reached.ask("GET /status", ["Cookie: \(cookie)"]).hasPrefix("HTTP/1.1 401"))
    #expect(
      try reached.ask("GET /status", ["Authorization: Bearer \(Self.token)"]).hasPrefix(
        "HTTP/1.1 401"))
  }

  @Test func `Who looks at a camera live is let go when the token is another`() throws {
    let reached = try Reached()
    let fd = try connected(port: reached.port)
    defer { close(fd) }
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
    unsafe setsockopt(
      fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    say(
      fd,
      "GET /cameras/front/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(Self.token)\r\n\r\n"
    )
    var answer: [UInt8] = []
    while answer.firstRange(of: [0xFF, 0xD8]) == nil {
      let part = hear(fd, bytesMax: 1)
      try #require(!part.isEmpty)
      answer += part
    }
    #expect(reached.access?.replace(token: String(Self.token.reversed())) == true)
    var byte: UInt8 = 0
    var count = 1
    while count > 0 { count = unsafe recv(fd, &byte, 1, 0) }
    // 0 is the end; -1 is that nothing came.
    #expect(count == 0)
  }

  @Test func `The oldest of too many sessions ends`() throws {
    let access = try #require(AccessControl(token: Self.token))
    let first = try #require(access.signIn(Self.token))
    func isIn(_ id: String) -> Bool { access.isAllowed(["Cookie": "vedette_session=\(id)"]) }
    #expect(isIn(first))
    let later = (0..<AccessControl.sessionsMax).compactMap { _ in access.signIn(Self.token) }
    #expect(!isIn(first))
    #expect(later.allSatisfy(isIn))
  }

  @Test(arguments: [nil, token] as [String?])
  func `Pages of other sites are given nothing, links are followed`(token: String?) throws {
    let reached = try Reached(token: token)
    let right = ["Authorization: Bearer \(Self.token)"]
    for site in ["cross-site", "same-site"] {
      for (mode, kind) in [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")] {
        let lines = [
          "Sec-Fetch-Site: \(site)", "Sec-Fetch-Mode: \(mode)", "Sec-Fetch-Dest: \(kind)",
        ]
        for path in ["/cameras/front/stream", "/status"] {
          #expect(try reached.ask("GET \(path)", lines + right).hasPrefix("HTTP/1.1 403"))
        }
      }
    }
    let followed = [
      "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document",
    ]
    #expect(try reached.ask("GET /status", followed + right).hasPrefix("HTTP/1.1 200"))
    #expect(
      try reached.ask("GET /status", ["Sec-Fetch-Site: same-origin"] + right).hasPrefix(
        "HTTP/1.1 200"))
    #expect(
      try reached.ask("POST /sign-in", ["Sec-Fetch-Site: cross-site"], form: "token=\(Self.token)")
        .hasPrefix("HTTP/1.1 403"))
  }

  @Test func `Other hosts are never answered without a token`() {
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
      #expect(throws: StatusError.self) {
        try StatusServer(Box()).listen(host: host, port: 0)
      }
    }
  }

  @Test(arguments: ["", "short", "fifteen-letters", "with a blank in it", "with\na line in it.."])
  func `What could be guessed or sent wrongly is no token`(token: String) {
    #expect(AccessControl(token: token) == nil)
  }

  @Test func `The token is compared as a whole`() {
    let secret = Array("secret".utf8)
    #expect(AccessControl.isEqual(secret, secret))
    for given in ["", "s", "secreT", "Secret", "secrets", "secre"] {
      #expect(!AccessControl.isEqual(Array(given.utf8), secret), "\(given)")
    }
  }
}
