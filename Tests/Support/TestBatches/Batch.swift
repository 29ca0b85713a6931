import Kafka

/// Batches as anybody may write them to a topic.
package enum Batch {
  package struct Failure: Error {}

  /// What is small on the way and large once it is read.
  package enum Bomb: String, CaseIterable, Sendable {
    case gzip, lz4, snappy, zstd
    /// Compresses well, and each record costs its reader hundreds of bytes.
    case tiny

    /// More than a reader may take.
    fileprivate var values: (one: [UInt8], count: Int) {
      switch self {
      // It becomes no smaller than a twentieth, and the mock cluster keeps 5 MiB.
      case .snappy: ([UInt8](repeating: 0, count: 8_000_000), 13)
      case .gzip, .lz4, .zstd: ([UInt8](repeating: 0, count: 8_000_000), 25)
      case .tiny: ([1], 400_000)
      }
    }

    fileprivate var codec: String { self == .tiny ? "gzip" : rawValue }
  }

  /// Writes a bomb as one batch.
  /// - Returns: its offsets.
  @discardableResult
  package static func send(
    _ bomb: Bomb, to brokers: String, _ topic: String = "vedette.control", partition: Int32 = 0
  ) throws -> ClosedRange<Int64> {
    let (one, count) = bomb.values
    let payload = BytesPayload(one)
    return try send(
      count, { _ in payload }, to: brokers, topic, partition: partition, codec: bomb.codec)
  }

  /// Writes values as one batch.
  @discardableResult
  package static func send(
    _ values: [[UInt8]], to brokers: String, _ topic: String = "vedette.control",
    partition: Int32 = 0, codec: String = "none"
  ) throws -> ClosedRange<Int64> {
    try send(
      values.count, { BytesPayload(values[$0]) }, to: brokers, topic, partition: partition,
      codec: codec)
  }

  private static func send(
    _ count: Int, _ payload: (Int) -> any Payload, to brokers: String, _ topic: String,
    partition: Int32, codec: String
  ) throws -> ClosedRange<Int64> {
    let producer = try Producer(
      brokers: [brokers],
      properties: [
        "compression.type": codec, "message.max.bytes": "1000000000", "batch.size": "1000000000",
        "batch.num.messages": "\(min(max(count, 1), 1_000_000))",
        "queue.buffering.max.messages": "1000000",
        // Longer than queueing takes; the batch is full before.
        "linger.ms": "5000", "message.timeout.ms": "120000", "socket.timeout.ms": "60000",
      ])
    for token in 0..<count {
      var record = OutgoingRecord(
        topic: topic, key: [], headers: Headers(), timestamp: 0, payload: payload(token),
        token: UInt64(token))
      record.partition = partition
      try producer.send(record)
    }
    var offsets: [Int64] = []
    for _ in 0..<2000 where offsets.count < count {
      for case .delivered(let reports) in producer.poll(timeoutMilliseconds: 100) {
        for report in reports {
          guard report.error == nil else { throw Failure() }
          offsets.append(report.offset)
        }
      }
    }
    guard let first = offsets.min(), let last = offsets.max(), offsets.count == count else {
      throw Failure()
    }
    return first...last
  }
}
