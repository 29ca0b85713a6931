import CRdKafka
import Threads

/// A record that was read back.
package struct ConsumedRecord: Sendable {
  package var topic: String
  package var partition: Int32
  package var offset: Int64
  /// Milliseconds since 1970-01-01 UTC.
  package var timestamp: Int64
  package var key: [UInt8]
  package var headers: [Header]
  package var value: [UInt8]

  /// The first header of this name, as text.
  package func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.text
  }
}

/// Where the reading of a partition begins.
package enum ReadStart: Sendable, Equatable {
  /// With the oldest record that the broker has.
  case beginning
  /// With what comes after the consumer was made.
  case end
  /// With the record of this offset, from 0; where the broker does not have it, `auto.offset.reset`
  /// decides, which is set to the beginning.
  case offset(Int64)
  /// The same, or the end where the partition does not go as far.
  case offsetOrEnd(Int64)

  /// As librdkafka's assign takes it; nil where there is no such offset.
  var logical: Int64? {
    switch self {
    case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
    case .end: Int64(RD_KAFKA_OFFSET_END)
    case .offset(let offset), .offsetOrEnd(let offset): offset >= 0 ? offset : nil
    }
  }
}

/// Reads all partitions of a topic by assignment: it never joins a group, and never commits.
@safe
package final class Consumer: @unchecked Sendable {
  /// What its destruction is waited for, in milliseconds.
  private static let destroyMilliseconds: Int32 = 300
  /// Messages that are looked through for news while there can be no records.
  private static let newsMax = 100

  private let handle: OpaquePointer
  private let queue: OpaquePointer
  /// Set by librdkafka when its queue is no longer empty: its own waits go by the wall clock, and last for hours where
  /// that is set back.
  private let signal = EventSignal()
  /// Whether the queue may hold what the signal was already taken for.
  private var mayHoldRecords = true
  private let redaction: Redaction
  private let news: ClientNews
  /// How many partitions there were when it was made; 0 where there was no such topic.
  package private(set) var partitionCount: Int32 = 0

  /// Reads `topic`.
  /// - Parameters:
  ///   - secrets: properties that are never shown in an error.
  ///   - start: where each partition begins that is not among `starts`.
  ///   - starts: by partition; one that the topic does not have is an error.
  ///   - only: the partitions that are read; nil for all. Of these it is asked where a beginning lies.
  ///   - timeoutMilliseconds: for asking which partitions there are.
  ///   - willRead: called before anything is fetched, with how many partitions there are, and the offsets at which
  ///     reading begins as far as they are known.
  package init(
    brokers: [String], topic: String, from start: ReadStart = .beginning,
    starts: [Int32: ReadStart] = [:], only: [Int32]? = nil, properties: [String: String] = [:],
    secrets: [String: String] = [:],
    timeoutMilliseconds: Int32 = 10_000,
    willRead: (_ partitions: Int32, _ offsets: [Int32: Int64]) -> Void = { _, _ in }
  ) throws(KafkaError) {
    let configuration = Configuration()
    try configuration.set("bootstrap.servers", brokers.joined(separator: ","))
    // assign() wants a group, though none is joined.
    try configuration.set("group.id", "vedette-reader")
    try configuration.set("enable.auto.commit", "false")
    try configuration.set("auto.offset.reset", "earliest")
    try configuration.set("log_level", "0")
    for (property, value) in properties { try configuration.set(property, value) }
    for (property, value) in secrets { try configuration.set(property, value, isSecret: true) }
    redaction = Redaction(secrets.values)
    news = ClientNews(redaction: redaction)
    let made = try unsafe configuration.makeHandle(
      RD_KAFKA_CONSUMER, redaction: redaction, news: news)
    unsafe handle = unsafe made
    _ = unsafe rd_kafka_poll_set_consumer(made)
    unsafe queue = unsafe rd_kafka_queue_get_consumer(made)
    unsafe EventSignal.one.withUnsafeBytes { one in
      unsafe rd_kafka_queue_io_event_enable(queue, signal.descriptor, one.baseAddress, one.count)
    }
    // A topic that is made on its first use has at least one.
    do throws(KafkaError) {
      partitionCount = try currentPartitionCount(topic, timeoutMilliseconds: timeoutMilliseconds)
    } catch {
      // Nothing is assigned yet: all that comes is what librdkafka says of its brokers.
      var rounds = 0
      while rounds < Self.newsMax, let message = unsafe rd_kafka_consumer_poll(made, 0) {
        unsafe rd_kafka_message_destroy(message)
        rounds += 1
      }
      throw explained(error)
    }
    let partitions = 0..<max(1, partitionCount)
    let wanted = (only ?? []) + starts.keys.sorted()
    if let unknown = wanted.first(where: { !partitions.contains($0) }) {
      var error = KafkaError(
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, call: "assign",
        text: "\(topic) has no partition \(unknown)")
      // A topic that is not there now may come back as it was.
      if partitionCount > 0 { error.partition = unknown }
      throw error
    }
    var places: [Int32: ReadStart] = [:]
    for partition in only ?? Array(partitions) {
      var place = starts[partition] ?? start
      if partitionCount > 0 {
        place = try known(place, topic, partition, isOfFew: only != nil, timeoutMilliseconds)
      }
      places[partition] = place
    }
    willRead(
      partitionCount,
      places.compactMapValues { place in
        if case .offset(let offset) = place { offset } else { nil }
      })
    try assign(topic, places)
  }

  /// The place as an offset, where that must be known. Asked now: librdkafka would ask at its leisure, and what came
  /// until then would be missed.
  private func known(
    _ place: ReadStart, _ topic: String, _ partition: Int32, isOfFew: Bool, _ milliseconds: Int32
  ) throws(KafkaError) -> ReadStart {
    switch place {
    case .end: return .offset(try ends(topic, partition, milliseconds).high)
    case .beginning where isOfFew: return .offset(try ends(topic, partition, milliseconds).low)
    case .offsetOrEnd(let offset):
      return .offset(min(offset, try ends(topic, partition, milliseconds).high))
    default: return place
    }
  }

  deinit {
    unsafe rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
    unsafe rd_kafka_queue_destroy(queue)
    let client = unsafe ClientHandle(handle)
    // No group was joined, so there is none to leave.
    Disposal.run(milliseconds: Self.destroyMilliseconds) { [news] in
      unsafe rd_kafka_destroy_flags(client.pointer, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
      withExtendedLifetime(news) {}
    }
  }

  /// The cause of an error, where librdkafka has told it since brokers last answered: a question that nobody answers only
  /// times out.
  package func explained(_ error: KafkaError) -> KafkaError {
    guard let cause = news.cause, cause.precision > error.precision else { return error }
    return cause
  }

  /// What librdkafka has told of its brokers since it was last asked.
  package func takeErrors() -> [KafkaError] { news.take() }

  /// Asks how many partitions there are now; 0 where there is no such topic.
  package func currentPartitionCount(
    _ topic: String, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> Int32 {
    switch try metadata(topic, timeoutMilliseconds: timeoutMilliseconds) {
    case .partitions(let count): return count
    case .missing: return 0
    case .denied:
      throw TopicMetadata.denied.error(topic: topic, isReading: true)
        ?? KafkaError(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, call: "metadata")
    }
  }

  /// Asks a broker about a topic.
  package func metadata(
    _ topic: String, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> TopicMetadata {
    let found = try unsafe TopicMetadata.ask(
      handle, of: self, topic, milliseconds: timeoutMilliseconds)
    news.forget()
    return found
  }

  /// The offsets of the oldest record of a partition and of the next one.
  private func ends(
    _ topic: String, _ partition: Int32, _ timeoutMilliseconds: Int32
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    let call = "rd_kafka_query_watermark_offsets"
    return try BoundedCall.run(call, milliseconds: timeoutMilliseconds) {
      [self] () throws(KafkaError) in
      var (low, high) = (Int64(0), Int64(0))
      let code = unsafe rd_kafka_query_watermark_offsets(
        handle, topic, partition, &low, &high, timeoutMilliseconds)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, call: call) }
      return (low, high)
    }
  }

  private func assign(_ topic: String, _ starts: [Int32: ReadStart]) throws(KafkaError) {
    let list = unsafe rd_kafka_topic_partition_list_new(Int32(starts.count))
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    for (partition, start) in starts.sorted(by: { $0.key < $1.key }) {
      guard let offset = start.logical else {
        throw KafkaError(
          RD_KAFKA_RESP_ERR__INVALID_ARG, call: "assign",
          text: "partition \(partition) of \(topic): there is no such start as \(start)")
      }
      let added = unsafe rd_kafka_topic_partition_list_add(list, topic, partition)
      unsafe added?.pointee.offset = offset
    }
    let assigned = unsafe rd_kafka_assign(handle, list)
    guard assigned == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(assigned, call: "rd_kafka_assign")
    }
  }

  /// The next record, or nil where none came in time.
  package func poll(timeoutMilliseconds: Int32) -> ConsumedRecord? {
    try? next(timeoutMilliseconds: timeoutMilliseconds)
  }

  /// The next record, or nil where none came in time.
  /// - Throws: what librdkafka tells instead of a record. Reading goes on; `_AUTO_OFFSET_RESET` is the exception,
  ///   after which its partition is not read any more.
  package func next(timeoutMilliseconds: Int32) throws(KafkaError) -> ConsumedRecord? {
    let end = Clock.monotonic + UInt64(max(0, timeoutMilliseconds)) * 1_000_000
    while true {
      if let message = unsafe rd_kafka_consumer_poll(handle, 0) {
        mayHoldRecords = true
        if let record = try unsafe read(message) { return record }
        continue
      }
      let now = Clock.monotonic
      guard now < end else { return nil }
      // The signal may have been taken for what came before: it is looked for once more.
      let left = mayHoldRecords ? 0 : Int32(min((end - now + 999_999) / 1_000_000, 60_000))
      mayHoldRecords = false
      signal.wait(milliseconds: left)
    }
  }

  /// - Returns: nil for what does not concern a reader without a group.
  private func read(
    _ message: UnsafeMutablePointer<rd_kafka_message_t>
  ) throws(KafkaError) -> ConsumedRecord? {
    defer { unsafe rd_kafka_message_destroy(message) }
    let content = unsafe message.pointee
    // No group is joined: that this client may not join one is no news.
    if unsafe content.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED { return nil }
    guard unsafe content.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let text = unsafe rd_kafka_message_errstr(message).map { unsafe String(cString: $0) }
      var error = unsafe KafkaError(
        content.err, call: "rd_kafka_consumer_poll", text: text.map { redaction.apply($0) })
      error.partition = unsafe content.partition >= 0 ? content.partition : nil
      throw error
    }
    return unsafe ConsumedRecord(
      topic: String(cString: rd_kafka_topic_name(content.rkt)), partition: content.partition,
      offset: content.offset, timestamp: rd_kafka_message_timestamp(message, nil),
      key: Array(UnsafeRawBufferPointer(start: content.key, count: content.key_len)),
      headers: headers(message),
      value: Array(UnsafeRawBufferPointer(start: content.payload, count: content.len)))
  }

  private func headers(_ message: UnsafePointer<rd_kafka_message_t>) -> [Header] {
    var list: OpaquePointer?
    guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else {
      return []
    }
    var headers: [Header] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var count = 0
    while unsafe rd_kafka_header_get_all(list, headers.count, &name, &value, &count)
      == RD_KAFKA_RESP_ERR_NO_ERROR, let text = unsafe name
    {
      unsafe headers.append(
        Header(
          String(cString: text), bytes: Array(UnsafeRawBufferPointer(start: value, count: count))))
    }
    return headers
  }
}
