import Foundation
import Frames
import Kafka
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct OutageTests {
  /// A camera of small pictures at 30 fps.
  private func camera(_ folder: Folder, size: Int = 64) throws -> String {
    try Pictures.fill(folder, 5, FrameSize(width: size, height: size), quality: 95)
    return "  front: {replay: {path: '\(folder.path)', rate: 30}}"
  }

  private func expectNoHole(_ records: [ConsumedRecord]) {
    // At least once: the same id may come again, but none is missing and none comes before its turn.
    var next = 0
    for record in records {
      let number = Int(record.header("ce_sequence") ?? "") ?? -1
      #expect(number <= next)
      next = max(next, number + 1)
    }
  }

  @Test(arguments: [true, false])
  func `Frames of an outage wait in memory and arrive in order`(isFrozen: Bool) throws {
    let broker = try Broker()
    let folder = try Folder()
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s}", cameras: try camera(folder))
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 10 }
    if isFrozen { broker.freeze(true) } else { broker.command("down 1") }
    daemon.waitForLog("no broker acknowledges")
    usleep(1_500_000)
    if isFrozen { broker.freeze(false) } else { broker.command("up 1") }
    daemon.waitForLog("brokers acknowledge again")
    let back = try #require(
      daemon.waitForLedger(seconds: 30) { ($0["in_memory"] as? Int ?? 9) < 3 })
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(ledger["delivered"] as? Int == ledger["captured"] as? Int)
    let delivered = try #require(ledger["delivered"] as? Int)
    #expect(delivered >= back["delivered"] as? Int ?? 0)
    let records = try broker.consumeAll()
    expectNoHole(records)
    #expect(Set(records.map { $0.header("ce_id") }).count == delivered)
  }

  @Test func `When memory is full the oldest frames go, counted as quota, and the newest arrive`()
    throws
  {
    let broker = try Broker()
    let folder = try Folder()
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s, memory: 1 MiB}",
      cameras: try camera(folder, size: 256))
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 5 }
    broker.command("down 1")
    let full = try #require(daemon.waitForLedger(seconds: 60) { dropped($0, "quota") >= 20 })
    #expect(full["delivered"] as? Int ?? 0 < full["captured"] as? Int ?? 0)
    broker.command("up 1")
    daemon.waitForLog("brokers acknowledge again", seconds: 30)
    _ = daemon.waitForLedger(seconds: 30) { ($0["in_memory"] as? Int ?? 9) < 3 }
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(
      (ledger["delivered"] as? Int ?? 0) + dropped(ledger, "quota") == ledger["captured"] as? Int)
  }

  @Test func `With no broker at all the daemon ends within its budget and counts what it gives up`()
    throws
  {
    let folder = try Folder()
    let daemon = try Daemon(
      "127.0.0.1:1", delivery: "{shutdown_budget: 2 s}", cameras: try camera(folder))
    _ = daemon.waitForLedger { ($0["captured"] as? Int ?? 0) >= 30 }
    daemon.waitForLog("kafka: ")
    let began = Date()
    #expect(daemon.program.end(within: 60) == 0)
    // The frames wait for ever, and librdkafka for a record as long as 15 s.
    #expect(Date().timeIntervalSince(began) < 12)
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(dropped(ledger, "shutdown") == ledger["captured"] as? Int)
    #expect(ledger["in_memory"] as? Int == 0 && ledger["in_flight"] as? Int == 0)
  }

  @Test func `A broker's name that does not resolve is told`() throws {
    let folder = try Folder()
    let daemon = try Daemon(
      "no-such-host.invalid:9092", delivery: "{shutdown_budget: 1 s}", cameras: try camera(folder))
    daemon.waitForLog("no-such-host.invalid")
    #expect(daemon.program.end(within: 60) == 0)
  }

  @Test func `Frames over the topic's limit are counted as oversize, told once, and stop nothing`()
    throws
  {
    let broker = try Broker()
    let folder = try Folder()
    let daemon = try Daemon(broker.address, cameras: try camera(folder))
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 10 }
    // MESSAGE_TOO_LARGE, as a broker answers.
    broker.command("fail 10 10 10")
    let after = try #require(daemon.waitForLedger { dropped($0, "oversize") >= 3 })
    let delivered = try #require(after["delivered"] as? Int)
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= delivered + 30 }
    #expect(daemon.program.end() == 0)
    #expect(
      daemon.program.log.components(separatedBy: "is larger than vedette.frames takes").count == 2)
    expectBalance(try #require(daemon.ledger()))
  }
}
