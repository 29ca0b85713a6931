import Foundation
import Frames
import Kafka
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct SpoolTests {
  private func camera(_ folder: Folder) throws -> String {
    try Pictures.fill(folder, 5, FrameSize(width: 64, height: 64), quality: 95)
    return "  front: {replay: {path: '\(folder.path)', rate: 30}}"
  }

  private func numbers(_ records: [ConsumedRecord], _ boot: String?) -> Set<Int> {
    Set(
      records.filter { $0.header("ce_boot") == boot }
        .compactMap { Int($0.header("ce_sequence") ?? "") })
  }

  @Test
  func `What was on disk when the agent was killed is sent by the next one, and nothing is lost`()
    throws
  {
    let broker = try Broker()
    let pictures = try Folder()
    let cameras = try camera(pictures)
    let place = try Folder()
    let spool = "{folder: '\(place.path)/spool', replay_jitter: 0 s}"
    let first = try Daemon(
      broker.address, delivery: "{outage_after: 1 s}", spool: spool, cameras: cameras)
    _ = first.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 10 }
    broker.command("down 1")
    let before = try #require(first.waitForLedger { ($0["spooled"] as? Int ?? 0) >= 60 })
    #expect(first.program.log.contains("spool={\"bytes\":"))
    first.program.signal(SIGKILL)
    #expect(first.program.wait(within: 30))
    broker.command("up 1")
    let second = try Daemon(
      broker.address, delivery: "{outage_after: 1 s}", spool: spool, cameras: cameras)
    _ = second.waitForLedger {
      ($0["spooled"] as? Int ?? 1) == 0 && ($0["delivered"] as? Int ?? 0) > 80
    }
    #expect(second.program.end() == 0)
    let ledger = try #require(second.ledger())
    expectBalance(ledger)
    #expect(dropped(ledger, "quota") == 0)
    let records = try broker.consumeAll()
    let boots = records.map { $0.header("ce_boot") }
    let arrived = numbers(records, boots.first ?? nil)
    // All that was delivered or on disk when it was last asked; later ones may have been in memory.
    let safe = (before["delivered"] as? Int ?? 0) + (before["spooled"] as? Int ?? 0)
    #expect(arrived.count >= safe)
    // Those that came from the disk say so.
    let replayed = records.filter { $0.header("ce_replay") == "1" }
    #expect(replayed.count >= before["spooled"] as? Int ?? 0)
    #expect(replayed.allSatisfy { $0.header("ce_boot") == boots.first ?? nil })
  }

  @Test func `A frozen broker does not hold up the end, and nothing is lost by it`() throws {
    let broker = try Broker()
    let pictures = try Folder()
    let cameras = try camera(pictures)
    let place = try Folder()
    let spool = "{folder: '\(place.path)/spool', replay_jitter: 0 s}"
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s, shutdown_budget: 3 s}", spool: spool,
      cameras: cameras)
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 10 }
    broker.freeze(true)
    _ = daemon.waitForLedger { ledger in
      let delivered = ledger["delivered"] as? Int ?? 0
      return (ledger["captured"] as? Int ?? 0) >= delivered + 60
    }
    let began = Date()
    #expect(daemon.program.end(within: 60) == 0)
    #expect(Date().timeIntervalSince(began) < 12)
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(ledger["spooled"] as? Int ?? 0 > 30)
    #expect((ledger["dropped"] as? [String: Int])?.isEmpty == true, "\(ledger)")
    broker.freeze(false)
    let next = try Daemon(
      broker.address, delivery: "{outage_after: 1 s}", spool: spool, cameras: cameras)
    _ = next.waitForLedger {
      ($0["spooled"] as? Int ?? 1) == 0 && ($0["delivered"] as? Int ?? 0) > 40
    }
    #expect(next.program.end() == 0)
  }

  @Test func `Clustered pictures wait in a class of their own, apart from frames`() throws {
    let broker = try Broker()
    let pictures = try Folder()
    _ = try camera(pictures)
    let place = try Folder()
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s, shutdown_budget: 2 s}",
      spool: "{folder: '\(place.path)/spool', replay_jitter: 0 s}",
      cameras: """
          front: {replay: {path: '\(pictures.path)', rate: 15}, colours: {rate: 5, clustered_rate: 5}}
        """)
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 5 }
    broker.command("down 1")
    _ = daemon.waitForLedger(seconds: 60) { ($0["spooled"] as? Int ?? 0) >= 60 }
    #expect(daemon.program.end() == 0)
    let export = try Program(
      "vedette",
      ["spool", "export", "\(place.path)/out", "--folder", "\(place.path)/spool"])
    #expect(export.wait(within: 30) && export.process.terminationStatus == 0, "\(export.log)")
    let index = try String(contentsOfFile: "\(place.path)/out/index.jsonl", encoding: .utf8)
    var topics: [String: Set<String>] = [:]
    for line in index.split(separator: "\n") {
      let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      topics[record?["class"] as? String ?? "", default: []].insert(
        record?["topic"] as? String ?? "")
    }
    #expect(topics["frames"] == ["vedette.frames"], "\(topics)")
    #expect(topics["metrics"] == ["vedette.metrics"], "\(topics)")
    #expect(topics["copies"] == ["vedette.clustered"], "\(topics)")
  }

  @Test func `Copies keep within copies_quota, and no frame goes for them`() throws {
    let broker = try Broker()
    let pictures = try Folder()
    try Pictures.fill(pictures, 3, FrameSize(width: 640, height: 480), quality: 95)
    let place = try Folder()
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s, shutdown_budget: 2 s, memory: 16 MiB}",
      spool: "{folder: '\(place.path)/spool', segment: 1 MiB, copies_quota: 2 MiB}",
      cameras: """
          front: {replay: {path: '\(pictures.path)', rate: 10}, colours: {rate: 10, clustered_rate: 10}}
        """)
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 5 }
    broker.command("down 1")
    _ = daemon.waitForLedger(seconds: 120) { _ in
      dropped(daemon.ledger("front/clustered") ?? [:], "quota") >= 40
    }
    #expect(daemon.program.end(within: 60) == 0)
    let frames = try #require(daemon.ledger())
    #expect(frames["spooled"] as? Int ?? 0 > 10)
    #expect((frames["dropped"] as? [String: Int])?.isEmpty == true, "\(frames)")
    let folder = "\(place.path)/spool/copies"
    let sizes = try FileManager.default.contentsOfDirectory(atPath: folder).map { name in
      try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int ?? 0
    }
    // What is read ahead, an eighth of memory, stays, and so does the segment that is written to.
    #expect((1...5 << 20).contains(sizes.reduce(0, +)), "\(sizes)")
  }

  @Test func `A spool that cannot be made is told, and frames flow all the same`() throws {
    let broker = try Broker()
    let pictures = try Folder()
    let daemon = try Daemon(
      broker.address, spool: "{folder: /proc/nothing/spool}", cameras: try camera(pictures))
    daemon.waitForLog("the spool cannot be used")
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 30 }
    #expect(daemon.program.end() == 0)
  }
}
