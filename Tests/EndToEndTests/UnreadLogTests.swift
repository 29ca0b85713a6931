import Foundation
import Frames
import Kafka
import Testing

/// Standard error that nobody reads: a terminal that was halted, a pipe whose reader hangs.
@Suite(.serialized, .timeLimit(.minutes(5))) struct UnreadLogTests {
  @Test func `Frames are sent, and SIGTERM ends the agent, though its log is not read`() throws {
    let broker = try Broker()
    let folder = try Folder()
    for seed in 0..<5 {
      try folder.write(
        "pictures-\(seed).jpg",
        Pictures.jpeg(FrameSize(width: 64, height: 64), seed: seed, quality: 90))
    }
    let file = try folder.write(
      "vedette.yaml",
      Array(
        """
        node: box-1
        log: {level: debug}
        kafka: {brokers: ["\(broker.address)"]}
        delivery: {shutdown_budget: 5 s}
        spool: off
        status: {socket: "\(folder.path)/status.sock"}
        control: off
        cameras:
          front: {replay: {path: '\(folder.path)', rate: 30}}
        """.utf8))
    let log = Pipe()
    Self.fill(log)
    let agent = Process()
    agent.executableURL = Program.folder.appendingPathComponent("vedetted")
    agent.arguments = ["--config", file]
    agent.standardError = log
    try agent.run()
    defer { if agent.isRunning { kill(agent.processIdentifier, SIGKILL) } }
    let records = try broker.consume(20, seconds: 60)
    #expect(records.count >= 20)
    // A reload tells much.
    kill(agent.processIdentifier, SIGHUP)
    kill(agent.processIdentifier, SIGUSR1)
    let deadline = Date().addingTimeInterval(60)
    kill(agent.processIdentifier, SIGTERM)
    while agent.isRunning, Date() < deadline { usleep(10_000) }
    #expect(!agent.isRunning && agent.terminationReason == .exit)
  }

  /// Writes until there is no room, so that the next line would be waited for.
  private static func fill(_ pipe: Pipe) {
    let end = pipe.fileHandleForWriting.fileDescriptor
    let flags = fcntl(end, F_GETFL)
    _ = fcntl(end, F_SETFL, flags | O_NONBLOCK)
    for size in [4096, 1] {
      let bytes = [UInt8](repeating: 46, count: size)
      while unsafe write(end, bytes, size) > 0 {}
    }
    _ = fcntl(end, F_SETFL, flags)
  }
}
