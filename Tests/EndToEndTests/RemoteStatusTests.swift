import Foundation
import Frames
import Testing

/// The status for those who are not on the box: over TCP beyond loopback, with a token.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RemoteStatusTests {
  private static let token = "0123456789abcdef0123456789abcdef"

  /// A port that is free now.
  private static func freePort() throws -> Int {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(probe, $0, length) == 0 && getsockname(probe, $0, &length) == 0
      }
    }
    try #require(isBound)
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// Asks as any program on the network would; nil where nobody answers.
  private static func ask(_ port: Int, _ path: String, _ lines: [String] = []) -> String? {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(client) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { return nil }
    let all = ["GET \(path) HTTP/1.1", "Host: box-1.example:\(port)"] + lines + ["", ""]
    let request = Array(all.joined(separator: "\r\n").utf8)
    guard unsafe send(client, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
    else { return nil }
    var answer: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe recv(client, &part, part.count, 0)
      guard count > 0, answer.count < 1 << 20 else { break }
      answer += part[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  private func configuration(_ folder: Folder, _ broker: String, _ port: Int) throws -> String {
    try Pictures.fill(folder, 3, FrameSize(width: 64, height: 64), quality: 90)
    return try folder.write(
      "vedette.yaml",
      Array(
        """
        node: box-1
        kafka: {brokers: ["\(broker)"]}
        delivery: {shutdown_budget: 2 s}
        spool: off
        status: {socket: off, listen: '0.0.0.0:\(port)', token_file: token}
        control: off
        cameras:
          front: {replay: {path: '\(folder.path)', rate: 30}}
        """.utf8))
  }

  private func put(_ token: String, _ folder: Folder, mode: mode_t) throws {
    let path = try folder.write("token", Array((token + "\n").utf8))
    _ = unsafe chmod(path, mode)
  }

  @Test func `Prometheus elsewhere has the metrics with the token, and nobody anything without`()
    throws
  {
    let broker = try Broker()
    let folder = try Folder()
    let port = try Self.freePort()
    try put(Self.token, folder, mode: 0o640)
    let file = try configuration(folder, broker.address, port)
    let agent = try Program("vedetted", ["--config", file])
    let right = ["Authorization: Bearer \(Self.token)"]
    let deadline = Date().addingTimeInterval(30)
    func has(_ lines: [String]) -> Bool {
      Self.ask(port, "/metrics", lines)?.contains("vedette_camera_up") == true
    }
    while !has(right), Date() < deadline { usleep(100_000) }
    let answer = try #require(Self.ask(port, "/metrics", right))
    #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("camera=\"front\""), "\(answer)")
    let wrong = [
      [], ["Authorization: Bearer \(Self.token.reversed())"],
      ["Authorization: Bearer \(Self.token.dropLast())"], ["Authorization: Basic \(Self.token)"],
    ]
    for path in ["/", "/metrics", "/healthz", "/status", "/cameras/front/snapshot.jpg"] {
      for lines in wrong {
        let answer = try #require(Self.ask(port, path, lines))
        #expect(answer.hasPrefix("HTTP/1.1 401"), "\(path) \(lines): \(answer)")
        #expect(!answer.contains("front") && !answer.contains("box-1"), "\(path) \(lines)")
      }
    }
    // Another token, as an operator changes it.
    let next = String(Self.token.reversed())
    try put(next, folder, mode: 0o640)
    agent.signal(SIGHUP)
    while has(right), Date() < deadline { usleep(100_000) }
    #expect(Self.ask(port, "/metrics", right)?.hasPrefix("HTTP/1.1 401") == true)
    #expect(has(["Authorization: Bearer \(next)"]))
    #expect(!agent.log.contains(Self.token) && !agent.log.contains(next))
    #expect(agent.end() == 0)
  }

  @Test func `A token that everybody may read is warned of, a short one or none starts nothing`()
    throws
  {
    let folder = try Folder()
    let port = try Self.freePort()
    let file = try configuration(folder, "127.0.0.1:1", port)
    try put(Self.token, folder, mode: 0o644)
    let check = try Program("vedette", ["check", file])
    #expect(check.wait(within: 30) && check.end() == 0)
    #expect(check.log.contains("everybody on this box can read"), "\(check.log)")
    for token in ["short", "with a space in it, and long", ""] {
      try put(token, folder, mode: 0o640)
      let agent = try Program("vedetted", ["--config", file])
      #expect(agent.wait(within: 30))
      #expect(agent.end() == 78, "\(agent.log)")
      #expect(agent.log.contains("status.token_file"))
      #expect(token.isEmpty || !agent.log.contains(token))
    }
    unsafe unlink("\(folder.path)/token")
    let agent = try Program("vedetted", ["--config", file])
    #expect(agent.wait(within: 30) && agent.end() == 78)
    #expect(Self.ask(port, "/metrics") == nil)
  }
}
