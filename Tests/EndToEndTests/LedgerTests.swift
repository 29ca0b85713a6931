import Foundation
import Frames
import Testing

/// Every frame is booked, whatever becomes of it, and the box is judged by that.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LedgerTests {
  private func waitForStatus(
    _ daemon: Daemon, _ isWanted: ([String: Any]) -> Bool
  ) throws -> (exitCode: Int32, output: String) {
    let deadline = Date().addingTimeInterval(100)
    while Date() < deadline {
      let answer = try daemon.ask("status", "--json")
      let status =
        try? JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
      if let status, isWanted(status) { return answer }
      usleep(200_000)
    }
    Issue.record("it did not come to that; the log: \(daemon.program.log)")
    return (-1, "")
  }

  /// A JPEG whose second half is gone: its head is sound, so that only the pipeline notices.
  private func torn(_ seed: Int) throws -> [UInt8] {
    var picture = try Pictures.jpeg(FrameSize(width: 160, height: 120), seed: seed)
    for at in picture.count / 2..<picture.count { picture[at] = 0 }
    return picture
  }

  @Test func `A camera all of whose pictures are torn streams, and is critical all the same`()
    throws
  {
    let broker = try Broker()
    let folder = try Folder()
    for seed in 0..<3 { try folder.write("\(seed).jpg", try torn(seed)) }
    try folder.write("3.jpg", [9, 9, 9])
    let daemon = try Daemon(
      broker.address, cameras: "  front: {replay: {path: '\(folder.path)', rate: 20}}")
    let answer = try waitForStatus(daemon) { $0["health"] as? String == "critical" }
    #expect(answer.exitCode == 2)
    #expect(
      answer.output.contains(#""alarm":"frames_lost","subject":"front","severity":"critical""#))
    #expect(answer.output.contains("no frame of camera front gets through: corrupt, "))
    let screen = try daemon.ask("status")
    #expect(
      screen.output.hasPrefix(" CRITICAL ") && screen.output.contains("lost 100 % of the last"))
    // The alarm's event is sent before the stop.
    _ = daemon.waitForLedger { _ in
      (daemon.ledger("events")?["delivered"] as? Int ?? 0) > 0
    }
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    #expect(dropped(ledger, "corrupt") == ledger["captured"] as? Int)
    let events = try #require(daemon.ledger("events"))
    #expect(events["captured"] as? Int ?? 0 > 0 && events["delivered"] as? Int ?? 0 > 0)
    #expect(events["state"] == nil)
  }

  @Test func `Frames above the rate, and what analysis makes, are booked each for itself`() throws {
    let broker = try Broker()
    let folder = try Folder()
    for seed in 0..<3 {
      try folder.write(
        "\(seed).jpg", Pictures.jpeg(FrameSize(width: 64, height: 64), seed: seed))
    }
    let daemon = try Daemon(
      broker.address,
      cameras:
        "  front: {replay: {path: '\(folder.path)', rate: 30}, publish_rate: 10, colours: on}")
    _ = daemon.waitForLedger(seconds: 60) {
      ($0["delivered"] as? Int ?? 0) > 20 && daemon.ledger("front/metrics") != nil
    }
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    #expect(dropped(ledger, "rate") > 20)
    let metrics = try #require(daemon.ledger("front/metrics"))
    #expect(metrics["captured"] as? Int ?? 0 > 0)
  }

  @Test func `With the frames' topic off frames are left out by intention, and all is well`() throws
  {
    let broker = try Broker()
    let folder = try Folder()
    try folder.write("0.jpg", Pictures.jpeg(FrameSize(width: 64, height: 64), seed: 0))
    let daemon = try Daemon(
      broker.address, topics: "{frames: off}",
      cameras: "  front: {replay: {path: '\(folder.path)', rate: 30}}")
    _ = daemon.waitForLedger(seconds: 60) { dropped($0, "topic_off") > 30 }
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    #expect(dropped(ledger, "topic_off") == ledger["captured"] as? Int)
  }
}
