import CPosix
import Foundation
import Kafka
import Logging
import Meters
import Spool
import Synchronization
import Testing

@testable import Delivery

/// Keeps what was logged.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  func append(_ line: String) { lines.withLock { $0.append(line) } }

  func count(_ part: String) -> Int { all.filter { $0.contains(part) }.count }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: Lines
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.append("\(event.level): \(event.message)") }
  }
}

/// A delivery to a mock cluster, with one camera's book.
final class Bench {
  static let topic = "vedette.frames"

  let cluster: MockCluster
  let delivery: Delivery
  let meters = StreamMeters(name: "front")
  private let events: StreamMeters
  let lines = Lines()
  private var next = 0

  init(
    options: DeliveryOptions = DeliveryOptions(outageAfter: 0.5), isUp: Bool = true,
    partitions: Int = 1, streams: [StreamMeters] = [], properties: [String: String] = [:],
    told: Told = Told()
  ) throws {
    events = told.meters
    cluster = try MockCluster(partitions: partitions)
    if !isUp { cluster.setBroker(1, isUp: false) }
    let producer = try Producer(brokers: [cluster.bootstrapServers], properties: properties)
    delivery = Delivery(
      producer: producer, options: options, topics: [Bench.topic], streams: [meters] + streams,
      classes: [events], announcements: told.announcements, logger: lines.logger)
    try delivery.start()
  }

  deinit { delivery.shutdown(seconds: 0) }

  var counts: LedgerCounts { meters.ledger.snapshot }

  /// Submits `count` records, numbered from where the last call ended.
  func submit(_ count: Int = 1, bytes: Int = 1000) {
    for _ in 0..<count {
      delivery.submit(Bench.record(next, bytes: bytes, meters: meters))
      next += 1
      #expect(counts.isBalanced && counts.captured == next)
    }
  }

  /// Submits records as fast as there is memory for them: however slow the machine is, none is dropped.
  func submitWithRoom(
    _ count: Int, bytes: Int, memoryMax: Int, _ submit: (() -> Void)? = nil
  ) {
    for _ in 0..<count {
      eventually(within: 60, "the disk takes what the broker does not") { _ in
        delivery.picture.bytes < memoryMax * 3 / 4 - bytes
      }
      if let submit { submit() } else { self.submit(1, bytes: bytes) }
    }
  }

  /// As hard to compress as a JPEG.
  private static let noise: [UInt8] = {
    var generator = SystemRandomNumberGenerator()
    return (0..<2 << 20).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()

  static func record(
    _ number: Int, bytes: Int, meters: StreamMeters, topic: String = Bench.topic,
    key: String = "node/front"
  ) -> Record {
    var record = Record(
      topic: topic, key: Array(key.utf8), headers: Headers([Header("n", "\(number)")]),
      timestamp: 0, payload: BytesPayload(noise.prefix(bytes)),
      payloadBytes: bytes, capturedAt: monotonicNow(), meters: meters)
    record.sequence = UInt64(number)
    meters.ledger.capture()
    return record
  }

  /// Waits until `isTrue` of the ledger, which balances throughout.
  func eventually(
    within seconds: Double = 20, _ comment: Comment = "it did not come to be",
    _ isTrue: (LedgerCounts) -> Bool
  ) {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      let counts = counts
      guard counts.isBalanced else {
        Issue.record("the ledger does not balance: \(counts)")
        return
      }
      if isTrue(counts) { return }
      guard Date() < deadline else {
        Issue.record("\(comment): \(counts), \(delivery.picture), \(lines.all)")
        return
      }
      usleep(2000)
    }
  }

  /// The numbers of the records that arrived: until nothing more comes for a while.
  func arrived() throws -> [Int] { try headers("n").map { Int($0) ?? -1 } }

  /// The numbers of the attempts by which they arrived.
  func attempts() throws -> [String] { try headers("ce_attempt") }

  func replayMarks() throws -> [String] { try headers("ce_replay") }

  /// - Parameter key: of the records that are looked at; nil for all.
  func headers(
    _ name: String, of key: String? = nil, topic: String = Bench.topic
  ) throws -> [String] {
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: topic)
    var values: [String] = []
    var timeout: Int32 = 10_000
    while let record = consumer.poll(timeoutMilliseconds: timeout) {
      timeout = 1000
      guard key == nil || record.key == Array((key ?? "").utf8) else { continue }
      values.append(record.header(name) ?? "none")
    }
    return values
  }
}

/// Nanoseconds of CLOCK_MONOTONIC.
func monotonicNow() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The numbers as they came first: what came again is left out.
func firsts(_ numbers: [Int]) -> [Int] {
  var seen = Set<Int>()
  return numbers.filter { seen.insert($0).inserted }
}

/// A disk that fails on cue.
final class FailingDisk: Sendable {
  private struct Order {
    var call: DiskFaults.Call
    var code: Int32
    var times: Int
    var part: String
  }

  private let orders = Mutex<[Order]>([])

  var faults: DiskFaults {
    DiskFaults { call, path in
      self.orders.withLock { orders in
        let index = orders.firstIndex {
          $0.call == call && path.contains($0.part) && $0.times > 0
        }
        guard let index else { return nil }
        orders[index].times -= 1
        return orders[index].code
      }
    }
  }

  func fail(_ call: DiskFaults.Call, _ code: Int32, times: Int = .max, on part: String = "/") {
    orders.withLock { $0.append(Order(call: call, code: code, times: times, part: part)) }
  }

  func heal() { orders.withLock { $0 = [] } }
}

/// Makes events of what Delivery announces, and keeps count.
final class Told: Sendable {
  static let topic = "vedette.events"

  let meters = StreamMeters(name: "events")
  private let gaps = Mutex<[Gap]>([])

  func count(_ reason: DropReason) -> Int {
    gaps.withLock { $0.filter { $0.reason == reason }.reduce(0) { $0 + $1.count } }
  }

  func record(_ number: Int, gap: Gap? = nil) -> Record {
    let bytes = Array("{\"event\":\(number)}".utf8)
    var headers = Headers([Header("n", "\(number)")])
    if let gap { headers.append("gap", "\(gap.count)") }
    var record = Record(
      topic: Self.topic, key: Array("node/front".utf8), headers: headers, timestamp: 0,
      payload: BytesPayload(bytes), payloadBytes: bytes.count, capturedAt: monotonicNow(),
      meters: meters)
    record.spoolClass = .events
    meters.ledger.capture()
    return record
  }

  var announcements: Announcements {
    Announcements(
      gap: { gap in
        self.gaps.withLock { $0.append(gap) }
        return self.record(-1, gap: gap)
      },
      deadLetter: { _, _ in self.record(-2) })
  }
}
