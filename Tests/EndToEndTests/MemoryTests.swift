import Foundation
import Frames
import Testing

/// What the agent's process takes of memory.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MemoryTests {
  /// Pictures of a replayed folder that are kept in memory.
  private static let cachedMiB = 64
  private static let deliveryMiB = 32
  /// The program itself, its libraries, and what glibc keeps below its thresholds.
  private static let restMiB = 64

  @Test func `Frames of all sizes, with outages between, leave no more behind than is configured`()
    throws
  {
    let broker = try Broker()
    let pictures = try Folder()
    for index in 0..<36 {
      try pictures.write("\(100 + index).jpg", picture(index % 2 == 0 ? 100_000 : 7_500_000))
    }
    let daemon = try Daemon(
      broker.address, delivery: "{memory: \(Self.deliveryMiB) MiB, outage_after: 1 s}",
      cameras: "  front: {replay: {path: '\(pictures.path)', rate: 30}}")
    try waitForDelivered(daemon, more: 60)
    for _ in 0..<2 {
      broker.command("down 1")
      try daemon.waitForStatus { status in
        (status["delivery"] as? [String: Any])?["outage_s"] is Double
      }
      // Memory fills, and the oldest frames go.
      try daemon.waitForStatus {
        ledger($0)["dropped"].map { ($0 as? [String: Int])?["quota"] ?? 0 > 60 } == true
      }
      broker.command("up 1")
      try waitForDelivered(daemon, more: 60)
    }
    let anonymous = try anonymousMiB(daemon)
    #expect(anonymous < Self.cachedMiB + Self.deliveryMiB + Self.restMiB)
    #expect(daemon.program.end() == 0)
  }

  /// A small JPEG, made `count` bytes large by segments that hold nothing to see.
  private func picture(_ count: Int) throws -> [UInt8] {
    let small = try Pictures.jpeg(FrameSize(width: 64, height: 48), seed: 1)
    var bytes = Array(small.prefix(2))
    while bytes.count + small.count < count {
      bytes += [0xFF, 0xED, 0xFF, 0xFD] + [UInt8](repeating: 0x55, count: 65_531)
    }
    return bytes + small.dropFirst(2)
  }

  private func ledger(_ status: [String: Any]) -> [String: Any] {
    let camera = (status["cameras"] as? [[String: Any]])?.first
    return camera?["ledger"] as? [String: Any] ?? [:]
  }

  private func waitForDelivered(_ daemon: Daemon, more: Int) throws {
    var first: Int?
    try daemon.waitForStatus { status in
      guard let delivered = ledger(status)["delivered"] as? Int else { return false }
      first = first ?? delivered
      return delivered >= (first ?? 0) + more
    }
  }

  private func anonymousMiB(_ daemon: Daemon) throws -> Int {
    let path = "/proc/\(daemon.program.process.processIdentifier)/status"
    let line = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .first { $0.hasPrefix("RssAnon:") }
    let words = try #require(line).split(whereSeparator: \.isWhitespace)
    return try #require(Int(words[1])) / 1024
  }
}
