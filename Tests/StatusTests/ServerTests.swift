import Foundation
import Meters
import NIOCore
import Synchronization
import Testing

@testable import Status

@Suite(.timeLimit(.minutes(2))) struct ServerTests {
  @Test func `The screen comes with the box's health`() throws {
    let served = try Served()
    let reply = try StatusClient(socket: served.path).get("/status.txt?columns=80")
    #expect(reply.code == 200)
    #expect(reply.health == .ok)
    #expect(String(decoding: reply.body, as: UTF8.self) == Screen(healthyBox()).text)
  }

  @Test(arguments: [
    ("/", 200), ("/ledger", 200), ("/nothing", 404), ("/cameras/back/snapshot.jpg", 404),
    ("/cameras/front/snapshot.jpg", 503),
    ("/cameras/back/stream", 404), ("/healthz", 200), ("/metrics", 200), ("/status", 200),
    ("/cameras/front/snapshot.jpg/x", 404), ("/../../etc/passwd", 404),
  ])
  func `Each path has its answer`(path: String, code: Int) throws {
    let served = try Served()
    #expect(try StatusClient(socket: served.path).get(path).code == code)
  }

  @Test func `A box that is not well says 503 at healthz`() throws {
    var box = healthyBox()
    box.alarms = [
      Alarm(
        kind: .outage, subject: "", severity: .critical, sentence: "no broker", raisedAt: 0,
        raisedWall: 0)
    ]
    let served = try Served(Box(box))
    let reply = try StatusClient(socket: served.path).get("/healthz")
    #expect(reply.code == 503)
    #expect(reply.health == .critical)
    #expect(String(decoding: reply.body, as: UTF8.self) == "critical: no broker\n")
  }

  @Test func `A snapshot is the picture itself`() throws {
    let served = try Served()
    let jpeg = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    served.box.current.withLock { $0 = Picture(jpeg) }
    let reply = try StatusClient(socket: served.path).get("/cameras/front/snapshot.jpg")
    #expect(reply.type == "image/jpeg")
    #expect(reply.body == jpeg)
  }

  @Test func `Only the owner and the group may use the socket, and it goes with the server`() throws
  {
    let served = try Served()
    let mode = try FileManager.default.attributesOfItem(atPath: served.path)[.posixPermissions]
    #expect(mode as? Int == 0o660)
    served.server.stop()
    #expect(!FileManager.default.fileExists(atPath: served.path))
  }

  @Test func `A socket that a dead agent left is taken, a living agent's is not`() throws {
    let served = try Served()
    #expect(throws: StatusError.self) { try StatusServer(Box()).listen(socket: served.path) }
    #expect(try StatusClient(socket: served.path).get("/healthz").code == 200)
    let left = "/tmp/vedette-left-\(UUID().uuidString.prefix(8)).sock"
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: left.utf8) }
    _ = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    close(fd)
    let heir = StatusServer(Box())
    try heir.listen(socket: left)
    #expect(try StatusClient(socket: left).get("/healthz").code == 200)
    heir.stop()
  }

  @Test func `No agent is a sentence, not a hang`() {
    #expect(throws: StatusError.self) { try StatusClient(socket: "/tmp/nobody.sock").get("/") }
  }

  @Test func `What is no request, or too long a one, is closed without harm`() throws {
    let served = try Served()
    for text in [
      "\u{1}\u{2}\u{3}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST /status HTTP/1.1\r\n\r\n",
    ] {
      let fd = try served.connect()
      say(fd, text)
      let answer = String(decoding: hear(fd), as: UTF8.self)
      #expect(answer.hasPrefix("HTTP/1.1 4") || answer.isEmpty, "\(answer)")
      close(fd)
    }
    let fd = try served.connect()
    say(fd, "GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000))
    #expect(hear(fd).count < 1000)
    close(fd)
    // Whole, but larger than any request of ours.
    let large = try served.connect()
    say(
      large,
      "GET /healthz HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n")
    #expect(!String(decoding: hear(large), as: UTF8.self).contains("HTTP/1.1 200"))
    close(large)
    #expect(try StatusClient(socket: served.path).get("/healthz").code == 200)
  }

  @Test func `Clients that ask for nothing, or for half of something, keep nobody out`() throws {
    let served = try Served()
    var hanging: [Int32] = []
    defer { hanging.forEach { close($0) } }
    for round in 0..<3 {
      for _ in 0..<40 {
        hanging.append(try served.connect())
        if round > 0 { say(hanging[hanging.count - 1], "GET /healthz HTTP/1.1\r\n") }
      }
      // With all of them connected.
      #expect(try StatusClient(socket: served.path).get("/healthz").code == 200)
    }
  }

  @Test func `A client that asks for nothing is let go`() throws {
    let served = try Served()
    for asked in ["", "GET /healthz HTTP/1.1\r\n"] {
      let idle = try served.connect()
      defer { close(idle) }
      say(idle, asked)
      #expect(isEnded(idle), "\(asked)")
    }
  }

  @Test func `A client that does not read its answer is let go`() throws {
    var patience = ClientPatience()
    patience.answering = .milliseconds(300)
    let served = try Served(patience: patience)
    // More than a socket holds.
    served.box.current.withLock { $0 = Picture([UInt8](repeating: 7, count: 20_000_000)) }
    let lazy = try served.connect()
    defer { close(lazy) }
    say(lazy, "GET /cameras/front/snapshot.jpg HTTP/1.1\r\n\r\n")
    Thread.sleep(forTimeInterval: 2)
    #expect(hear(lazy, bytesMax: 30_000_000).count < 20_000_000)
  }

  @Test func `Who looks live and takes nothing is let go, and the place is another's`() throws {
    var patience = ClientPatience()
    patience.watching = .milliseconds(300)
    let served = try Served(patience: patience)
    let viewers = try (0..<ClientPlaces.streamsMax).map { _ in try served.connect() }
    defer { viewers.forEach { close($0) } }
    served.box.current.withLock { $0 = Picture([UInt8](repeating: 7, count: 2_000_000)) }
    for fd in viewers { say(fd, "GET /cameras/front/stream?fps=30 HTTP/1.1\r\n\r\n") }
    // The last one reads, and stays.
    let reader = viewers[viewers.count - 1]
    for number in 0..<40 {
      served.box.current.withLock {
        $0 = Picture([UInt8](repeating: UInt8(number), count: 2_000_000))
      }
      #expect(!hear(reader, bytesMax: 1_000_000).isEmpty)
      Thread.sleep(forTimeInterval: 0.05)
    }
    for fd in viewers.dropLast() { #expect(isEnded(fd)) }
    let late = try served.connect()
    defer { close(late) }
    say(late, "GET /cameras/front/stream HTTP/1.1\r\n\r\n")
    #expect(String(decoding: hear(late, bytesMax: 12), as: UTF8.self).hasPrefix("HTTP/1.1 200"))
    #expect(!hear(reader, bytesMax: 1).isEmpty)
  }

  @Test func `The place of who looked live is free when they leave`() throws {
    let served = try Served()
    served.box.current.withLock { $0 = Picture([1]) }
    func look() throws -> (descriptor: Int32, isIn: Bool) {
      let viewer = try served.connect()
      say(viewer, "GET /cameras/front/stream HTTP/1.1\r\n\r\n")
      let answer = String(decoding: hear(viewer, bytesMax: 12), as: UTF8.self)
      return (viewer, answer.hasPrefix("HTTP/1.1 200"))
    }
    let viewers = try (0..<ClientPlaces.streamsMax).map { _ in try look() }
    let areIn = viewers.map(\.isIn)
    #expect(!areIn.contains(false))
    for viewer in viewers { close(viewer.descriptor) }
    var isIn = false
    for _ in 0..<200 where !isIn {
      let late = try look()
      isIn = late.isIn
      close(late.descriptor)
      if !isIn { Thread.sleep(forTimeInterval: 0.05) }
    }
    #expect(isIn)
  }

  @Test func `A port whose last connections the kernel remembers is had again at once`() throws {
    let first = StatusServer(Box())
    let port = try first.listen(host: "127.0.0.1", port: 0)
    let fd = try connected(port: port)
    say(fd, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    // The server closes first, and so its end is the one that is remembered.
    #expect(!hear(fd).isEmpty)
    close(fd)
    first.stop()
    let second = StatusServer(Box())
    defer { second.stop() }
    #expect(try second.listen(host: "127.0.0.1", port: port) == port)
  }

  @Test func `A port that another has is told once, and had when it is free`() throws {
    let other = StatusServer(Box())
    let port = try other.listen(host: "127.0.0.1", port: 0)
    let server = StatusServer(Box())
    defer { server.stop() }
    let path = "/tmp/vedette-status-\(UUID().uuidString.prefix(8)).sock"
    var listening = StatusListening(server, socket: path, tcp: ("127.0.0.1", port))
    let news = listening.attempt(now: 0)
    #expect(news.count == 1)
    guard case .failed(let sentence) = news.first else { return }
    #expect(sentence.contains("127.0.0.1:\(port)") && sentence.contains("Address already in use"))
    // One that fails keeps no other from being had.
    #expect(try StatusClient(socket: path).get("/healthz").code == 200)
    #expect(listening.attempt(now: 0.5).isEmpty)
    #expect(listening.attempt(now: 1.5).isEmpty)
    other.stop()
    #expect(listening.attempt(now: 2).isEmpty)
    #expect(
      listening.attempt(now: 100) == [.opened("status.listen: 127.0.0.1:\(port) answers now")])
    close(try connected(port: port))
    #expect(listening.attempt(now: 1000).isEmpty)
  }

  @Test func `A live view gives each newer picture once, and a slow client the newest`() throws {
    let served = try Served()
    served.box.current.withLock { $0 = Picture(Array("first".utf8)) }
    let fd = try served.connect()
    say(fd, "GET /cameras/front/stream?fps=30 HTTP/1.1\r\n\r\n")
    var text = String(decoding: hear(fd, bytesMax: 1), as: UTF8.self)
    while !text.contains("first") { text += String(decoding: hear(fd, bytesMax: 1), as: UTF8.self) }
    served.box.current.withLock { $0 = Picture(Array("second".utf8)) }
    while !text.contains("second") {
      text += String(decoding: hear(fd, bytesMax: 1), as: UTF8.self)
    }
    #expect(text.split(separator: "first").count == 2)
    #expect(text.contains("multipart/x-mixed-replace; boundary=\(LiveView.boundary)"))
    close(fd)
  }

  @Test func `No more than eight look live`() throws {
    let served = try Served()
    served.box.current.withLock { $0 = Picture([1]) }
    let viewers = try (0..<ClientPlaces.streamsMax).map { _ in try served.connect() }
    for fd in viewers {
      say(fd, "GET /cameras/front/stream HTTP/1.1\r\n\r\n")
      #expect(!hear(fd, bytesMax: 1).isEmpty)
    }
    let late = try served.connect()
    say(late, "GET /cameras/front/stream HTTP/1.1\r\n\r\n")
    #expect(String(decoding: hear(late), as: UTF8.self).hasPrefix("HTTP/1.1 503"))
    close(late)
    viewers.forEach { close($0) }
  }

  @Test func `Over TCP only this box's own names are answered`() throws {
    let server = StatusServer(Box())
    let port = try server.listen(host: "127.0.0.1", port: 0)
    defer { server.stop() }
    for (host, line) in [
      ("localhost:\(port)", "HTTP/1.1 200"), ("127.0.0.1", "HTTP/1.1 200"),
      ("[::1]:\(port)", "HTTP/1.1 200"),
      ("evil.example", "HTTP/1.1 421"), ("localhost.evil.example", "HTTP/1.1 421"),
      ("localhost:80@evil.example", "HTTP/1.1 421"), ("localhost:", "HTTP/1.1 421"),
      ("127.0.0.1evil.example", "HTTP/1.1 421"),
      ("localhost\r\nHost: evil.example", "HTTP/1.1 421"),
    ] {
      let fd = try connected(port: port)
      say(fd, "GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n")
      #expect(String(decoding: hear(fd), as: UTF8.self).hasPrefix(line), "\(host)")
      close(fd)
    }
  }
}

@Suite struct MetricsTests {
  @Test func `Each family has HELP and TYPE once, and each line is a sample of the last one`() {
    var box = healthyBox()
    box.gallery = GalleryView()
    var analysis = AnalysisView()
    analysis.cameras = [AnalysisView.Camera(name: "front")]
    box.analysis = analysis
    var family = ""
    var seen: Set<Substring> = []
    for line in box.metrics.split(separator: "\n") {
      let words = line.split(separator: " ")
      if line.hasPrefix("# HELP") {
        #expect(seen.insert(words[2]).inserted)
        family = String(words[2])
      } else if line.hasPrefix("# TYPE") {
        #expect(words[2] == family)
      } else {
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect([family, family + "_sum", family + "_count"].contains(String(name)))
        #expect(Double(words.last ?? "") != nil)
      }
    }
    #expect(seen.count > 30)
  }

  @Test func `Labels are quoted`() {
    var text = PrometheusText()
    text.family("a", .gauge, "b", [([("c", "x\"y\\z\n")], 1)])
    #expect(text.text.hasSuffix("a{c=\"x\\\"y\\\\z\\n\"} 1\n"))
  }
}
