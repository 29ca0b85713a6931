import Gallery
import Journal
import Kafka
package import Logging
import Synchronization
package import Threads

/// Where the control topic is.
package struct ControlSource: Sendable {
  package var brokers: [String]
  package var properties: [String: String]
  package var secrets: [String: String]

  package init(brokers: [String], properties: [String: String], secrets: [String: String]) {
    self.brokers = brokers
    self.properties = properties
    self.secrets = secrets
  }
}

/// Reads the control topic on a thread of its own, each partition from where the node left off, and gives the messages
/// to the desk. No broker, a full disk or a locked file only make it wait. It is read in a process beside: what kills
/// that is found out and skipped; see `ReadingPlan`.
package final class ControlReceiver: Sendable {
  private static let pollMilliseconds: Int32 = 200
  private static let retryMilliseconds: Int32 = 2000
  private static let tickNanoseconds: UInt64 = 500_000_000
  /// How often it is asked whether the topic has more partitions, and while it has none.
  private static let partitionsNanoseconds: UInt64 = 15_000_000_000
  private static let newTopicNanoseconds: UInt64 = 1_000_000_000
  /// So long nothing must be wrong with a reader until it is taken for sound.
  private static let soundNanoseconds: UInt64 = 3_000_000_000
  /// What a reader of some partitions may take to come to their end, and how long nothing may come of it: one that is
  /// offline must not keep the others waiting.
  fileprivate static let partNanoseconds: UInt64 = 60_000_000_000
  private static let quietNanoseconds: UInt64 = 10_000_000_000
  /// Commands a second in the long run, and at once. What is not obeyed costs little, and must not hold up what is.
  private static let rate = (200.0, burst: 2000.0)
  /// Properties of producers, which a consumer does not know.
  private static let producerPrefixes = [
    "acks", "request.required.acks", "linger.ms", "batch.", "queue.buffering.", "compression.",
    "delivery.", "message.timeout", "enable.idempotence", "retries", "message.send.max.retries",
    "partitioner", "sticky.partitioning", "transaction", "request.timeout", "max.in.flight",
    "enable.gapless", "retry.backoff", "dr_", "group.", "auto.", "enable.auto", "message.max.bytes",
  ]

  private let source: ControlSource
  private let program: ReaderProgram
  private let desk: ControlDesk
  private let logger: Logger
  private let faults: FaultLog
  private let thread = Mutex<NamedThread?>(nil)
  private let isStopping = Atomic(false)
  private let isStale = Atomic(false)
  /// Why what comes cannot be handled; nil where it can.
  private let trouble = Mutex<String?>(nil)
  /// Why nothing can come; nil where it can.
  private let deafness = Mutex<String?>(nil)
  private let signal = EventSignal()
  /// Called now and then on the thread.
  private let onTurn: @Sendable () -> Void

  package init(
    _ source: ControlSource, desk: ControlDesk, logger: Logger, program: ReaderProgram = .itself,
    onTurn: @escaping @Sendable () -> Void = {}
  ) {
    self.source = source
    self.program = program
    self.desk = desk
    self.logger = logger
    self.onTurn = onTurn
    faults = FaultLog(logger: logger)
  }

  package func start() throws(ThreadError) {
    let made = try NamedThread("control") { [self] in run() }
    thread.withLock { $0 = made }
  }

  /// Asks the thread to end, without waiting for it.
  package func beginStop() {
    isStopping.store(true, ordering: .relaxed)
    signal.set()
  }

  /// Ends the reading; what was begun is ended first.
  package func stop() {
    beginStop()
    desk.beginStop()
    thread.withLock { $0 }?.join()
    desk.stop()
  }

  /// Why commands do not come, or cannot be obeyed; nil where they can.
  package var fault: String? { trouble.withLock { $0 } ?? deafness.withLock { $0 } }

  /// Connects anew, soon: the clock was set, by which librdkafka's threads wait.
  package func renew() {
    isStale.store(true, ordering: .relaxed)
    signal.set()
  }

  private var goesOn: Bool { !isStopping.load(ordering: .relaxed) }

  private func run() {
    var plan = ReadingPlan(suspects: [:])
    while goesOn {
      do throws(GalleryError) {
        try desk.start()
        plan = ReadingPlan(suspects: try desk.readingSuspects())
        trouble.withLock { $0 = nil }
        break
      } catch {
        trouble.withLock { $0 = error.description }
        wait(after: "start", error.description)
      }
    }
    while goesOn { read(&plan) }
    do throws(GalleryError) { try desk.tick() } catch { logger.error("\(error)") }
  }

  /// Reads with one reader.
  private func read(_ plan: inout ReadingPlan) {
    let run = plan.next(desk.offsets)
    var reading = Reading(run, now: Clock.monotonic)
    do throws(ReaderDeath) {
      let consumer = try RemoteConsumer(program, settings(run), signal: signal)
      defer { consumer.end() }
      try read(consumer, &reading, &plan)
    } catch {
      died(error, reading, &plan)
      return
    }
    if let refusal = reading.refusal {
      if refusal.isPartitionGone, let partition = refusal.partition {
        plan.restart()
        note(plan.forget(partition), partition)
        desk.truncated(partition: partition)
        return
      }
      deafness.withLock { $0 = "\(desk.options.topic) cannot be read: \(refusal)" }
      plan.unfinished(run, ended: reading.ended)
      wait(after: "consumer \(refusal.name)", refusal.description)
    }
  }

  private func died(_ death: ReaderDeath, _ reading: Reading, _ plan: inout ReadingPlan) {
    guard goesOn else { return }
    if let count = reading.partitionCount {
      let changes = plan.died(
        reading.run, of: death, count: count, culprit: reading.culprit,
        positions: desk.offsets.merging(reading.positions) { $1 })
      for (partition, change) in changes { note(change, partition) }
    } else {
      plan.diedEarly()
    }
    desk.countReaderDeath()
    let sentence = "the process that reads \(desk.options.topic) is started again: \(death)"
    deafness.withLock { $0 = sentence }
    faults.tell("reader \(death.name)", .warning, sentence)
    onTurn()
    let end = Clock.monotonic + UInt64(plan.pauseMilliseconds) * 1_000_000
    while goesOn, case let now = Clock.monotonic, now < end {
      signal.wait(milliseconds: Int32((end - now) / 1_000_000) + 1)
    }
  }

  /// Writes down what is known of a partition, before the next reader is started.
  private func note(_ change: ReadingPlan.Change?, _ partition: Int32) {
    guard let change else { return }
    repeat {
      do throws(GalleryError) {
        return try desk.note(change, partition: partition)
      } catch {
        trouble.withLock { $0 = error.description }
        if goesOn { wait(after: "note", error.description) }
      }
    } while goesOn
  }

  private func wait(after what: String, _ sentence: String) {
    faults.tell(what, .warning, "the control topic is not read: \(sentence)")
    onTurn()
    signal.wait(milliseconds: Self.retryMilliseconds)
  }

  /// Of a producer's properties those that a consumer knows.
  package static func consumerProperties(_ all: [String: String]) -> [String: String] {
    var properties = all.filter { property in
      !producerPrefixes.contains { property.key.hasPrefix($0) }
    }
    properties["client.id"] = properties["client.id"] ?? "vedette"
    return properties
  }

  private func settings(_ run: ReadingPlan.Run) -> ReaderSettings {
    var properties = Self.consumerProperties(source.properties)
    properties["group.id"] = "vedette-\(desk.options.identity.node)"
    // A log that was cut off must not look like one that is empty.
    properties["auto.offset.reset"] = "error"
    properties["fetch.wait.max.ms"] = "100"
    properties["reconnect.backoff.max.ms"] = "1000"
    var settings = ReaderSettings(
      brokers: source.brokers, topic: desk.options.topic, properties: properties,
      secrets: source.secrets)
    settings.starts = desk.offsets
    settings.only = run.partitions
    if let tries = run.tries, let partition = run.partitions?.first {
      settings.starts[partition] = tries
      settings.isClamped = true
    }
    return settings
  }

  /// Reads until the end, or until a new reader is wanted.
  private func read(
    _ consumer: RemoteConsumer, _ reading: inout Reading, _ plan: inout ReadingPlan
  ) throws(ReaderDeath) {
    var ticked = Clock.monotonic
    var pace = TokenBucket(rate: Self.rate.0, burst: Self.rate.burst)
    while goesOn, !isStale.exchange(false, ordering: .relaxed) {
      let news = try consumer.next(milliseconds: Self.pollMilliseconds)
      if let news {
        guard try take(news, &reading, &plan, &pace) else { return }
      } else {
        signal.wait(milliseconds: 0)
      }
      let now = Clock.monotonic
      if news == nil || now - ticked > Self.tickNanoseconds {
        ticked = now
        tick()
      }
      if reading.run.partitions != nil {
        if now >= reading.endsAt || now >= reading.heardAt + quiet(reading.run) {
          return plan.unfinished(reading.run, ended: reading.ended)
        }
        continue
      }
      if now >= reading.askAt {
        reading.askAt = .max
        try consumer.countPartitions()
      }
      if now >= reading.soundAt, reading.partitionCount ?? 0 > 0 {
        reading.soundAt = .max
        deafness.withLock { $0 = nil }
      }
    }
  }

  /// How long nothing may come of a reader of some partitions. That of one may be at something that takes all of its
  /// processor time, of which it then ends.
  private func quiet(_ run: ReadingPlan.Run) -> UInt64 {
    run.partitions?.count == 1 ? Self.quietNanoseconds * 3 : Self.quietNanoseconds
  }

  /// - Returns: whether the reader is to go on.
  private func take(
    _ news: ReaderNews, _ reading: inout Reading, _ plan: inout ReadingPlan,
    _ pace: inout TokenBucket
  ) throws(ReaderDeath) -> Bool {
    let now = Clock.monotonic
    switch news {
    case .opened(let count, let offsets):
      opened(count)
      reading.partitionCount = count
      reading.positions.merge(offsets) { $1 }
      reading.heardAt = now
      reading.askAt = now + pause(count)
      reading.soundAt = now + Self.soundNanoseconds
    case .refused(let error):
      reading.refusal = error
      return false
    case .record(let partition, let offset, let value):
      guard reading.holds(partition) else { throw ReaderDeath(.garbled) }
      reading.heardAt = now
      guard reading.run.tries == nil else { return tried(reading, &plan) }
      let isObeyed = handle(partition, offset, value)
      reading.positions[partition] = offset + 1
      plan.progressed()
      let pause = isObeyed ? pace.charge(now: Clock.monotonic) : 0
      if pause > 0 { signal.wait(milliseconds: pause) }
    case .end(let partition):
      guard reading.holds(partition) else { throw ReaderDeath(.garbled) }
      reading.heardAt = now
      guard reading.run.tries == nil else { return tried(reading, &plan) }
      return ended(partition, &reading, &plan)
    case .error(let error): return try failed(error, &reading, &plan)
    case .broker(let error):
      faults.tell("news \(error.name)", .warning, "the control topic: \(error)")
      // A batch that is larger than what a client takes.
      if error.isUnreadable { throw ReaderDeath(.unreadable(error)) }
    case .partitions(let count):
      if count != reading.partitionCount {
        changed(from: reading.partitionCount ?? 0, to: count)
        plan.restart()
        return false
      }
      reading.askAt = now + pause(count)
      reading.soundAt = min(reading.soundAt, now)
    case .partitionsUnknown(let error):
      deafness.withLock { $0 = "\(desk.options.topic) cannot be read: \(error)" }
      reading.askAt = now + pause(reading.partitionCount ?? 0)
      reading.soundAt = .max
    }
    return true
  }

  private func opened(_ count: Int32) {
    guard count == 0,
      let error = TopicMetadata.missing.error(topic: desk.options.topic, isReading: true)
    else {
      faults.forget("missing")
      faults.forget("consumer")
      logger.info("reading \(desk.options.topic), \(count) partitions")
      return
    }
    deafness.withLock { $0 = error.description }
    faults.tell(
      "missing", .warning,
      "the box cannot be commanded: \(error). It is read as soon as it is there")
  }

  /// What the only partition holds from the tried offset on can be read.
  private func tried(_ reading: Reading, _ plan: inout ReadingPlan) -> Bool {
    if let partition = reading.run.partitions?.first, let start = reading.positions[partition] {
      note(plan.lived(reading.run, at: start), partition)
    }
    return false
  }

  private func ended(
    _ partition: Int32, _ reading: inout Reading, _ plan: inout ReadingPlan
  ) -> Bool {
    plan.progressed()
    guard let partitions = reading.run.partitions else { return true }
    note(plan.forget(partition), partition)
    reading.ended.insert(partition)
    guard partitions.allSatisfy(reading.ended.contains) else { return true }
    plan.finished(reading.run)
    return false
  }

  private func failed(
    _ error: KafkaError, _ reading: inout Reading, _ plan: inout ReadingPlan
  ) throws(ReaderDeath) -> Bool {
    if error.isOffsetGone, let partition = error.partition {
      note(plan.forget(partition), partition)
      desk.truncated(partition: partition)
      return false
    }
    if error.isUnreadable {
      reading.culprit = error.partition
      throw ReaderDeath(.unreadable(error))
    }
    // Another reader is made, until one is let in.
    if error.kind == .refused {
      reading.refusal = error
      return false
    }
    faults.tell("poll \(error.name)", .warning, "the control topic: \(error)")
    // A topic that was made anew, perhaps: looked into soon.
    if error.isTopicMissing, reading.askAt != .max {
      reading.askAt = min(reading.askAt, Clock.monotonic + Self.newTopicNanoseconds)
    }
    return true
  }

  private func pause(_ partitionCount: Int32) -> UInt64 {
    partitionCount == 0 ? Self.newTopicNanoseconds : Self.partitionsNanoseconds
  }

  /// The topic was made anew, or has more partitions: the next reader reads those that there are now.
  private func changed(from before: Int32, to count: Int32) {
    logger.notice(
      "\(desk.options.topic) has \(count) partitions now, not \(before); it is read anew")
    guard count > 0 else { return }
    for partition in desk.offsets.keys.sorted() where partition >= count {
      desk.truncated(partition: partition)
    }
  }

  /// Gives a message to the desk until it is taken.
  /// - Returns: whether it costs as much as a command that is obeyed.
  private func handle(_ partition: Int32, _ offset: Int64, _ value: [UInt8]) -> Bool {
    while goesOn {
      do throws(GalleryError) {
        return try desk.handle(partition: partition, offset: offset, value: value)
      } catch {
        guard goesOn else { break }
        trouble.withLock { $0 = error.description }
        wait(after: "handle", error.description)
      }
    }
    return false
  }

  private func tick() {
    onTurn()
    do throws(GalleryError) {
      try desk.tick()
      trouble.withLock { $0 = nil }
    } catch {
      trouble.withLock { $0 = error.description }
      faults.tell("tick", .warning, "the control's state cannot be written: \(error)")
    }
  }
}

/// How far one reader has come.
private struct Reading {
  let run: ReadingPlan.Run
  /// Nil until it has begun to read.
  var partitionCount: Int32?
  /// The next offset of each partition, as far as it is known.
  var positions: [Int32: Int64] = [:]
  /// Partitions that were read to their end.
  var ended: Set<Int32> = []
  /// Of which it died.
  var culprit: Int32?
  /// Why it cannot read.
  var refusal: KafkaError?
  /// Of the monotonic clock: when the partitions are counted next, when it counts as sound, when something last came, and
  /// when it has had its time.
  var askAt = UInt64.max
  var soundAt = UInt64.max
  var heardAt: UInt64
  var endsAt: UInt64

  init(_ run: ReadingPlan.Run, now: UInt64) {
    self.run = run
    heardAt = now
    endsAt = now + ControlReceiver.partNanoseconds
  }

  /// Whether its reader may speak of the partition.
  func holds(_ partition: Int32) -> Bool {
    guard let partitionCount, partition < max(1, partitionCount) else { return false }
    return run.partitions?.contains(partition) ?? true
  }
}
