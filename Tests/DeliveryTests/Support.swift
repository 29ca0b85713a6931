import Foundation
import Kafka
import Logging
import Meters
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
  let meters = CameraMeters(name: "front")
  let lines = Lines()
  private var next = 0

  init(
    options: DeliveryOptions = DeliveryOptions(outageAfter: 0.5), isUp: Bool = true,
    properties: [String: String] = [:]
  ) throws {
    cluster = try MockCluster(partitions: 1)
    if !isUp { cluster.setBroker(1, isUp: false) }
    let producer = try Producer(brokers: [cluster.bootstrapServers], properties: properties)
    delivery = Delivery(
      producer: producer, options: options, topics: [Bench.topic], logger: lines.logger)
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

  static func record(_ number: Int, bytes: Int, meters: CameraMeters) -> Record {
    Record(
      topic: topic, key: Array("node/front".utf8), headers: Headers([Header("n", "\(number)")]),
      timestamp: 0, payload: BytesPayload([UInt8](repeating: UInt8(number & 255), count: bytes)),
      payloadBytes: bytes, capturedAt: monotonicNow(), meters: meters)
  }

  /// Waits until `isTrue` of the ledger, which balances throughout.
  func eventually(
    within seconds: Double = 30, _ comment: Comment = "it did not come to be",
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

  private func headers(_ name: String) throws -> [String] {
    let consumer = try Consumer(brokers: [cluster.bootstrapServers], topic: Bench.topic)
    var values: [String] = []
    var timeout: Int32 = 10_000
    while let record = consumer.poll(timeoutMilliseconds: timeout) {
      values.append(record.header(name) ?? "none")
      timeout = 1000
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
