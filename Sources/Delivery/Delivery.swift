package import Kafka
package import Logging
package import Meters
package import Spool
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
  /// The same while the backlog waits for its share of the line.
  private static let replayTickMilliseconds: Int32 = 10
  /// What the reports of a purge may take at shutdown.
  private static let lastReportsNanoseconds: UInt64 = 500_000_000
  /// How long an answer about a topic is waited for.
  private static let questionMilliseconds: Int32 = 300
  /// What librdkafka's threads may take to hand back what they hold, in milliseconds.
  private static let purgeMilliseconds: Int32 = 500
  /// How long reports may gather while nothing hangs on them. librdkafka's thread notes the time of each.
  private static let pauseMilliseconds: Int32 = 1000
  /// What a camera's thread reads of librdkafka's events for each of its frames, at most.
  private static let arrivalsMax = 8
  private static let never = UInt64.max

  private let currentProducer: Mutex<Producer>
  let state: SharedState
  let keeper: SpoolKeeper?
  private let book: MeterBook
  let logger: Logger
  private let topics: [String]
  /// When the polling thread last came round, nanoseconds of CLOCK_MONOTONIC.
  private let lastTurn = Atomic(Clock.monotonic)
  /// Whether the producer is to be replaced.
  private let isStale = Atomic(false)
  /// Producers that were replaced and still have reports to give. The polling thread's.
  private let retired = Mutex<[Producer]>([])
  /// Whether the polling thread lets reports gather.
  private let isPausing = Atomic(false)
  /// Held by whoever reads what librdkafka has to tell, and books it. What a camera's thread came upon and may not
  /// handle waits in it for the polling thread.
  private let unhandled = Mutex<[ProducerEvent]>([])
  /// When the polling thread is to end, nanoseconds of CLOCK_MONOTONIC.
  private let deadline = Atomic(Delivery.never)
  private let thread = Mutex<NamedThread?>(nil)
  let complaints: Complaints

  let announcements: Announcements
  /// Hands the spool's thread a way to send what it has read, once there is a Delivery.
  private let pumping = PumpHook()

  /// - Parameters:
  ///   - topics: asked for at the start, so that their first record need not wait.
  ///   - streams: the books of what is held in memory first, by camera and stream.
  ///   - classes: those of what is written ahead, named as its classes.
  package init(
    producer: Producer, options: DeliveryOptions, topics: [String] = [],
    streams: [StreamMeters] = [], classes: [StreamMeters] = [],
    announcements: Announcements = Announcements(), logger: Logger
  ) {
    currentProducer = Mutex(producer)
    self.topics = topics
    self.logger = logger
    self.announcements = announcements
    let complaints = Complaints(logger: logger, isSpooling: options.spool != nil)
    let state = SharedState(options: options)
    let book = MeterBook(streams, classes: classes)
    self.complaints = complaints
    self.state = state
    self.book = book
    let hook = pumping
    keeper = options.spool.map {
      SpoolKeeper(
        $0, memoryMax: options.memoryMax, state: state, meters: book, announcements: announcements,
        complaints: complaints,
        onBacklog: { hook.call() })
    }
    hook.set { [weak self] in self?.pumpBacklog() }
  }

  /// The one that records are handed to now.
  var producer: Producer { currentProducer.withLock { $0 } }

  /// Connects anew, soon: the clock was set, by which librdkafka's threads wait. From any thread.
  package func renewConnections() {
    isStale.store(true, ordering: .releasing)
    producer.wake()
  }

  /// Puts another producer in the place of one that has failed for good or that waits by a clock that was set, once all
  /// that the old one held has come back. On the polling thread, while it reads events.
  func renewProducer() {
    let old = producer
    let new: Producer
    do {
      new = try old.replacement()
    } catch {
      complaints.refused(error)
      return
    }
    // Nothing is sent until all that the old one held is back, so that order is kept.
    state.withLock { $0.recall = .all }
    old.purge(waitingMilliseconds: Self.purgeMilliseconds)
    let last = Clock.monotonic + Self.lastReportsNanoseconds
    while old.queuedCount > 0, Clock.monotonic < last {
      for event in old.poll(timeoutMilliseconds: 20) { handle(event) }
    }
    currentProducer.withLock { $0 = new }
    // What did not come back in time comes later.
    if old.queuedCount > 0 { retired.withLock { $0.append(old) } }
    state.withLock { $0.recall = nil }
    complaints.producerRenewed()
  }

  /// Books beside those of the cameras: of events, and of cameras of earlier runs.
  package var otherMeters: [StreamMeters] { book.unlisted }

  /// How the spool stands; nil where there is none, or where it cannot be opened.
  package var spoolPicture: SpoolPicture? { keeper?.picture }

  /// Sends what is spooled as fast as it goes, without waiting for its share of the line, until the next start.
  package func drain() {
    perform { state in
      state.openBucket()
      pump(&state)
    }
    keeper?.wake()
    wakeIfPausing()
  }

  /// Gives up what is spooled of a class, but for what is being sent; soon, on the spool's thread.
  /// - Returns: false where there is no spool.
  package func discard(_ spoolClass: SpoolClass) -> Bool {
    guard let keeper else { return false }
    keeper.discard(spoolClass)
    return true
  }

  private func pumpBacklog() {
    perform { pump(&$0) }
    wakeIfPausing()
  }

  /// Changes the state, then says what there is to say, for a log that blocks must not hold up others.
  func perform(_ body: (inout DeliveryState) -> Void) {
    let news = state.withLock { state in
      body(&state)
      return state.takeNews()
    }
    for say in news { say() }
  }

  private func wakeIfPausing() {
    guard !state.withLock({ $0.isUnhurried }) else { return }
    if isPausing.exchange(false, ordering: .acquiringAndReleasing) { producer.wake() }
  }

  /// Asks a broker about a topic that records go to.
  package func metadata(
    _ topic: String, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> TopicMetadata {
    try producer.metadata(topic, timeoutMilliseconds: timeoutMilliseconds)
  }

  /// Keeps what brokers say of a topic that records go to; nil where nothing is wrong with it. From any thread.
  package func note(topic: String, _ error: KafkaError?) {
    state.withLock { $0.note(topic: topic, error, now: Clock.monotonic) }
  }

  package var picture: DeliveryPicture { state.withLock { $0.picture } }

  /// Starts the polling thread.
  package func start() throws(ThreadError) {
    try keeper?.start()
    let started = try NamedThread("kafka-poll") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Takes a record and books it; it is sent, or waits, or is dropped with a reason. Its ledger has it
  /// already, as captured and in the pipeline.
  package func submit(_ record: Record) {
    if case .durable = record.priority, let keeper {
      let isTaken = state.withLock { state in
        guard let entry = state.acceptAhead(record) else { return false }
        keeper.spill([entry])
        return true
      }
      if isTaken { return }
    }
    var isUnhurried = true
    perform { state in
      if let entry = state.departingAtOnce(record, now: Clock.monotonic) {
        send(entry, &state)
      } else {
        state.accept(record)
        spill(&state)
        pump(&state)
      }
      isUnhurried = state.isUnhurried
    }
    if !isUnhurried, isPausing.exchange(false, ordering: .acquiringAndReleasing) { producer.wake() }
  }

  /// Hands to the spool what cannot be sent. Called under the lock, so that order is kept.
  private func spill(_ state: inout DeliveryState) {
    guard let keeper else { return }
    keeper.spill(state.takeSpill(now: Clock.monotonic))
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
      producer.warm(topic: topic, timeoutMilliseconds: 1000)
    }
    while true {
      turn()
      lastTurn.store(Clock.monotonic, ordering: .relaxed)
      let deadline = deadline.load(ordering: .acquiring)
      guard deadline != Self.never else { continue }
      if Clock.monotonic >= deadline || state.withLock({ $0.isIdle || $0.isSettled }) { break }
    }
    if keeper == nil { state.withLock { $0.close() } }
    // Nothing is sent any more.
    state.withLock { $0.recall = .all }
    producer.purge(waitingMilliseconds: Self.purgeMilliseconds)
    let last = Clock.monotonic + Self.lastReportsNanoseconds
    while Clock.monotonic < last, state.withLock({ !$0.flights.isEmpty }) {
      readEvents(timeoutMilliseconds: 20)
      pollRetired()
    }
    state.withLock { state in
      state.abandonFlights(isKept: keeper != nil)
      // Whatever is in memory alone is written; what comes now is refused.
      keeper?.spill(state.takeAll())
      state.close()
    }
    keeper?.shutdown(by: last)
  }

  /// One round of the polling thread: what librdkafka has to tell, then time-outs, then more to send.
  private func turn() {
    guard readNext() || !isCalm else { return }
    pollRetired()
    if isStale.exchange(false, ordering: .acquiringAndReleasing) {
      unhandled.withLock { _ in renewProducer() }
    }
    takeBack()
    perform { state in
      let now = Clock.monotonic
      state.dropAged(now: now)
      let judgement = state.judge(now: now)
      if judgement == .outage {
        let picture = state.picture
        state.say { [complaints] in complaints.outageBegan(picture) }
      }
      for standing in state.takeBlocked(now: now) {
        state.say { [complaints] in complaints.blocked(standing) }
      }
      if let count = state.takeCrowdedOut(now: now) {
        state.say { [complaints] in complaints.crowdedOut(count) }
      }
    }
    takeBack()
    perform { state in
      spill(&state)
      pump(&state)
    }
    ask()
    if keeper == nil { tellGaps() }
  }

  /// Asks brokers what is wrong with a topic whose records they do not take: librdkafka would say no more
  /// than that they timed out.
  private func ask() {
    guard deadline.load(ordering: .acquiring) == Self.never,
      let (lane, id) = state.withLock({ $0.takeQuestion(now: Clock.monotonic) })
    else { return }
    let error = producer.fault(
      ofTopic: id.topic, key: id.key, timeoutMilliseconds: Self.questionMilliseconds)
    state.withLock { $0.answered(lane: lane, error) }
  }

  /// Takes back from librdkafka what the state asks for. All of it has come before anything else is sent, so
  /// that nothing overtakes it; in an outage it then waits in memory, in order, or goes to the spool.
  private func takeBack() {
    // Reports may ask for more; what is left then comes with the next round.
    for _ in 0..<4 {
      guard let recall = state.withLock({ $0.recall }) else { return }
      // Until librdkafka's threads have done it, nothing is sent: the next round tries again.
      guard
        producer.purge(
          isInFlight: recall == .all, waitingMilliseconds: Self.purgeMilliseconds)
      else { return }
      state.withLock { $0.recall = .queued }
      while readEvents(timeoutMilliseconds: 0) {}
      state.withLock { state in
        if state.recall == .queued { state.recall = nil }
      }
    }
    state.withLock { $0.recall = nil }
  }

  private func pollRetired() {
    let old = retired.withLock { $0 }
    guard !old.isEmpty else { return }
    for producer in old {
      for event in producer.poll(timeoutMilliseconds: 0) where event.isReport { handle(event) }
    }
    retired.withLock { $0.removeAll { $0.queuedCount == 0 } }
  }

  /// Without a spool, what was dropped is told by events that wait in memory like all else.
  private func tellGaps() {
    let told = state.withLock { $0.takeGaps() }.compactMap { announcements.gap($0) }
    guard !told.isEmpty else { return }
    perform { state in
      for record in told { state.accept(record) }
      pump(&state)
    }
  }

  /// Reads what librdkafka has to tell, and handles it in order. On the polling thread.
  /// - Returns: whether there was something.
  @discardableResult
  private func readEvents(timeoutMilliseconds: Int32) -> Bool {
    unhandled.withLock { unhandled in
      var events = unhandled
      unhandled = []
      events += producer.poll(timeoutMilliseconds: events.isEmpty ? timeoutMilliseconds : 0)
      for event in events { handle(event) }
      return !events.isEmpty
    }
  }

  /// Books the acknowledgements that have come, on the thread of a camera that is about to take memory for a frame: that
  /// of the last one is then free, and still in the processor's cache. Only while nothing hangs on reports; all else that
  /// librdkafka has to tell is left to the polling thread.
  package func bookArrivals() {
    guard isPausing.load(ordering: .relaxed) else { return }
    let isMore = unhandled.withLockIfAvailable { unhandled in
      // Once the polling thread is at work, all events are its own.
      guard unhandled.isEmpty, isPausing.load(ordering: .sequentiallyConsistent) else {
        return false
      }
      let other = producer.takeArrivals(max: Self.arrivalsMax) { serial, endedAt in
        book(serial, endedAt: endedAt)
      }
      if let other { unhandled.append(other) }
      return other != nil
    }
    if isMore == true, isPausing.exchange(false, ordering: .acquiringAndReleasing) {
      producer.wake()
    }
  }

  /// Whether a round without news has nothing to do.
  private var isCalm: Bool {
    !isStale.load(ordering: .acquiring) && deadline.load(ordering: .acquiring) == Self.never
      && retired.withLock { $0.isEmpty } && state.withLock { $0.isCalm(now: Clock.monotonic) }
  }

  /// Waits for what librdkafka has to tell, and handles it.
  /// - Returns: whether there was something.
  private func readNext() -> Bool {
    guard deadline.load(ordering: .acquiring) == Self.never else {
      return readEvents(timeoutMilliseconds: Self.tickMilliseconds)
    }
    isPausing.store(true, ordering: .sequentiallyConsistent)
    guard state.withLock({ $0.isUnhurried }) else {
      isPausing.store(false, ordering: .sequentiallyConsistent)
      let isReplaying = state.withLock { $0.backlogBytes > 0 }
      return readEvents(
        timeoutMilliseconds: isReplaying ? Self.replayTickMilliseconds : Self.tickMilliseconds)
    }
    producer.pause(milliseconds: Self.pauseMilliseconds)
    isPausing.store(false, ordering: .sequentiallyConsistent)
    return readEvents(timeoutMilliseconds: 0)
  }
}
