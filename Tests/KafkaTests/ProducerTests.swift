import Foundation
import Kafka
import Synchronization
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct ProducerTests {
  private let cluster: MockCluster
  private let census = Census()

  init() throws { cluster = try MockCluster(partitions: 1) }

  private func producer(_ properties: [String: String] = [:]) throws -> Producer {
    try Producer(brokers: [cluster.bootstrapServers], properties: properties)
  }

  private func payload(_ bytes: [UInt8]) -> CountedPayload { CountedPayload(bytes, census: census) }

  @Test func `A record comes back as it was sent`() throws {
    let producer = try producer()
    let headers = [
      Header("ce_id", "node/front/1"), Header("empty", ""), Header("bytes", bytes: [0, 255, 10]),
      Header("ce_id", "the same name twice"), Header("städte", "Zürich"),
    ]
    try producer.send(
      record(7, payload([1, 2, 0, 3]), headers: headers, timestamp: 1_767_225_600_123))
    let report = try #require(producer.reports(1).first)
    #expect(report.token == 7 && report.error == nil && report.partition == 0)
    #expect(report.offset == 0)
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    let read = try #require(consumer.records(1).first)
    #expect(read.topic == topic && read.partition == 0 && read.offset == 0)
    #expect(read.value == [1, 2, 0, 3] && read.key == Array("node/front".utf8))
    #expect(read.headers == headers)
    #expect(read.header("ce_id") == "node/front/1" && read.header("none") == nil)
    #expect(read.timestamp == 1_767_225_600_123)
  }

  @Test(arguments: [0, -5] as [Int64])
  func `A record without a time gets the present one`(timestamp: Int64) throws {
    let producer = try producer()
    let before = Int64(Date().timeIntervalSince1970 * 1000) - 1000
    try producer.send(record(1, payload([1]), timestamp: timestamp))
    _ = producer.reports(1)
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    let read = try #require(consumer.records(1).first)
    #expect((before...before + 120_000).contains(read.timestamp))
  }

  @Test func `Records without key, headers or bytes are taken`() throws {
    let producer = try producer()
    try producer.send(record(1, payload([]), key: ""))
    #expect(producer.reports(1).first?.error == nil)
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    let read = try #require(consumer.records(1).first)
    #expect(read.value.isEmpty && read.key.isEmpty && read.headers.isEmpty)
  }

  @Test func `The payload is read in place, not copied`() throws {
    let producer = try producer(["linger.ms": "500"])
    let bytes = payload([UInt8](repeating: 1, count: 5000))
    let address = bytes.address
    try producer.send(record(1, bytes))
    // Nobody may do this; here it shows that librdkafka reads our memory when it sends.
    bytes.overwrite(with: 2)
    let report = try #require(producer.reports(1).first)
    #expect(report.payload === bytes && bytes.address == address)
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    #expect(consumer.records(1).first?.value == [UInt8](repeating: 2, count: 5000))
  }

  @Test func `Thousands of records arrive in order, and each payload is released once`() throws {
    let producer = try producer()
    let count = 5000
    for index in 0..<count {
      let bytes = [UInt8(index & 255), UInt8(index >> 8)]
      try producer.send(record(UInt64(index), payload(bytes), headers: [Header("n", "\(index)")]))
    }
    do {
      let reports = producer.reports(count)
      #expect(reports.map(\.token) == (0..<UInt64(count)).map { $0 })
      #expect(reports.allSatisfy { $0.error == nil })
      withExtendedLifetime(reports) {
        #expect(census.alive == count, "a report hands the payload back")
      }
    }
    #expect(census.alive == 0 && census.released == count)
    #expect(producer.queuedCount == 0)
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    let read = consumer.records(count)
    #expect(read.compactMap { Int($0.header("n") ?? "") } == Array(0..<count))
  }

  @Test func `A purge hands every payload back at once, and the producer works on`() throws {
    cluster.setBroker(1, isUp: false)
    let producer = try producer()
    for token in 0..<100 { try producer.send(record(UInt64(token), payload([1]))) }
    #expect(census.alive == 100 && producer.queuedCount >= 100)
    let began = Date()
    producer.purge()
    let reports = producer.reports(100)
    #expect(Date().timeIntervalSince(began) < 5)
    #expect(Set(reports.map(\.token)).count == 100)
    #expect(reports.allSatisfy { $0.error?.kind == .retriable })
    #expect(
      reports.allSatisfy { ["_PURGE_QUEUE", "_PURGE_INFLIGHT"].contains($0.error?.name ?? "") })
    cluster.setBroker(1, isUp: true)
    try producer.send(record(100, payload([2])))
    #expect(producer.reports(1).first?.error == nil)
  }

  @Test func `A record larger than the client's limit is refused at once, and released`() throws {
    let producer = try producer(["message.max.bytes": "10000"])
    do {
      try producer.send(
        record(1, payload([UInt8](repeating: 0, count: 20_000)), headers: [Header("a", "b")]))
      Issue.record("it was taken")
    } catch {
      #expect(error.kind == .oversize && error.name == "MSG_SIZE_TOO_LARGE")
    }
    #expect(census.alive == 0 && census.released == 1)
    try producer.send(record(2, payload([1])))
    #expect(producer.reports(1).map(\.token) == [2])
  }

  @Test func `A record of 8 MiB passes`() throws {
    // The mock cluster keeps 5 MiB a partition, but takes more.
    let producer = try producer()
    try producer.send(record(1, payload([UInt8](repeating: 7, count: 8 << 20))))
    #expect(producer.reports(1).first?.error == nil)
  }

  @Test func `A full queue is backpressure, and nothing is reported of what it refused`() throws {
    cluster.setBroker(1, isUp: false)
    let producer = try producer(["queue.buffering.max.messages": "10"])
    for token in 0..<10 { try producer.send(record(UInt64(token), payload([1]))) }
    do {
      try producer.send(record(10, payload([1]), headers: [Header("a", "b")]))
      Issue.record("it was taken")
    } catch {
      #expect(error.kind == .queueFull)
    }
    #expect(census.alive == 10)
    producer.purge()
    #expect(producer.reports(10).map(\.token).sorted() == Array(0..<10))
  }

  @Test(arguments: [
    ("MSG_SIZE_TOO_LARGE", KafkaError.Kind.oversize),
    ("RECORD_LIST_TOO_LARGE", .oversize),
    ("TOPIC_AUTHORIZATION_FAILED", .refused),
    ("POLICY_VIOLATION", .invalid),
    ("INVALID_RECORD", .invalid),
    ("UNKNOWN", .retriable),
  ])
  func `What the broker refuses is reported with its kind`(
    name: String, kind: KafkaError.Kind
  ) throws {
    let producer = try producer()
    cluster.failProduce([try #require(KafkaError.code(named: name))])
    try producer.send(record(1, payload([1])))
    do {
      let report = try #require(producer.reports(1).first)
      #expect(report.error?.kind == kind && report.error?.name == name)
      #expect(report.token == 1)
      #expect(census.alive == 1)
    }
    #expect(census.alive == 0)
    // For about 2 s after a refused authorisation librdkafka takes nothing for the topic.
    eventually("the producer works on") {
      (try? producer.send(record(2, payload([2])))) != nil
    }
    #expect(producer.reports(1).map(\.token) == [2], "the producer works on")
  }

  @Test func `Errors that pass are overcome by librdkafka itself, in order`() throws {
    let producer = try producer()
    let codes = ["NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT", "NOT_ENOUGH_REPLICAS"]
    cluster.failProduce(codes.compactMap { KafkaError.code(named: $0) })
    for token in 0..<50 { try producer.send(record(UInt64(token), payload([UInt8(token)]))) }
    let reports = producer.reports(50)
    #expect(reports.allSatisfy { $0.error == nil })
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    #expect(consumer.records(50).map(\.value) == (0..<50).map { [UInt8($0)] })
  }

  @Test func `A record that no broker takes in time is reported`() throws {
    cluster.setBroker(1, isUp: false)
    let producer = try producer(["message.timeout.ms": "300"])
    try producer.send(record(1, payload([1])))
    let error = try #require(producer.reports(1).first?.error)
    #expect(error.kind == .retriable && error.name == "_MSG_TIMED_OUT")
  }

  @Test func `A producer that goes releases what it still holds`() throws {
    cluster.setBroker(1, isUp: false)
    var producer: Producer? = try producer()
    for token in 0..<50 { try producer?.send(record(UInt64(token), payload([1]))) }
    #expect(census.alive == 50)
    producer = nil
    #expect(census.alive == 0 && census.released == 50)
  }

  @Test func `A waiting poll can be woken by another thread`() throws {
    let producer = try producer()
    // What the start brings is taken first.
    while !producer.poll(timeoutMilliseconds: 500).isEmpty {}
    let returned = Atomic(false)
    let began = Date()
    let thread = Thread {
      _ = producer.poll(timeoutMilliseconds: 60_000)
      returned.store(true, ordering: .releasing)
    }
    thread.start()
    // The first may come before the thread waits.
    eventually {
      producer.wake()
      return returned.load(ordering: .acquiring)
    }
    #expect(Date().timeIntervalSince(began) < 30)
  }

  @Test func `Warming tells whether a broker answers`() throws {
    let producer = try producer()
    #expect(producer.warm(topic: "vedette.new", timeoutMilliseconds: 10_000) != nil)
    cluster.setBroker(1, isUp: false)
    let lost = try self.producer()
    #expect(lost.warm(topic: topic, timeoutMilliseconds: 200) == nil)
  }

  @Test func `Records go on after brokers were away`() throws {
    let producer = try producer()
    try producer.send(record(1, payload([1])))
    #expect(producer.reports(1).first?.error == nil)
    cluster.setBroker(1, isUp: false)
    let down = producer.events("brokers that are down are told of") { !$0.errors.isEmpty }
    #expect(down.errors.allSatisfy { $0.kind == .retriable && !$0.description.isEmpty })
    try producer.send(record(2, payload([2])))
    cluster.setBroker(1, isUp: true)
    #expect(producer.reports(1).map(\.token) == [2])
  }
}
