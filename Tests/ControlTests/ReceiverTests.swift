import Control
import Documents
import Foundation
import Kafka
import Logging
import Synchronization
import Testing

@Suite("The reader of the control topic", .serialized) struct ReceiverTests {
  private func produce(_ cluster: MockCluster, _ values: [[UInt8]]) throws {
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    for (token, value) in values.enumerated() {
      try producer.send(
        OutgoingRecord(
          topic: "vedette.control", key: [1], headers: Headers(), timestamp: 0,
          payload: BytesPayload(value), token: UInt64(token)))
    }
    var delivered = 0
    for _ in 0..<200 where delivered < values.count {
      for case .delivered(let reports) in producer.poll(timeoutMilliseconds: 100) {
        delivered += reports.count
      }
    }
    #expect(delivered == values.count)
  }

  private func receiver(_ box: Box, _ cluster: MockCluster) throws -> ControlReceiver {
    let receiver = ControlReceiver(
      ControlSource(
        brokers: [cluster.bootstrapServers], properties: ["linger.ms": "5"], secrets: [:]),
      desk: box.desk, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      program: readerProgram)
    try receiver.start()
    return receiver
  }

  private func wait(_ isSo: () -> Bool) -> Bool {
    for _ in 0..<6000 {
      if isSo() { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  @Test("begins with the oldest, goes on where it left off, and obeys nothing twice")
  func reading() throws {
    let cluster = try MockCluster(brokers: 1, partitions: 1)
    cluster.createTopic("vedette.control", partitions: 3)
    let box = try Box(isStarted: false)
    try produce(
      cluster, (0..<3).map { try box.signed(box.envelope(["type": "ping"], id: "a\($0)")) })
    let first = try self.receiver(box, cluster)
    #expect(wait { box.sink.states("a2").count == 2 })
    first.stop()
    try box.reopen()
    try produce(cluster, [try box.signed(box.envelope(["type": "ping"], id: "b"))])
    let second = try self.receiver(box, cluster)
    #expect(wait { box.sink.states("b").count == 2 })
    second.stop()
    #expect(box.target.state.withLock { $0.done.count } == 4)
  }

  @Test("waits for a topic that is made later, with all of its partitions") func newTopic() throws {
    let cluster = try MockCluster(brokers: 1, partitions: 1)
    let box = try Box(isStarted: false)
    let receiver = try self.receiver(box, cluster)
    Thread.sleep(forTimeInterval: 0.3)
    try produce(cluster, [try box.signed(box.envelope(["type": "ping"], id: "late"))])
    #expect(wait { box.sink.states("late").count == 2 })
    receiver.stop()
  }

  @Test("a flood of what nobody signed does not hold up a command") func flood() throws {
    let cluster = try MockCluster(brokers: 1, partitions: 1)
    cluster.createTopic("vedette.control", partitions: 1)
    let box = try Box(isStarted: false)
    let garbage = Array(#"{"id":"flood"}"#.utf8)
    // More than would be taken in the time at the pace of commands.
    try produce(
      cluster,
      Array(repeating: garbage, count: 6000)
        + [try box.signed(box.envelope(["type": "ping"], id: "behind"))])
    let receiver = try self.receiver(box, cluster)
    #expect(wait { box.sink.states("behind").count == 2 })
    receiver.stop()
  }

  @Test("says why it cannot read, and that it can again") func deaf() throws {
    let cluster = try MockCluster(brokers: 1, partitions: 1)
    cluster.createTopic("vedette.control", partitions: 1)
    // UNKNOWN_TOPIC_OR_PART
    cluster.setTopicError("vedette.control", 3)
    cluster.setBroker(1, isUp: false)
    let box = try Box(isStarted: false)
    let receiver = try self.receiver(box, cluster)
    defer { receiver.stop() }
    #expect(wait { receiver.fault?.contains("Connection refused") == true })
    cluster.setBroker(1, isUp: true)
    #expect(wait { receiver.fault?.contains("vedette.control does not exist") == true })
    #expect(receiver.fault?.contains("create it") == true)
    cluster.setTopicError("vedette.control", 0)
    #expect(wait { receiver.fault == nil })
    // Nor does the last known cause come back once the reader is there.
    Thread.sleep(forTimeInterval: 1)
    #expect(receiver.fault == nil)
  }

  @Test("is told to have reading granted where the topic is denied") func denied() throws {
    let cluster = try MockCluster(brokers: 1, partitions: 1)
    cluster.createTopic("vedette.control", partitions: 1)
    // TOPIC_AUTHORIZATION_FAILED
    cluster.setTopicError("vedette.control", 29)
    let box = try Box(isStarted: false)
    let receiver = try self.receiver(box, cluster)
    defer { receiver.stop() }
    #expect(wait { receiver.fault?.contains("READ and DESCRIBE") == true })
    cluster.setTopicError("vedette.control", 0)
    #expect(wait { receiver.fault == nil })
  }

  /// Read further than the log goes, or in a partition that it does not have: it was cut off, or made anew.
  @Test(
    "tells when the log no longer has what comes next, and reads on what there is",
    arguments: [(0, 500), (2, 7)] as [(Int32, Int64)])
  func truncated(partition: Int32, offset: Int64) throws {
    let cluster = try MockCluster(brokers: 1, partitions: 1)
    cluster.createTopic("vedette.control", partitions: 1)
    let box = try Box()
    try box.desk.handle(
      partition: partition, offset: offset,
      value: box.signed(box.envelope(["type": "ping"], id: "before")))
    box.desk.stop()
    try box.reopen()
    try produce(cluster, [try box.signed(box.envelope(["type": "ping"], id: "after"))])
    let receiver = try self.receiver(box, cluster)
    #expect(wait { box.sink.states("after").count == 2 })
    #expect(box.target.state.withLock { $0.announced } == ["vedette.control.truncated.v1"])
    receiver.stop()
  }
}
