import Foundation
import Kafka
import Testing

/// Idempotent producers that end for good.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FatalErrorTests {
  private let cluster: MockCluster
  private let census = Census()

  init() throws { cluster = try MockCluster(partitions: 1) }

  private func producer(_ properties: [String: String] = [:]) throws -> Producer {
    try Producer(
      brokers: [cluster.bootstrapServers],
      properties: properties.merging(["enable.idempotence": "true"]) { $1 })
  }

  private func send(_ producer: Producer, _ token: UInt64) throws {
    try producer.send(record(token, CountedPayload([UInt8(token)], census: census)))
  }

  private static let cause = "OUT_OF_ORDER_SEQUENCE_NUMBER"

  @Test func `A fatal error is told once, with its cause, and stays`() throws {
    let producer = try producer()
    try send(producer, 1)
    #expect(producer.reports(1).first?.error == nil)
    #expect(producer.fatal == nil)
    let code = try #require(KafkaError.code(named: Self.cause))
    producer.simulateFatal(code, reason: "the numbers do not follow")
    var events = producer.events("the error did not come") { events in
      events.errors.contains { $0.kind == .fatal }
    }
    events += producer.poll(timeoutMilliseconds: 300)
    let told = events.errors.filter { $0.kind == .fatal }
    #expect(told.count == 1)
    for error in [try #require(told.first), try #require(producer.fatal)] {
      #expect(error.kind == .fatal && error.name == Self.cause && error.code == code)
      #expect(error.description.contains("the numbers do not follow"))
    }
    do {
      try send(producer, 2)
      Issue.record("a producer that is of no use took a record")
    } catch {
      let error = try #require(error as? KafkaError)
      #expect(error.kind == .fatal && error.name == Self.cause)
    }
    #expect(census.alive == 0)
  }

  @Test func `The replacement takes what the old one hands back`() throws {
    cluster.setBroker(1, isUp: false)
    let old = try producer(["client.id": "box"])
    for token in 0..<20 { try send(old, UInt64(token)) }
    old.simulateFatal(try #require(KafkaError.code(named: Self.cause)), reason: "a test")
    let new = try old.replacement()
    #expect(new.fatal == nil)
    old.purge()
    let reports = old.reports(20)
    #expect(Set(reports.map(\.token)).count == 20)
    #expect(reports.allSatisfy { [.fatal, .retriable].contains($0.error?.kind) })
    #expect(old.queuedCount == 0)
    cluster.setBroker(1, isUp: true)
    for report in reports.sorted(by: { $0.token < $1.token }) {
      try new.send(record(report.token, report.payload))
    }
    #expect(new.reports(20).allSatisfy { $0.error == nil })
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    #expect(consumer.records(20).map(\.value) == (0..<20).map { [UInt8($0)] })
  }

  @Test func `A replacement has the properties of the first, and outlives it`() throws {
    var old: Producer? = try producer(["message.max.bytes": "10000", "max.in.flight": "1"])
    var new = try #require(try old?.replacement())
    old = nil
    new = try new.replacement()
    try send(new, 1)
    #expect(new.reports(1).first?.error == nil)
    let large = CountedPayload([UInt8](repeating: 0, count: 20_000), census: census)
    do {
      try new.send(record(2, large))
      Issue.record("it was taken")
    } catch {
      #expect(error.kind == .oversize)
    }
    new.simulateFatal(try #require(KafkaError.code(named: Self.cause)), reason: "it is idempotent")
    #expect(new.fatal != nil)
  }
}
