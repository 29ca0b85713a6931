import Foundation
import Synchronization
import Testing

@testable import Kafka

/// A payload that tells when it goes.
final class CountedPayload: Payload {
  let bytes: BytesPayload
  let released: Counter

  init(_ bytes: [UInt8], _ released: Counter) {
    self.bytes = BytesPayload(bytes)
    self.released = released
  }

  deinit { released.count.add(1, ordering: .relaxed) }

  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe bytes.withUnsafeBytes(body)
  }
}

final class Counter: Sendable {
  let count = Atomic(0)
  var value: Int { count.load(ordering: .relaxed) }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct ProducerTests {
  private func reports(
    _ producer: Producer, _ count: Int, seconds: Double = 20
  ) -> [DeliveryReport] {
    var reports: [DeliveryReport] = []
    let deadline = Date().addingTimeInterval(seconds)
    while reports.count < count, Date() < deadline {
      for case .delivered(let batch) in producer.poll(timeoutMilliseconds: 100) { reports += batch }
    }
    return reports
  }

  private func record(_ number: Int, _ payload: any Payload, topic: String = "t") -> OutgoingRecord
  {
    OutgoingRecord(
      topic: topic, key: Array("node/cam".utf8),
      headers: [Header("ce_id", "id-\(number)"), Header("empty", "")],
      timestamp: 1_700_000_000_000 + Int64(number), payload: payload, token: UInt64(number))
  }

  @Test func `Records arrive with key, headers, time and bytes, and each payload is let go once`()
    throws
  {
    let cluster = try MockCluster(partitions: 1)
    cluster.createTopic("t", partitions: 1)
    let released = Counter()
    let count = 500
    do {
      let producer = try Producer(brokers: [cluster.bootstrapServers])
      for number in 0..<count {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* number) }
        try producer.send(record(number, CountedPayload(bytes, released)))
      }
      let reports = reports(producer, count)
      #expect(reports.count == count)
      #expect(reports.map(\.token) == (0..<UInt64(count)).map { $0 })
      #expect(reports.allSatisfy { $0.error == nil })
      #expect(reports.map(\.offset) == (0..<Int64(count)).map { $0 })
      #expect(released.value == 0)
    }
    #expect(released.value == count)
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: "t")
    for number in 0..<count {
      let read = try #require(consumer.poll(timeoutMilliseconds: 10_000))
      #expect(read.key == Array("node/cam".utf8))
      #expect(read.header("ce_id") == "id-\(number)" && read.header("empty") == "")
      #expect(read.timestamp == 1_700_000_000_000 + Int64(number))
      #expect(read.value == (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* number) })
    }
  }

  @Test func `A purge gives every payload back, with an error, and the producer works on`() throws {
    let cluster = try MockCluster(partitions: 1)
    cluster.createTopic("t", partitions: 1)
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    try producer.send(record(0, BytesPayload([1])))
    #expect(reports(producer, 1).first?.error == nil)
    cluster.setBroker(1, isUp: false)
    let released = Counter()
    for number in 1...50 { try producer.send(record(number, CountedPayload([2], released))) }
    producer.purge()
    do {
      let back = reports(producer, 50)
      #expect(back.count == 50)
      #expect(back.allSatisfy { $0.error?.kind == .retriable })
      #expect(Set(back.map(\.token)) == Set(1...50))
      #expect(released.value == 0)
    }
    #expect(released.value == 50)
    cluster.setBroker(1, isUp: true)
    try producer.send(record(60, BytesPayload([3])))
    #expect(reports(producer, 1).first?.error == nil)
  }

  @Test func `What a producer holds when it goes is let go`() throws {
    let released = Counter()
    do {
      let producer = try Producer(brokers: ["127.0.0.1:1"])
      for number in 0..<20 { try producer.send(record(number, CountedPayload([1], released))) }
    }
    #expect(released.value == 20)
  }

  @Test(arguments: [
    (Int32(10), KafkaError.Kind.oversize), (29, .refused), (44, .invalid), (87, .invalid),
    (18, .oversize),
  ])
  func `A broker's refusals are told apart`(code: Int32, kind: KafkaError.Kind) throws {
    let cluster = try MockCluster(partitions: 1)
    cluster.createTopic("t", partitions: 1)
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    try producer.send(record(0, BytesPayload([1])))
    _ = reports(producer, 1)
    cluster.failProduce([code])
    try producer.send(record(1, BytesPayload([1])))
    let report = try #require(reports(producer, 1).first)
    #expect(report.error?.kind == kind)
  }

  @Test func `A record beyond the client's limit is refused at once, and let go`() throws {
    let released = Counter()
    let producer = try Producer(
      brokers: ["127.0.0.1:1"], properties: ["message.max.bytes": "2000", "batch.size": "1000"])
    let error = #expect(throws: KafkaError.self) {
      try producer.send(record(0, CountedPayload([UInt8](repeating: 1, count: 3000), released)))
    }
    #expect(error?.kind == .oversize)
    #expect(released.value == 1)
  }

  @Test func `A property that is not known is named, and a secret's value never shown`() {
    let unknown = #expect(throws: KafkaError.self) {
      try Producer(brokers: ["x"], properties: ["no.such": "1"])
    }
    #expect(unknown?.kind == .configuration)
    #expect(unknown?.description.hasPrefix("kafka.properties.no.such: ") == true)
    for (property, secret) in [("socket.timeout.ms", "hunter2"), ("no.such.secret", "hunter2")] {
      let error = #expect(throws: KafkaError.self) {
        try Producer(brokers: ["x"], secrets: [property: secret])
      }
      #expect(error?.description.contains("hunter2") == false)
      #expect(error?.description.contains(property) == true)
    }
  }

  @Test func `A name that does not resolve is told with what to check`() throws {
    let producer = try Producer(brokers: ["no-such-host.invalid:9092"])
    let deadline = Date().addingTimeInterval(20)
    var told: String?
    while told == nil, Date() < deadline {
      for case .error(let error) in producer.poll(timeoutMilliseconds: 100)
      where error.name == "_RESOLVE" {
        told = error.description
      }
    }
    #expect(told?.contains("no-such-host.invalid") == true)
    #expect(told?.contains("check kafka.brokers") == true)
  }

  @Test func `A waiting poll can be woken`() async throws {
    let producer = try Producer(brokers: ["127.0.0.1:1"])
    let began = Date()
    let waiting = Thread { _ = producer.poll(timeoutMilliseconds: 30_000) }
    waiting.start()
    while !waiting.isFinished, Date().timeIntervalSince(began) < 25 {
      producer.wake()
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(waiting.isFinished)
  }
}
