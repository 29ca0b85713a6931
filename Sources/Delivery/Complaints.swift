import Kafka
import Logging
import Meters
import Synchronization
import Threads

/// What Delivery tells the operator: each kind of trouble once when it begins, then at most once a
/// minute with how often it came.
final class Complaints: Sendable {
  private static let quietNanoseconds: UInt64 = 60_000_000_000

  private struct Entry {
    var toldAt: UInt64
    var since = 0
  }

  private let logger: Logger
  private let entries = Mutex<[String: Entry]>([:])

  init(logger: Logger) { self.logger = logger }

  func outageBegan(_ picture: DeliveryPicture) {
    let cause = picture.lastError.map { " (\($0))" } ?? ""
    logger.warning(
      """
      no broker acknowledges\(cause): frames wait in memory, and the oldest are dropped when it is full
      """)
  }

  func outageEnded(seconds: Double, _ picture: DeliveryPicture) {
    let tenths = Int((seconds * 10).rounded())
    logger.notice(
      "brokers acknowledge again after \(tenths / 10).\(tenths % 10) s; \(picture.waiting) frames wait"
    )
    entries.withLock { $0 = $0.filter { $0.key.hasPrefix("oversize ") } }
  }

  func oversize(_ record: Record, _ error: KafkaError) {
    tell("oversize \(record.meters.name)", once: true) {
      logger.error(
        """
        a frame of \(record.payloadBytes) bytes is larger than topic \(record.topic) takes \
        (\(error.description)); such frames are counted as oversize. Lower the camera's quality or \
        scale, or raise the topic's max.message.bytes
        """, metadata: ["camera": "\(record.meters.name)"])
    }
  }

  func invalid(_ record: Record, _ error: KafkaError) {
    tell("invalid \(record.topic)") { more in
      logger.error("the broker does not accept a record for \(record.topic): \(error)\(more)")
    }
  }

  func refused(_ error: KafkaError) {
    tell("refused \(error.name)") { more in
      logger.error("the broker refuses us: \(error)\(more)")
    }
  }

  func broker(_ error: KafkaError) {
    tell("broker \(error.name)") { more in logger.warning("kafka: \(error)\(more)") }
  }

  func librdkafka(level: Int, facility: String, message: String) {
    // Its errors also come as events, in words of ours.
    let severity: Logger.Level = level <= 4 ? .info : .debug
    tell("log \(facility)") { more in
      logger.log(level: severity, "librdkafka \(facility): \(message)\(more)")
    }
  }

  private func tell(_ key: String, once: Bool = false, _ say: (String) -> Void = { _ in }) {
    let now = Clock.monotonic
    let more: Int? = entries.withLock { entries in
      guard var entry = entries[key] else {
        entries[key] = Entry(toldAt: now)
        return 0
      }
      entry.since += 1
      defer { entries[key] = entry }
      guard !once, now - entry.toldAt >= Self.quietNanoseconds else { return nil }
      let count = entry.since
      entry = Entry(toldAt: now)
      return count
    }
    if let more { say(more > 1 ? " (\(more) times in the last minute)" : "") }
  }

  private func tell(_ key: String, once: Bool, _ say: () -> Void) {
    tell(key, once: once) { _ in say() }
  }
}
