import Foundation
import Frames
import Kafka
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct StatusTests {
  private func camera(_ folder: Folder) throws -> String {
    try Pictures.fill(folder, 3, FrameSize(width: 64, height: 64), quality: 90)
    return "  front: {replay: {path: '\(folder.path)', rate: 30}}"
  }

  /// Asks until the status is as wanted, and gives its JSON.
  private func wait(
    _ daemon: Daemon, seconds: Double = 20, _ isWanted: ([String: Any]) -> Bool
  ) throws -> (exitCode: Int32, status: [String: Any])? {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
      let answer = try daemon.ask("status", "--json")
      let status =
        try? JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
      if let status, isWanted(status) { return (answer.exitCode, status) }
      usleep(200_000)
    }
    return nil
  }

  private func alarms(_ status: [String: Any]) -> [String] {
    (status["alarms"] as? [[String: Any]] ?? []).compactMap { $0["alarm"] as? String }
  }

  private func measured(_ status: [String: Any]) -> Double {
    ((status["cameras"] as? [[String: Any]])?.first?["measured_fps"] as? Double) ?? 0
  }

  @Test func `A box that is well says so, exits 0, and gives its last picture`() throws {
    let broker = try Broker()
    let folder = try Folder()
    let daemon = try Daemon(broker.address, cameras: try camera(folder))
    let seen = try #require(try wait(daemon) { measured($0) > 20 })
    #expect(seen.exitCode == 0)
    #expect(seen.status["health"] as? String == "ok")
    let screen = try daemon.ask("status")
    #expect(screen.output.hasPrefix(" OK  box-1: 1 of 1 cameras stream, brokers acknowledge"))
    #expect(screen.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(!screen.output.contains("\u{1B}"))
    let file = folder.path + "/snapshot.out"
    #expect(try daemon.ask("snapshot", "front", "-o", file).exitCode == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)).prefix(2) == Data([0xFF, 0xD8]))
    #expect(try daemon.ask("snapshot", "back", "-o", file).exitCode == 66)
    #expect(daemon.program.end() == 0)
    #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    #expect(try daemon.ask("status").exitCode == 2)
  }

  @Test func `The status has all that its schema asks for`() throws {
    let broker = try Broker()
    let folder = try Folder()
    let daemon = try Daemon(
      broker.address, spool: "{folder: '\(folder.path)/spool'}", cameras: try camera(folder))
    let seen = try #require(try wait(daemon) { measured($0) > 20 })
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../schemas/box.json")
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    func check(_ value: Any, _ schema: [String: Any], _ path: String) {
      if let name = (schema["$ref"] as? String)?.split(separator: "/").last {
        return check(value, definitions[String(name)] ?? [:], path)
      }
      if let known = schema["enum"] as? [String] {
        #expect(known.contains(value as? String ?? ""), "\(path)")
      }
      if let items = value as? [Any], let schema = schema["items"] as? [String: Any] {
        items.enumerated().forEach { check($1, schema, "\(path)[\($0)]") }
      }
      guard let members = value as? [String: Any] else { return }
      for key in schema["required"] as? [String] ?? [] {
        #expect(members[key] != nil, "\(path).\(key)")
      }
      let known = schema["properties"] as? [String: [String: Any]] ?? [:]
      for (key, value) in members where !known.isEmpty {
        #expect(known[key] != nil, "\(path).\(key) is not in the schema")
        check(value, known[key] ?? [:], "\(path).\(key)")
      }
    }
    check(seen.status, schema, "")
    #expect(daemon.program.end() == 0)
  }

  @Test func `An outage is an alarm, told once in log and events, and cleared once`() throws {
    let broker = try Broker()
    let folder = try Folder()
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s}", spool: "{folder: '\(folder.path)/spool'}",
      cameras: try camera(folder))
    _ = try #require(try wait(daemon) { measured($0) > 20 })
    broker.command("down 1")
    let bad = try #require(try wait(daemon) { alarms($0) == ["outage"] })
    // A warning, for the spool takes the frames.
    #expect(bad.exitCode == 1)
    #expect(try daemon.ask("status").output.hasPrefix(" WARNING  box-1: 1 alarm"))
    broker.command("up 1")
    let good = try #require(try wait(daemon) { alarms($0).isEmpty })
    #expect(good.exitCode == 0)
    usleep(1_000_000)
    #expect(daemon.program.end() == 0)
    #expect(daemon.program.log.components(separatedBy: "alarm: no broker").count == 2)
    #expect(daemon.program.log.components(separatedBy: "alarm cleared").count == 2)
    let events = try broker.consumeAll("events").filter {
      $0.header("ce_type") == "vedette.alarm.v1"
    }
    let states = Set(events.compactMap { $0.header("ce_id") })
    #expect(states.count == 2)
  }

  @Test func `A camera that is not there is critical, and the screen says which and why`() throws {
    let broker = try Broker()
    let daemon = try Daemon(
      broker.address, cameras: "  front: {device: /dev/nonexistent-camera}")
    let bad = try #require(try wait(daemon) { alarms($0) == ["camera_lost"] })
    #expect(bad.exitCode == 2)
    let screen = try daemon.ask("status")
    #expect(screen.exitCode == 2)
    #expect(screen.output.hasPrefix(" CRITICAL  box-1: 1 alarm"))
    #expect(screen.output.contains("/dev/nonexistent-camera"))
    #expect(daemon.program.end() == 0)
  }

  @Test func `Without a place for its socket the agent goes on`() throws {
    let folder = try Folder()
    let broker = try Broker()
    let file = try folder.write(
      "vedette.yaml",
      Array(
        """
        kafka: {brokers: ["\(broker.address)"]}
        spool: off
        status: {socket: /nonexistent/vedette.sock}
        cameras:
        \(try camera(folder))
        """.utf8))
    let program = try Program("vedetted", ["--config", file])
    let records = try broker.consume(5)
    #expect(records.count >= 5)
    #expect(program.end() == 0)
    #expect(program.log.contains("/nonexistent/vedette.sock cannot be made"))
  }
}
