import Foundation
import Frames
import Kafka
import TestBatches
import Testing

/// The process beside the agent that reads the control topic, and what strangers may do to it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ControlReaderTests: CommandedBox {
  let ops: Operator

  init() throws {
    ops = try Operator()
    try folder.write("0.jpg", Pictures.jpeg(FrameSize(width: 320, height: 240), seed: 1))
    broker.command("topic vedette.control 3")
    broker.command("topic vedette.results 1")
    broker.command("topic vedette.events 1")
  }

  private func daemon() throws -> Daemon {
    try Daemon(
      broker.address, spool: "{folder: '\(folder.path)/spool'}",
      analysis: "{gallery: '\(folder.path)/gallery.sqlite', models: '/nowhere'}",
      control: "{keys: '\(folder.path)/keys.d'}",
      cameras: "  front: {replay: {path: '\(folder.path)/0.jpg', rate: 5}}")
  }

  /// Sends a ping, and waits until it is obeyed.
  private func ping() throws {
    let results = try ops.send(["ping"], seconds: 90)
    #expect(results.last?["state"] as? String == "succeeded")
  }

  /// The fields of /proc/PID/stat behind the name: the state, the parent, …
  private func stat(_ process: Int32) -> [Substring] {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.split(separator: ")").last?.split(separator: " ") ?? []
  }

  private func isGone(_ process: Int32) -> Bool { ["Z", "X", nil].contains(stat(process).first) }

  private func reader(of daemon: Daemon, not other: Int32 = 0) throws -> Int32 {
    let parent = String(daemon.program.process.processIdentifier)
    let deadline = Date().addingTimeInterval(30)
    while Date() < deadline {
      for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
        guard let process = Int32(name), process != other,
          stat(process).dropFirst().first == parent[...],
          let words = try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8),
          words.hasPrefix("vedetted: control reader")
        else { continue }
        return process
      }
      usleep(50_000)
    }
    return try #require(nil, "there is no reader; the log: \(daemon.program.log)")
  }

  private func memory(_ daemon: Daemon, _ name: String) throws -> Int {
    let text = try String(
      contentsOfFile: "/proc/\(daemon.program.process.processIdentifier)/status", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name) })
    return try #require(Int(line.split { $0 == " " || $0 == "\t" }[1]))
  }

  private func control(_ daemon: Daemon) throws -> [String: Any] {
    try daemon.status()["control"] as? [String: Any] ?? [:]
  }

  @Test
  func `A batch that inflates to hundreds of megabytes ends no agent and keeps no command away`()
    throws
  {
    let daemon = try daemon()
    try ping()
    let before = try memory(daemon, "VmHWM:")
    var offsets: [ClosedRange<Int64>] = []
    for partition in 0..<Int32(3) {
      offsets.append(try Batch.send(.gzip, to: broker.address, partition: partition))
    }
    try ping()
    try daemon.waitForStatus { ($0["control"] as? [String: Any])?["skips"] as? Int == 3 }
    try ping()
    #expect(daemon.program.process.isRunning)
    #expect(try memory(daemon, "VmHWM:") - before < 64 << 10, "KiB")
    #expect(alarms(try daemon.status()).contains("control_skipped "))
    let skipped = try #require(try control(daemon)["skipped"] as? [String: Any])
    let partition = try #require(skipped["partition"] as? Int)
    #expect(skipped["from"] as? Int == Int(offsets[partition].lowerBound))
    #expect(skipped["to"] as? Int == Int(offsets[partition].upperBound))
    daemon.waitForLog("are skipped, because whatever reads them is killed")
    let events = try broker.consumeAll("events").filter {
      $0.header("ce_type") == "vedette.control.skipped.v1"
    }
    #expect(events.count == 3)
    #expect(daemon.program.end() == 0)

    let second = try self.daemon()
    try ping()
    #expect(try control(second)["reader_restarts"] as? Int == 0)
    try second.waitForStatus { alarms($0).contains("control_skipped ") }
    #expect(second.program.end() == 0)
  }

  @Test
  func `A reader that is killed is replaced, and no command is lost, obeyed twice or skipped`()
    throws
  {
    let daemon = try daemon()
    var last: Int32 = 0
    for _ in 0..<8 {
      last = try reader(of: daemon, not: last)
      kill(last, SIGKILL)
      try ping()
    }
    try daemon.waitForStatus {
      (($0["control"] as? [String: Any])?["reader_restarts"] as? Int ?? 0) >= 8
    }
    #expect(try control(daemon)["skips"] as? Int == 0)
    #expect(daemon.program.log.contains("ended by signal 9"))
    // Two answers to each.
    #expect(try broker.consumeAll("results").count == 16)
    #expect(daemon.program.end() == 0)
  }

  @Test
  func `A reader that hangs does not hold up the agent's end, and what ends a group leaves it`()
    throws
  {
    let daemon = try daemon()
    try ping()
    let process = try reader(of: daemon)
    for number in [SIGTERM, SIGINT, SIGHUP] { kill(process, number) }
    try ping()
    #expect(try reader(of: daemon) == process)
    kill(process, SIGSTOP)
    #expect(daemon.program.end() == 0)
    #expect(isGone(process))
  }

  @Test func `A killed agent leaves no reader behind, though that hangs`() throws {
    let daemon = try daemon()
    try ping()
    let process = try reader(of: daemon)
    kill(process, SIGSTOP)
    daemon.program.signal(SIGKILL)
    let deadline = Date().addingTimeInterval(20)
    while !isGone(process), Date() < deadline { usleep(20_000) }
    #expect(isGone(process))
    if !isGone(process) { kill(process, SIGKILL) }
  }
}
