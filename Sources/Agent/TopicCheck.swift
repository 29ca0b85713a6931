import Delivery
import Kafka
import Logging
import Settings
import Synchronization
import Threads

/// Asks at the start whether all topics that the box writes to are there and open to it, and says by name which are not,
/// with the remedy. On a thread of its own, which ends once all are.
final class TopicCheck: Sendable {
  private static let askMilliseconds: Int32 = 5000
  private static let pauseMilliseconds: Int32 = 10_000

  private let topics: [String]
  private let delivery: Delivery
  private let logger: Logger
  private let signal = EventSignal()
  private let isStopping = Atomic(false)

  init(_ settings: Settings, delivery: Delivery, logger: Logger) {
    topics = Self.written(settings)
    self.delivery = delivery
    self.logger = logger
  }

  /// The topics that records go to with these settings.
  static func written(_ settings: Settings) -> [String] {
    let hasFaces = settings.cameras.contains { $0.faces != nil }
    let hasColours = settings.cameras.contains { $0.colours != nil }
    let isCommanded = settings.control != nil
    let uses: [(Topic, Bool)] = [
      (.frames, true), (.events, true), (.annotated, hasFaces), (.faces, hasFaces),
      (.clustered, hasColours), (.metrics, hasColours || settings.control?.heartbeat != nil),
      (.results, isCommanded),
    ]
    return uses.filter(\.1).compactMap { settings.kafka.name(of: $0.0) }
  }

  func start() throws(ThreadError) {
    _ = try NamedThread("topics") { [self] in run() }
  }

  func stop() {
    isStopping.store(true, ordering: .relaxed)
    signal.set()
  }

  private func run() {
    var open = topics
    var told: [String: KafkaError] = [:]
    while !open.isEmpty, !isStopping.load(ordering: .relaxed) {
      for topic in open where !isStopping.load(ordering: .relaxed) {
        // No answer: there is no broker, which Delivery tells of.
        guard let found = try? delivery.metadata(topic, timeoutMilliseconds: Self.askMilliseconds)
        else { break }
        if let error = found.error(topic: topic) {
          if told[topic] != error { logger.error("\(error)") }
          told[topic] = error
        } else {
          open.removeAll { $0 == topic }
          if told[topic] != nil { logger.notice("the topic \(topic) can be used now") }
        }
      }
      if !open.isEmpty { signal.wait(milliseconds: Self.pauseMilliseconds) }
    }
  }
}
