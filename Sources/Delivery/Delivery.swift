package import Kafka
package import Logging
import Meters
import Synchronization
package import Threads

/// Takes records and answers for their fate. Records are handed to librdkafka at once while brokers
/// answer; in an outage they wait in a bounded window of memory whose oldest are dropped, counted.
///
/// `submit` may be called on any thread and never waits. One thread of its own polls librdkafka for
/// delivery reports, watches for outages, and is joined by `shutdown`.
package final class Delivery: Sendable {
  /// How often time-outs are looked at when nothing else happens.
  private static let tickMilliseconds: Int32 = 100
  /// What the reports of a purge may take at shutdown.
  private static let lastReportsNanoseconds: UInt64 = 500_000_000
  /// How long reports may gather while nothing hangs on them. librdkafka's thread notes the time of each.
  private static let pauseMilliseconds: Int32 = 200
  private static let never = UInt64.max

  let producer: Producer
  let state: Mutex<DeliveryState>
  let logger: Logger
  private let topics: [String]
  /// When the polling thread last came round, nanoseconds of CLOCK_MONOTONIC.
  private let lastTurn = Atomic(Clock.monotonic)
  /// Whether the polling thread lets reports gather.
  private let isPausing = Atomic(false)
  /// When the polling thread is to end, nanoseconds of CLOCK_MONOTONIC.
  private let deadline = Atomic(Delivery.never)
  private let thread = Mutex<NamedThread?>(nil)
  let complaints: Complaints

  /// - Parameter topics: asked for at the start, so that their first record need not wait.
  package init(
    producer: Producer, options: DeliveryOptions, topics: [String] = [], logger: Logger
  ) {
    self.producer = producer
    self.topics = topics
    self.logger = logger
    complaints = Complaints(logger: logger)
    state = Mutex(DeliveryState(options: options))
  }

  package var picture: DeliveryPicture { state.withLock { $0.picture } }

  /// Starts the polling thread.
  package func start() throws(ThreadError) {
    let started = try NamedThread("kafka-poll") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Takes a record and books it; it is sent, or waits, or is dropped with a reason.
  package func submit(_ record: Record) {
    let isUnhurried = state.withLock { state in
      state.accept(record)
      pump(&state)
      return state.isUnhurried
    }
    if !isUnhurried, isPausing.exchange(false, ordering: .acquiringAndReleasing) { producer.wake() }
  }

  /// Delivers what is left for as long as `seconds` allow, then drops the rest as `shutdown`. The
  /// polling thread has ended when this returns.
  package func shutdown(seconds: Double) {
    let budget = UInt64(max(0, seconds) * 1e9)
    let delivering = budget > Self.lastReportsNanoseconds ? budget - Self.lastReportsNanoseconds : 0
    deadline.store(Clock.monotonic + delivering, ordering: .releasing)
    producer.wake()
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
  }

  /// How long ago the polling thread came round: it is alive while this stays small.
  package var secondsSinceTurn: Double {
    let last = lastTurn.load(ordering: .relaxed)
    return Double(max(Clock.monotonic, last) - last) / 1e9
  }

  private func run() {
    for topic in topics where deadline.load(ordering: .acquiring) == Self.never {
      _ = producer.warm(topic: topic, timeoutMilliseconds: 1000)
    }
    while true {
      turn()
      lastTurn.store(Clock.monotonic, ordering: .relaxed)
      let deadline = deadline.load(ordering: .acquiring)
      guard deadline != Self.never else { continue }
      if Clock.monotonic >= deadline || state.withLock({ $0.isIdle }) { break }
    }
    state.withLock { $0.close() }
    producer.purge()
    let last = Clock.monotonic + Self.lastReportsNanoseconds
    while Clock.monotonic < last, !state.withLock({ $0.isIdle }) { turn() }
    state.withLock { $0.abandonFlights() }
  }

  /// One round of the polling thread: what librdkafka has to tell, then time-outs, then more to send.
  private func turn() {
    for event in nextEvents() { handle(event) }
    let now = Clock.monotonic
    let outage = state.withLock { state in
      state.dropAged(now: now)
      let begins = state.outageBegins(now: now)
      // Whatever librdkafka still holds comes back by reports and waits in the window, in order.
      if begins { producer.purge() }
      pump(&state)
      return begins ? state.picture : nil
    }
    if let outage { complaints.outageBegan(outage) }
  }

  private func nextEvents() -> [ProducerEvent] {
    guard deadline.load(ordering: .acquiring) == Self.never else {
      return producer.poll(timeoutMilliseconds: Self.tickMilliseconds)
    }
    isPausing.store(true, ordering: .sequentiallyConsistent)
    guard state.withLock({ $0.isUnhurried }) else {
      isPausing.store(false, ordering: .relaxed)
      return producer.poll(timeoutMilliseconds: Self.tickMilliseconds)
    }
    producer.pause(milliseconds: Self.pauseMilliseconds)
    isPausing.store(false, ordering: .relaxed)
    return producer.poll(timeoutMilliseconds: 0)
  }

  private static let firstAttempt = Headers([Header("ce_attempt", "1")])

  private static func attemptHeaders(_ attempt: Int) -> Headers {
    attempt == 1 ? firstAttempt : Headers([Header("ce_attempt", String(attempt))])
  }

  /// Hands waiting records to librdkafka. Called under the lock, so that order is kept.
  private func pump(_ state: inout DeliveryState) {
    while let entry = state.departing(now: Clock.monotonic) {
      var outgoing = OutgoingRecord(
        topic: entry.record.topic, key: entry.record.key, headers: entry.record.headers,
        timestamp: entry.record.timestamp, payload: entry.record.payload, token: entry.serial)
      outgoing.attemptHeaders = Self.attemptHeaders(entry.attempt)
      do {
        try producer.send(outgoing)
      } catch {
        refuse(entry.serial, error, wasSent: false, &state)
        // A full queue, or brokers that refuse: the next round tries again.
        if error.kind != .oversize, error.kind != .invalid { return }
      }
    }
  }

  /// What becomes of a record that was not taken, by the kind of error.
  /// - Parameter wasSent: true where librdkafka took it first.
  func refuse(
    _ serial: UInt64, _ error: KafkaError, wasSent: Bool, _ state: inout DeliveryState
  ) {
    switch error.kind {
    case .oversize:
      if let record = state.lost(serial, as: .dropped(.oversize)) {
        complaints.oversize(record, error)
      }
    case .invalid:
      if let record = state.lost(serial, as: .dead) { complaints.invalid(record, error) }
    case .queueFull: state.returned(serial, wasSent: wasSent)
    case .refused, .fatal, .configuration:
      state.returned(serial, wasSent: wasSent)
      state.lastError = error.description
      state.beginOutage(now: Clock.monotonic)
      state.hold(now: Clock.monotonic)
      complaints.refused(error)
    case .retriable:
      state.returned(serial, wasSent: wasSent)
      // Our own purge is no news.
      guard !error.isPurge else { return }
      state.lastError = error.description
      state.hold(now: Clock.monotonic)
      complaints.broker(error)
    }
  }
}

extension KafkaError {
  /// The record came back because we took it back.
  var isPurge: Bool { name == "_PURGE_QUEUE" || name == "_PURGE_INFLIGHT" }

  /// The record waits and will be sent again, though nobody took it back.
  var isFailure: Bool {
    switch kind {
    case .oversize, .invalid, .queueFull: false
    case .retriable: !isPurge
    case .refused, .fatal, .configuration: true
    }
  }
}
