import Foundation
import Kafka
import Meters
import Spool
import Testing

@testable import Delivery

/// What is wrong with one topic or partition holds up nothing else.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LaneTests {
  private static let metrics = "vedette.metrics"

  private func options(_ folder: DeliverySpoolTests.Folder?) -> DeliveryOptions {
    guard let folder else { return DeliveryOptions(memoryMax: 2 << 20, outageAfter: 1.5) }
    var use = SpoolUse(folder: folder.path)
    use.store.segmentBytes = 1 << 20
    use.replayJitter = 0
    use.replayRate = 100e6
    use.commitInterval = 0.02
    return DeliveryOptions(memoryMax: 2 << 20, outageAfter: 1.5, spool: use)
  }

  /// Two keys whose records go to different ones of `count` partitions, and the partition of the first.
  private func keys(partitions count: Int32) throws -> (String, String, partition: Int) {
    let names = (0..<20).map { "node/cam\($0)" }
    let first = Producer.partition(of: Array(names[0].utf8), count: count)
    let other = try #require(
      names.first { Producer.partition(of: Array($0.utf8), count: count) != first })
    return (names[0], other, Int(first))
  }

  @Test func `What brokers say of a topic shows before a record fails, and goes when one arrives`()
    throws
  {
    let side = StreamMeters(name: "side")
    let bench = try Bench(options: options(nil), streams: [side])
    bench.delivery.note(topic: Self.metrics, TopicMetadata.missing.error(topic: Self.metrics))
    let told = bench.delivery.picture.blocked
    #expect(told.map(\.topic) == [Self.metrics] && told.allSatisfy(\.isCertain))
    #expect(told.first?.remedy?.contains("\(Self.metrics) does not exist") == true)
    bench.submit(5, bytes: 2000)
    bench.eventually { $0.delivered == 5 }
    #expect(bench.delivery.picture.blocked.count == 1)
    bench.delivery.submit(
      Bench.record(1, bytes: 200, meters: side, topic: Self.metrics, key: "node"))
    bench.eventually(within: 20, "an acknowledgement ends it") { _ in
      bench.delivery.picture.blocked.isEmpty
    }
    bench.delivery.note(topic: Self.metrics, TopicMetadata.denied.error(topic: Self.metrics))
    #expect(bench.delivery.picture.blocked.first?.remedy?.contains("grant it WRITE") == true)
    bench.delivery.note(topic: Self.metrics, nil)
    #expect(bench.delivery.picture.blocked.isEmpty)
  }

  @Test(
    arguments: [("UNKNOWN_TOPIC_OR_PART", "create it"), ("TOPIC_AUTHORIZATION_FAILED", "grant")],
    [true, false])
  func `A side topic that is missing or denied holds up no frame, and is told by name`(
    fault: (name: String, remedy: String), isSpooling: Bool
  ) throws {
    let folder = DeliverySpoolTests.Folder()
    let side = StreamMeters(name: "side")
    let bench = try Bench(options: options(isSpooling ? folder : nil), streams: [side])
    bench.cluster.setTopicError(Self.metrics, try #require(KafkaError.code(named: fault.name)))
    for number in 0..<200 {
      bench.delivery.submit(
        Bench.record(number, bytes: 200, meters: side, topic: Self.metrics, key: "node"))
      bench.submit(1, bytes: 2000)
      usleep(5000)
    }
    bench.eventually { $0.delivered == 200 }
    bench.eventually(within: 60, "the topic is known to be at fault") { _ in
      bench.delivery.picture.blocked.contains {
        $0.topic == Self.metrics && $0.key == nil && $0.remedy?.contains(fault.remedy) == true
      }
    }
    bench.eventually { _ in
      bench.lines.all.contains { $0.contains(Self.metrics) && $0.contains(fault.remedy) }
    }
    // Frames still flow.
    bench.submit(100, bytes: 2000)
    bench.eventually { $0.delivered == 300 }
    #expect(bench.counts.droppedInAll == 0 && bench.delivery.picture.outageSince == nil)
    #expect(bench.lines.count("no broker acknowledges") == 0)
    #expect(side.ledger.snapshot.delivered == 0 && side.ledger.snapshot.isBalanced)
    bench.cluster.setTopicError(Self.metrics, 0)
    bench.eventually(within: 60, "the records of the topic arrive") { _ in
      side.ledger.snapshot.delivered == 200
    }
    #expect(side.ledger.snapshot.droppedInAll == 0)
    let arrived = try bench.headers("n", topic: Self.metrics).compactMap { Int($0) }
    #expect(firsts(arrived) == Array(0..<200))
    #expect(bench.delivery.picture.blocked.isEmpty)
    #expect(Set(try bench.attempts()) == ["1"], "no frame was taken back")
  }

  @Test(arguments: [true, false])
  func `A partition without a leader holds up no camera of another`(isSpooling: Bool) throws {
    let folder = DeliverySpoolTests.Folder()
    let (offline, online, partition) = try keys(partitions: 4)
    let dark = StreamMeters(name: "dark")
    let bench = try Bench(
      options: options(isSpooling ? folder : nil), partitions: 4, streams: [dark])
    func submit(_ number: Int) {
      bench.delivery.submit(Bench.record(number, bytes: 2000, meters: dark, key: offline))
      bench.delivery.submit(Bench.record(number, bytes: 2000, meters: bench.meters, key: online))
    }
    for number in 0..<20 { submit(number) }
    bench.eventually { $0.delivered == 20 && dark.ledger.snapshot.delivered == 20 }
    bench.cluster.setLeader(Bench.topic, partition: partition, nil)
    var number = 20
    bench.eventually(within: 60, "the partition is known to be at fault") { counts in
      submit(number)
      number += 1
      usleep(8000)
      return bench.delivery.picture.blocked.contains { $0.key == offline }
    }
    let seen = number
    while number < seen + 100 {
      submit(number)
      number += 1
      usleep(2000)
    }
    bench.eventually { $0.delivered == number }
    #expect(bench.counts.droppedInAll == 0 && dark.ledger.snapshot.delivered < number)
    bench.eventually { _ in bench.lines.count("of \(offline)") > 0 }
    #expect(bench.lines.count("no broker acknowledges") == 0)
    if isSpooling { bench.eventually { _ in dark.ledger.snapshot.spooled > 50 } }
    bench.cluster.setLeader(Bench.topic, partition: partition, 1)
    bench.eventually(within: 60, "its records arrive") { _ in
      let counts = dark.ledger.snapshot
      return counts.isBalanced && counts.delivered + counts.droppedInAll == number
    }
    if isSpooling { #expect(dark.ledger.snapshot.droppedInAll == 0) }
    let healthy = try bench.headers("n", of: online).compactMap { Int($0) }
    #expect(healthy == Array(0..<number), "none of the other partition was doubled or moved")
    let late = firsts(try bench.headers("n", of: offline).compactMap { Int($0) })
    #expect(late == late.sorted())
  }

  @Test func `A backlog of a blocked partition is passed over, and comes in order later`() throws {
    let folder = DeliverySpoolTests.Folder()
    let (offline, online, partition) = try keys(partitions: 4)
    let dark = StreamMeters(name: "dark")
    let bench = try Bench(
      options: options(folder), partitions: 4, streams: [dark])
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.setBroker(1, isUp: false)
    // Several times what is read ahead, all of the blocked one first, then both in turn.
    var number = 0
    bench.submitWithRoom(600, bytes: 10_000, memoryMax: 2 << 20) {
      bench.delivery.submit(Bench.record(number, bytes: 5000, meters: dark, key: offline))
      if number >= 300 {
        bench.delivery.submit(Bench.record(number, bytes: 5000, meters: bench.meters, key: online))
      }
      number += 1
    }
    // The rest was in flight when the outage began, and stays in memory to go first.
    bench.eventually(within: 60, "most is on disk") {
      $0.spooled > 200 && dark.ledger.snapshot.spooled > 400
    }
    bench.cluster.setLeader(Bench.topic, partition: partition, nil)
    bench.cluster.setBroker(1, isUp: true)
    // A live record shows that brokers answer.
    bench.delivery.submit(
      Bench.record(600, bytes: 1000, meters: bench.meters, key: online))
    bench.eventually(within: 90, "the others' backlog arrives") { $0.delivered == 302 }
    #expect(bench.counts.droppedInAll == 0 && bench.counts.spooled == 0)
    #expect(dark.ledger.snapshot.delivered == 0 && dark.ledger.snapshot.isBalanced)
    bench.cluster.setLeader(Bench.topic, partition: partition, 1)
    bench.eventually(within: 90, "then its own") { _ in dark.ledger.snapshot.delivered == 600 }
    #expect(dark.ledger.snapshot.droppedInAll == 0 && dark.ledger.snapshot.spooled == 0)
    let arrived = firsts(try bench.headers("n", of: offline).compactMap { Int($0) })
    #expect(arrived == Array(0..<600))
  }
}
