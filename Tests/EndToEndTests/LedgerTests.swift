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

  /// Ways in which every frame of a camera is lost though it streams.
  enum Loss: String, CaseIterable {
    case corrupt, oversize, dead

    var words: String {
      switch self {
      case .corrupt: "whether its masks and size fit the picture"
      case .oversize: "lower its quality or scale, or raise the topic's max.message.bytes"
      case .dead: "mend the topic or its policy"
      }
    }
  }

  @Test(arguments: Loss.allCases, [false, true])
  func
    `A camera whose mask does not fit, whose frames are too large or that no broker takes is critical`(
      loss: Loss, isSpooling: Bool
    ) throws
  {
    let broker = try Broker()
    let folder = try Folder()
    try Pictures.fill(folder, 3, FrameSize(width: 320, height: 240), quality: 95)
    if loss == .dead {
      broker.command(
        "errors produce " + Array(repeating: "POLICY_VIOLATION", count: 3000).joined(separator: " ")
      )
    }
    let masks = loss == .corrupt ? ", masks: [64x64+600+400]" : ""
    let daemon = try Daemon(
      broker.address, spool: isSpooling ? "{folder: '\(folder.path)/spool'}" : "off",
      properties: loss == .oversize ? "{message.max.bytes: 4000}" : "{}",
      cameras: "  front: {replay: {path: '\(folder.path)', rate: 20}\(masks)}")
    let answer = try waitForStatus(daemon) { status in
      (status["alarms"] as? [[String: Any]] ?? []).contains {
        $0["alarm"] as? String == "frames_lost" && $0["severity"] as? String == "critical"
      }
    }
    #expect(answer.exitCode == 2)
    #expect(answer.output.contains(#""health":"critical""#))
    let sentence = "no frame of camera front gets through: \(loss.rawValue), "
    #expect(answer.output.contains(sentence), "\(answer.output)")
    #expect(answer.output.contains(loss.words), "\(answer.output)")
    let screen = try daemon.ask("status")
    #expect(screen.exitCode == 2 && screen.output.hasPrefix(" CRITICAL "))
    #expect(screen.output.contains("frames_lost") || screen.output.contains("no frame of camera"))
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    let lost = loss == .dead ? ledger["dead"] as? Int ?? 0 : dropped(ledger, loss.rawValue)
    #expect(lost > 100)
    #expect(daemon.program.log.contains("alarm: \(sentence)"))
  }

  @Test func `A camera of whose frames the driver loses most is told of, with the remedy`() throws {
    let broker = try Broker()
    let folder = try Folder()
    try Pictures.fill(folder, 3, FrameSize(width: 1920, height: 1080))
    // A mask has each picture decoded and encoded anew, which takes longer than until the next.
    let daemon = try Daemon(
      broker.address,
      cameras: "  front: {replay: {path: '\(folder.path)', rate: 1000}, masks: [64x64+0+0]}")
    let answer = try waitForStatus(daemon) { status in
      (status["alarms"] as? [[String: Any]] ?? []).contains {
        $0["alarm"] as? String == "frames_lost" && $0["subject"] as? String == "front"
      }
    }
    #expect(answer.exitCode > 0)
    #expect(answer.output.contains("lost_by_driver, "), "\(answer.output)")
    #expect(answer.output.contains("(replay of "), "\(answer.output)")
    #expect(answer.output.contains("or a lower rate"), "\(answer.output)")
    let screen = try daemon.ask("status")
    #expect(screen.exitCode > 0 && screen.output.contains("lost by driver"), "\(screen.output)")
    #expect(daemon.program.end() == 0)
  }

  @Test func `Frames above the rate, and what analysis makes, are booked each for itself`() throws {
    let broker = try Broker()
    let folder = try Folder()
    try Pictures.fill(folder, 3, FrameSize(width: 64, height: 64))
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
