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
/// to the desk. No broker, a full disk or a locked file only make it wait.
package final class ControlReceiver: Sendable {
  private static let pollMilliseconds: Int32 = 200
  private static let retryMilliseconds: Int32 = 2000
  private static let metadataMilliseconds: Int32 = 5000
  private static let tickNanoseconds: UInt64 = 500_000_000
  /// How often it is asked whether the topic has more partitions, and while it has none.
  private static let partitionsNanoseconds: UInt64 = 15_000_000_000
  private static let newTopicNanoseconds: UInt64 = 1_000_000_000
  /// So long nothing must be wrong with a reader until it is taken for sound.
  private static let soundNanoseconds: UInt64 = 3_000_000_000
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
    _ source: ControlSource, desk: ControlDesk, logger: Logger,
    onTurn: @escaping @Sendable () -> Void = {}
  ) {
    self.source = source
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
    while goesOn {
      do throws(GalleryError) {
        try desk.start()
        trouble.withLock { $0 = nil }
        break
      } catch {
        trouble.withLock { $0 = error.description }
        wait(after: "start", error.description)
      }
    }
    while goesOn {
      do throws(KafkaError) {
        try read(try consumer())
      } catch {
        if error.isPartitionGone, let partition = error.partition {
          desk.truncated(partition: partition)
          continue
        }
        let topic = desk.options.topic
        deafness.withLock { $0 = "\(topic) cannot be read: \(error)" }
        wait(after: "consumer \(error.name)", error.description)
      }
    }
    do throws(GalleryError) { try desk.tick() } catch { logger.error("\(error)") }
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

  private func consumer() throws(KafkaError) -> Consumer {
    var properties = Self.consumerProperties(source.properties)
    properties["group.id"] = "vedette-\(desk.options.identity.node)"
    // A log that was cut off must not look like one that is empty.
    properties["auto.offset.reset"] = "error"
    properties["fetch.wait.max.ms"] = "100"
    properties["reconnect.backoff.max.ms"] = "1000"
    properties["queued.max.messages.kbytes"] = "8192"
    return try Consumer(
      brokers: source.brokers, topic: desk.options.topic,
      starts: desk.offsets.mapValues { .offset($0) }, properties: properties,
      secrets: source.secrets, timeoutMilliseconds: Self.metadataMilliseconds)
  }

  /// Reads until the end, or until a new consumer is wanted.
  private func read(_ consumer: Consumer) throws(KafkaError) {
    if consumer.partitionCount == 0,
      let error = TopicMetadata.missing.error(topic: desk.options.topic, isReading: true)
    {
      deafness.withLock { $0 = error.description }
      faults.tell(
        "missing", .warning,
        "the box cannot be commanded: \(error). It is read as soon as it is there")
    } else {
      faults.forget("missing")
      faults.forget("consumer")
      logger.info("reading \(desk.options.topic), \(consumer.partitionCount) partitions")
    }
    var ticked = Clock.monotonic
    // A topic that may not be read says so in its first answer.
    var soundAt = ticked + Self.soundNanoseconds
    // When the partitions are counted next.
    var askAt = Clock.monotonic + pause(consumer)
    var pace = Pace(rate: Self.rate.0, burst: Self.rate.burst, now: ticked)
    while goesOn, !isStale.exchange(false, ordering: .relaxed) {
      let record: ConsumedRecord?
      do throws(KafkaError) {
        record = try consumer.next(timeoutMilliseconds: Self.pollMilliseconds)
      } catch {
        if error.isOffsetGone, let partition = error.partition {
          return desk.truncated(partition: partition)
        }
        // Another reader is made, until one is let in.
        guard error.kind != .refused else { throw error }
        faults.tell("poll \(error.name)", .warning, "the control topic: \(error)")
        // A topic that was made anew, perhaps: looked into soon.
        if error.isTopicMissing { askAt = min(askAt, Clock.monotonic + Self.newTopicNanoseconds) }
        record = nil
      }
      if let record {
        let isObeyed = handle(record)
        let pause = isObeyed ? pace.take(now: Clock.monotonic) : 0
        if pause > 0 { signal.wait(milliseconds: pause) }
      }
      let now = Clock.monotonic
      if record == nil || now - ticked > Self.tickNanoseconds {
        ticked = now
        tick()
        for error in consumer.takeErrors() {
          faults.tell("news \(error.name)", .warning, "the control topic: \(error)")
        }
      }
      if now >= askAt {
        askAt = now + pause(consumer)
        do throws(KafkaError) {
          let count = try consumer.currentPartitionCount(
            desk.options.topic, timeoutMilliseconds: Self.metadataMilliseconds)
          if count != consumer.partitionCount { return changed(consumer, count) }
        } catch {
          let cause = consumer.explained(error)
          deafness.withLock { $0 = "\(desk.options.topic) cannot be read: \(cause)" }
          soundAt = .max
          continue
        }
        soundAt = min(soundAt, now)
      }
      if now >= soundAt, consumer.partitionCount > 0 {
        soundAt = .max
        deafness.withLock { $0 = nil }
      }
    }
  }

  private func pause(_ consumer: Consumer) -> UInt64 {
    consumer.partitionCount == 0 ? Self.newTopicNanoseconds : Self.partitionsNanoseconds
  }

  /// The topic was made anew, or has more partitions: the next consumer reads those that there are now.
  private func changed(_ consumer: Consumer, _ count: Int32) {
    logger.notice(
      "\(desk.options.topic) has \(count) partitions now, not \(consumer.partitionCount); it is read anew"
    )
    guard count > 0 else { return }
    for partition in desk.offsets.keys.sorted() where partition >= count {
      desk.truncated(partition: partition)
    }
  }

  /// Gives a message to the desk until it is taken.
  /// - Returns: whether it costs as much as a command that is obeyed.
  private func handle(_ record: ConsumedRecord) -> Bool {
    while goesOn {
      do throws(GalleryError) {
        let isObeyed = try desk.handle(
          partition: record.partition, offset: record.offset, value: record.value)
        return isObeyed
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
