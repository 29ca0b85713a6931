import Analysis
import Capture
import Control
import Delivery
import Documents
import Foundation
import Frames
import Gallery
import Imaging
import Kafka
import Logging
import Meters
import Settings
import Spool
import Synchronization
import Testing

@testable import Agent

/// What commands do to a running agent.
@Suite(.timeLimit(.minutes(5))) struct CommandEffectTests {
  private func hasPicture(_ box: RunningBox) -> Bool {
    box.wait { box.agent.latestPicture(of: "front") != nil }
  }

  @Test func `A silhouette is by the lambda of the command, of the camera, or the default`() throws
  {
    let box = try RunningBox()
    #expect(hasPicture(box))
    func lambda(_ commanded: Double?) throws -> JSON? {
      var command: JSON = ["type": "colours.silhouette", "camera": "front"]
      if let commanded { command = command.merging(["lambda": .number(commanded)]) }
      return try box.obey(command)["lambda"]
    }
    #expect(try lambda(nil) == 50)
    try box.write(["front": "colours: {lambda: 20}", "yard": "colours: {lambda: 70}"])
    try box.reload(.signal)
    #expect(hasPicture(box))
    #expect(try lambda(nil) == 20)
    #expect(try lambda(30) == 30)
    #expect(throws: Rejection.self) { try lambda(0.5) }
    let interrupted = #expect(throws: CommandFailure.self) {
      try box.obey(["type": "colours.silhouette", "camera": "front"], isStopping: true)
    }
    #expect(interrupted?.isInterrupted == true)
  }

  @Test func `A camera that the files leave closed is opened by command, and closed again`() throws
  {
    let box = try RunningBox()
    try box.write(["yard": "enabled: false"])
    try box.reload(.signal)
    let seen = box.captured("yard")
    _ = try box.target.adopt(overlay: ["cameras": ["yard": ["enabled": true]]])
    #expect(box.wait { box.captured("yard") > seen })
    _ = try box.target.adopt(overlay: [:])
    #expect(box.agent.meters[1].current.state == .stopped)
    let last = box.captured("yard")
    usleep(200_000)
    #expect(box.captured("yard") == last)
  }

  @Test func `What is not there cannot be commanded`() throws {
    let box = try RunningBox()
    func reason(_ command: JSON) -> Rejection.Reason? {
      do throws(Rejection) {
        let order = try AgentCommands.table.order(command)
        try box.target.check(order.scope, camera: order.camera)
      } catch { return error.reason }
      return nil
    }
    #expect(reason(["type": "snapshot", "camera": "gate"]) == .unavailable)
    #expect(reason(["type": "snapshot", "camera": "front"]) == nil)
    #expect(reason(["type": "spool.drain"]) == .unavailable)
    #expect(reason(["type": "config.reload"]) == nil)
    #expect(throws: CommandFailure.self) {
      try box.obey(["type": "spool.discard", "class": "frames"])
    }
  }

  @Test func `Frames whose topic is off are counted, and looked at all the same`() throws {
    let box = try RunningBox {
      $0["kafka"] = "{brokers: ['127.0.0.1:1'], topics: {frames: off}}"
    }
    try box.write(["front": "thumbnails: on"])
    try box.reload(.signal)
    let looking = try #require(box.agent.looking)
    #expect(box.wait { looking.onlooker.analysis.meters(camera: 0).analysed > 0 })
    #expect(box.wait { box.captured("front") > 20 })
    let counts = box.agent.meters[0].ledger.snapshot
    #expect(counts.isBalanced && counts.dropped(.topicOff) >= counts.captured - 1)
  }

  // MARK: What is sent

  private func delivery(spool: String? = nil) throws -> Delivery {
    Delivery(
      producer: try Producer(brokers: ["127.0.0.1:1"], properties: [:], secrets: [:]),
      options: DeliveryOptions(spool: spool.map { SpoolUse(folder: $0) }),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Control forgets results that are settled: what it forgets too early a crash takes along.
  @Test func `A result is settled on disk or with the broker, and not before`() throws {
    func writer(_ meters: StreamMeters, _ delivery: Delivery) -> ResultWriter {
      ResultWriter(
        identity: NodeIdentity(node: "n"), topic: "results", meters: meters, delivery: delivery)
    }
    let meters = StreamMeters(name: SpoolClass.results.name)
    let unsaved = try delivery()
    try unsaved.start()
    let waiting = writer(meters, unsaved)
    #expect(waiting.isSettled)
    waiting.send(ControlResult(number: 1, nil, .succeeded))
    usleep(300_000)
    #expect(!waiting.isSettled)
    unsaved.shutdown(seconds: 0.1)

    let folder = NSTemporaryDirectory() + "results-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let saved = try delivery(spool: folder)
    try saved.start()
    let kept = StreamMeters(name: SpoolClass.results.name)
    let writing = writer(kept, saved)
    writing.send(ControlResult(number: 1, nil, .succeeded))
    for _ in 0..<3000 where !writing.isSettled { usleep(10_000) }
    #expect(writing.isSettled && kept.ledger.snapshot.spooled == 1)
    saved.shutdown(seconds: 0.1)
  }

  @Test func `Heartbeats are as far apart as they are to be`() throws {
    func count(seconds: Double) throws -> Int {
      let meters = StreamMeters(name: "node/heartbeat")
      let writer = HeartbeatWriter(
        identity: NodeIdentity(node: "n"), topic: "metrics", seconds: seconds, meters: meters,
        delivery: try delivery())
      let end = Date().addingTimeInterval(1.5)
      while Date() < end {
        writer.beat { [:] }
        usleep(5000)
      }
      return meters.ledger.snapshot.captured
    }
    #expect(try count(seconds: 3600) == 1)
    #expect(try (2...4).contains(count(seconds: 0.5)))
  }

  @Test func `A box beats as often as its configuration says`() throws {
    func box(_ heartbeat: String) throws -> RunningBox {
      try RunningBox { $0["control"] = "{keys: /nonexistent, heartbeat: \(heartbeat)}" }
    }
    func beats(_ box: RunningBox) -> Int {
      let meters = box.agent.allMeters.first { $0.name == "node/heartbeat" }
      return meters?.ledger.snapshot.captured ?? 0
    }
    let (often, seldom, never) = (try box("1 s"), try box("60 s"), try box("off"))
    #expect(often.wait { beats(often) > 0 })
    let began = Date()
    #expect(often.wait { beats(often) >= 3 })
    // Two intervals, and what the clock was short of when the first was seen.
    #expect(Date().timeIntervalSince(began) > 1.5)
    #expect(seldom.wait { beats(seldom) == 1 })
    usleep(1_500_000)
    #expect(beats(seldom) == 1 && beats(never) == 0)
  }
}
