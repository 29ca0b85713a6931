import Analysers
import Analysis
import Delivery
import Kafka
import Logging
import Settings
import Synchronization
import Threads

/// Asks at the start, and whenever topics are changed, whether all topics that the box writes to are there and open to it,
/// and says by name which are not, with the remedy: in the log, and by Delivery's picture on the status. On a thread of its
/// own.
final class TopicCheck: Service {
  private static let askMilliseconds: Int32 = 5000
  /// Brokers that make topics by themselves say that one is missing until they have.
  private static let patienceNanoseconds: UInt64 = 2_000_000_000
  private static let patiencePauseMilliseconds: Int32 = 250
  private static let pauseMilliseconds: Int32 = 5000

  private struct State {
    /// Those that are not known to be in order.
    var open: [String]
    /// All of them.
    var all: [String]
    var told: [String: KafkaError] = [:]
  }

  private let state: Mutex<State>
  private let delivery: Delivery
  private let logger: Logger
  private let signal = EventSignal()
  private let isStopping = Atomic(false)

  init(_ assembly: Assembly, delivery: Delivery, logger: Logger) {
    state = Mutex(State(open: assembly.writtenTopics, all: assembly.writtenTopics))
    self.delivery = delivery
    self.logger = logger
  }

  let name = "topics"
  let patience = StopPatience.seconds(1)

  func start() throws(AgentError) {
    do {
      _ = try NamedThread("topics") { [self] in run() }
    } catch {
      throw AgentError("\(error)", .temporary)
    }
  }

  func beginStop() { stop(seconds: 0) }

  func stop(seconds: Double) {
    isStopping.store(true, ordering: .relaxed)
    signal.set()
  }

  /// Those that are asked about.
  var topics: [String] { state.withLock { $0.all } }

  /// Asks about the topics that are written to then: those of commands stay what they are.
  func adopt(_ new: Assembly, into running: inout Assembly) {
    var next = new
    next.control = running.control
    if next.writtenTopics != topics { look(next.writtenTopics) }
  }

  private func look(_ topics: [String]) {
    let gone = state.withLock { state in
      let gone = state.told.keys.filter { !topics.contains($0) }
      for topic in gone { state.told[topic] = nil }
      (state.open, state.all) = (topics, topics)
      return gone
    }
    for topic in gone { delivery.note(topic: topic, nil) }
    signal.set()
  }

  private var goesOn: Bool { !isStopping.load(ordering: .relaxed) }

  private func run() {
    // When brokers first said that a topic is missing.
    var missingSince: [String: UInt64] = [:]
    while goesOn {
      var isSoon = false
      for topic in state.withLock({ $0.open }) where goesOn {
        // No answer: there is no broker, which Delivery tells of.
        guard let found = try? delivery.metadata(topic, timeoutMilliseconds: Self.askMilliseconds)
        else { break }
        let now = Clock.monotonic
        if found == .missing || found == .partitions(0) {
          let since = missingSince[topic, default: now]
          missingSince[topic] = since
          guard now - since >= Self.patienceNanoseconds else {
            isSoon = true
            continue
          }
        } else {
          missingSince[topic] = nil
        }
        note(topic, found.error(topic: topic))
      }
      let rest = isSoon ? Self.patiencePauseMilliseconds : Self.pauseMilliseconds
      signal.wait(milliseconds: state.withLock { $0.open.isEmpty } ? -1 : rest)
    }
  }

  private func note(_ topic: String, _ error: KafkaError?) {
    let before = state.withLock { state -> KafkaError?? in
      guard state.open.contains(topic) else { return nil }
      if error == nil { state.open.removeAll { $0 == topic } }
      defer { state.told[topic] = error }
      return .some(state.told[topic])
    }
    // It is no longer in use.
    guard let before else { return }
    delivery.note(topic: topic, error)
    if let error, before != error { logger.error("\(error)") }
    if error == nil, before != nil { logger.notice("the topic \(topic) can be used now") }
  }
}
