import Control
import Foundation
import Kafka
import Logging
import Synchronization
import TestBatches
import Testing

@Suite("What kills whoever reads the control topic", .serialized, .timeLimit(.minutes(5)))
struct BombTests {
  private let cluster: MockCluster
  private let box: Box
  private let other = SigningKey()

  init() throws {
    cluster = try MockCluster(brokers: 1, partitions: 1)
    box = try Box(isStarted: false)
    // What it signs is in no order with what the other key does.
    try TrustedKey(issuer: "ops", bytes: other.publicBytes).json.canonicalText.write(
      toFile: "\(box.folder)/keys.d/other.pub", atomically: true, encoding: .utf8)
    box.desk.loadKeys()
  }

  private func receiver() throws -> ControlReceiver {
    let receiver = ControlReceiver(
      ControlSource(brokers: [cluster.bootstrapServers], properties: [:], secrets: [:]),
      desk: box.desk, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      program: readerProgram)
    try receiver.start()
    return receiver
  }

  private func send(_ id: String, partition: Int32 = 0) throws {
    let signed = try box.signed(
      box.envelope(["type": "ping"], id: id), by: partition == 0 ? nil : other)
    try Batch.send([signed], to: cluster.bootstrapServers, partition: partition)
  }

  private func wait(_ isSo: () -> Bool) -> Bool {
    for _ in 0..<12_000 {
      if isSo() { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  private func isObeyed(_ id: String) -> Bool { wait { box.sink.states(id).count == 2 } }

  @Test("is skipped, and what comes before and after is obeyed", arguments: Batch.Bomb.allCases)
  func bomb(_ bomb: Batch.Bomb) throws {
    cluster.createTopic("vedette.control", partitions: 2)
    try send("before")
    let offsets = try Batch.send(bomb, to: cluster.bootstrapServers)
    try send("after")
    try send("beside", partition: 1)
    let receiver = try receiver()
    defer { receiver.stop() }
    #expect(isObeyed("before"))
    #expect(isObeyed("beside"))
    #expect(isObeyed("after"))
    let standing = box.desk.standing
    #expect(standing.skips == 1)
    #expect(standing.skipped?.from == offsets.lowerBound)
    // Of very many records a reader lives that begins late enough among them.
    let end = offsets.upperBound + 1
    let next = try #require(standing.skipped?.to)
    #expect(bomb == .tiny ? offsets.contains(next) : next == end)
    #expect(standing.readerDeaths >= 3)
    #expect(box.target.state.withLock { $0.announced } == ["vedette.control.skipped.v1"])
  }
}
