import Foundation
import Kafka
import Testing

/// Where reading begins.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConsumerTests {
  private static let partitions: Int32 = 3
  /// Records in each partition.
  private static let count: Int64 = 5
  private let cluster: MockCluster

  /// Keys decide on the partition: as many are sent as it takes to fill all.
  init() throws {
    cluster = try MockCluster(partitions: Int(Self.partitions))
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    var counts = [Int64](repeating: 0, count: Int(Self.partitions))
    var key = 0
    while counts.contains(where: { $0 < Self.count }), key < 10_000 {
      try producer.send(record(UInt64(key), BytesPayload([1]), key: "\(key % 97)"))
      let report = try #require(producer.reports(1).first)
      try #require(report.error == nil)
      counts[Int(report.partition)] += 1
      key += 1
    }
  }

  private func consumer(
    from start: ReadStart = .beginning, _ starts: [Int32: ReadStart] = [:]
  ) throws -> Consumer {
    try Consumer(brokers: [cluster.bootstrapServers], topic: topic, from: start, starts: starts)
  }

  /// The first offset that comes of each partition.
  private func firsts(_ consumer: Consumer, until isDone: ([Int32: Int64]) -> Bool) -> [Int32:
    Int64]
  {
    let deadline = Date().addingTimeInterval(20)
    var firsts: [Int32: Int64] = [:]
    while !isDone(firsts), Date() < deadline {
      guard let record = consumer.poll(timeoutMilliseconds: 100) else { continue }
      firsts[record.partition] = min(firsts[record.partition] ?? .max, record.offset)
    }
    return firsts
  }

  @Test func `Each partition is read from where it is said`() throws {
    let mixed = try consumer(from: .offset(2), [0: .beginning, 2: .offset(4)])
    #expect(firsts(mixed) { $0.count == 3 } == [0: 0, 1: 2, 2: 4])
    #expect(firsts(try consumer()) { $0.count == 3 } == [0: 0, 1: 0, 2: 0])
    let all = try consumer(from: .offset(3), [1: .offset(0)])
    #expect(firsts(all) { $0.count == 3 } == [0: 3, 1: 0, 2: 3])
  }

  @Test func `A consumer whose partitions are gone is let go without waiting`() throws {
    let fewer = try MockCluster(partitions: 1)
    fewer.setBroker(1, isUp: false)
    var consumer: Consumer? = try Consumer(
      brokers: [cluster.bootstrapServers, fewer.bootstrapServers], topic: topic,
      properties: ["reconnect.backoff.max.ms": "200"])
    #expect(consumer?.partitionCount == Self.partitions)
    // The same topic made anew, as its readers see it.
    cluster.setBroker(1, isUp: false)
    fewer.setBroker(1, isUp: true)
    eventually(within: 60, "the reader does not see the topic made anew") {
      _ = try? consumer?.next(timeoutMilliseconds: 100)
      return (try? consumer?.currentPartitionCount(topic, timeoutMilliseconds: 1000)) == 1
    }
    // librdkafka waits for ever here.
    consumer = nil
    let after = try Consumer(brokers: [fewer.bootstrapServers], topic: topic)
    #expect(after.partitionCount == 1)
  }

  @Test func `Records of one group share a partition, whatever their keys`() throws {
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    let groups = (0..<20).map { Producer.partition(of: Array("issuer \($0)".utf8), count: 3) }
    #expect(Set(groups) == [0, 1, 2])
    for key in 0..<20 {
      var record = record(UInt64(key), BytesPayload([1]), key: "\(key)")
      record.partition = groups[7]
      try producer.send(record)
      let report = try #require(producer.reports(1).first)
      #expect(report.error == nil && report.partition == groups[7])
    }
  }

  @Test func `From the end, only what comes later is read`() throws {
    let late = try consumer(from: .end, [1: .offset(1)])
    // Of what is there, only that of one partition is read.
    var seen = firsts(late) { $0[1] != nil }
    #expect(seen == [1: 1])
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    var key: UInt64 = 0
    seen = firsts(late) { seen in
      key += 1
      try? producer.send(record(key, BytesPayload([2]), key: "\(key % 97)"))
      return seen[0] != nil && seen[2] != nil
    }
    #expect(seen[0] ?? 0 >= Self.count && seen[2] ?? 0 >= Self.count)
  }

  @Test func `From the end, what comes right after the making is not missed`() throws {
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    for key in 0..<10 {
      let late = try consumer(from: .end)
      try producer.send(record(UInt64(key), BytesPayload([3]), key: "\(key)"))
      let report = try #require(producer.reports(1).first)
      let seen = firsts(late) { !$0.isEmpty }
      #expect(seen.count == 1 && seen[report.partition] != nil, "\(seen)")
    }
  }

  @Test func `An offset that the broker does not have becomes the beginning`() throws {
    let lost = try consumer(from: .offset(1_000_000))
    #expect(firsts(lost) { $0.count == 3 } == [0: 0, 1: 0, 2: 0])
  }

  @Test(
    arguments: [
      ([3: .beginning], "has no partition 3"), ([-1: .end], "has no partition -1"),
      ([1: .offset(-1)], "there is no such start"), ([0: .offset(.min)], "there is no such start"),
    ] as [([Int32: ReadStart], String)])
  func `A start that cannot be is refused`(starts: [Int32: ReadStart], text: String) {
    #expect {
      try consumer(from: .end, starts)
    } throws: { error in
      (error as? KafkaError)?.call == "assign" && "\(error)".contains(text)
    }
  }
}
