import Foundation
import Frames
import Testing

/// Commands about what is spooled, from the operator's tool to the disk.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SpoolCommandTests: CommandedBox {
  let ops: Operator
  let pictures: Folder

  init() throws {
    ops = try Operator()
    pictures = try Pictures.folder(5, FrameSize(width: 128, height: 128), quality: 95)
  }

  /// An agent with a backlog that would take minutes at its rate.
  private func backlog() throws -> Daemon {
    let daemon = try Daemon(
      broker.address, delivery: "{outage_after: 1 s}",
      spool: "{folder: '\(folder.path)/spool', replay_rate: 10 kB, replay_jitter: 0 s}",
      analysis: "{gallery: '\(folder.path)/gallery.sqlite'}",
      control: "{keys: '\(folder.path)/keys.d', heartbeat: off}",
      cameras: "  front: {replay: {path: '\(pictures.path)', rate: 30}}")
    daemon.waitForLog("reading vedette.control", seconds: 60)
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 10 }
    broker.command("down 1")
    let bytes = try #require(
      daemon.waitForLedger(seconds: 60) { ($0["spooled"] as? Int ?? 0) >= 200 })
    broker.command("up 1")
    let delivered = bytes["delivered"] as? Int ?? 0
    _ = daemon.waitForLedger(seconds: 60) { ($0["delivered"] as? Int ?? 0) > delivered + 60 }
    return daemon
  }

  private func spooled(_ daemon: Daemon) -> Int {
    daemon.askLedger()?["spooled"] as? Int ?? -1
  }

  @Test func `A backlog is sent at full rate from spool.drain on`() throws {
    let daemon = try backlog()
    #expect(spooled(daemon) > 100)
    try ops.send(["spool.drain"])
    _ = daemon.waitForLedger(seconds: 15) { ($0["spooled"] as? Int ?? 1) == 0 }
    #expect(daemon.program.end() == 0)
    let ledger = try #require(daemon.ledger())
    #expect(dropped(ledger, "discarded") == 0 && dropped(ledger, "quota") == 0)
  }
}
