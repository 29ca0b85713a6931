import CRdKafka
import Glibc
import Synchronization
import Threads

/// Hands records to librdkafka without copying their payloads, and tells what became of them. Any
/// thread may send; one thread at a time polls. Every record that was taken gets exactly one report.
@safe
package final class Producer: @unchecked Sendable {
  /// Reports handed out by one call of `poll`, at most.
  private static let eventsMax = 64
  private static let eventMask =
    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG

  /// What librdkafka's opaque pointer of a record leads to, until its report.
  private struct InFlight {
    /// When librdkafka learned how the record ended, nanoseconds of CLOCK_MONOTONIC. It writes it, on a thread of its
    /// own, to where the pointer leads: this comes first.
    var endedAt: UInt64 = 0
    var token: UInt64
    var payload: any Payload

    /// To be taken back by `init(taking:)`.
    static func kept(_ token: UInt64, _ payload: any Payload) -> UnsafeMutableRawPointer {
      let place = UnsafeMutablePointer<InFlight>.allocate(capacity: 1)
      unsafe place.initialize(to: InFlight(token: token, payload: payload))
      return UnsafeMutableRawPointer(place)
    }

    private init(token: UInt64, payload: any Payload) {
      self.token = token
      self.payload = payload
    }

    init(taking pointer: UnsafeMutableRawPointer) {
      let endedAt = unsafe vp_noted_end(pointer)
      let place = unsafe pointer.assumingMemoryBound(to: InFlight.self)
      self = unsafe place.move()
      self.endedAt = endedAt
      unsafe place.deallocate()
    }
  }

  /// What its destruction is waited for, in milliseconds.
  private static let destroyMilliseconds: Int32 = 300

  let handle: OpaquePointer
  private let queue: OpaquePointer
  /// Kept for a replacement.
  private let configuration: Configuration
  let redaction: Redaction
  let news: ClientNews
  /// Set by librdkafka when its queue is no longer empty. Waiting here rather than for the queue's own
  /// condition spares a thread's change: that one is signalled while its lock is still held.
  private let signal = EventSignal()
  /// Whether the queue may hold events that the signal was already taken for.
  private var mayHoldEvents = true
  /// Ends a `pause`; librdkafka knows nothing of it.
  private let alarm = EventSignal()

  /// - Parameters:
  ///   - brokers: `host` or `host:port` each.
  ///   - properties: librdkafka's, over the defaults.
  ///   - secrets: the same, but never shown in an error or log.
  package convenience init(
    brokers: [String], properties: [String: String] = [:], secrets: [String: String] = [:]
  ) throws(KafkaError) {
    let configuration = Configuration()
    let errors = configuration.setProducer(properties: properties, secrets: secrets)
    if let first = errors.first { throw first }
    try configuration.set("bootstrap.servers", brokers.joined(separator: ","))
    configuration.setEvents(Self.eventMask)
    try self.init(configuration, Redaction(secrets.values))
  }

  private init(
    _ configuration: consuming Configuration, _ redaction: Redaction
  ) throws(KafkaError) {
    let news = ClientNews(redaction: redaction)
    let made = try unsafe configuration.makeHandle(
      RD_KAFKA_PRODUCER, redaction: redaction, news: news, notesEnds: true)
    unsafe handle = unsafe made
    unsafe queue = unsafe rd_kafka_queue_get_main(made)
    unsafe rd_kafka_set_log_queue(made, nil)
    self.configuration = configuration
    self.redaction = redaction
    self.news = news
    enableSignal()
  }

  /// Another producer with the same brokers, properties and secrets, for one that is `fatal`. This one
  /// still has reports to give: purge it and poll it until `queuedCount` is 0, then let it go. What came
  /// back may have been written, and is written twice where it is sent again.
  package func replacement() throws(KafkaError) -> Producer {
    try Producer(configuration.copy(), redaction)
  }

  deinit {
    purge()
    // The reports return the payloads that librdkafka still holds.
    var rounds = 0
    while queuedCount > 0, rounds < 50 {
      _ = poll(timeoutMilliseconds: 20)
      rounds += 1
    }
    unsafe rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
    unsafe rd_kafka_queue_destroy(queue)
    let client = unsafe ClientHandle(handle)
    Disposal.run(milliseconds: Self.destroyMilliseconds) { [news] in
      unsafe rd_kafka_destroy(client.pointer)
      withExtendedLifetime(news) {}
    }
  }

  /// Records that have no report yet, and events that wait.
  package var queuedCount: Int { unsafe Int(rd_kafka_outq_len(handle)) }

  /// Queues the record; never blocks. The payload is kept until its report.
  /// - Throws: what librdkafka says at once, or the error that was fatal; there is then no report, and the
  ///   payload is released.
  package func send(_ record: OutgoingRecord) throws(KafkaError) {
    let inFlight = unsafe InFlight.kept(record.token, record.payload)
    let headers = unsafe Self.makeHeaders(record.headers, record.attemptHeaders)
    let code = unsafe record.payload.withUnsafeBytes { payload in
      unsafe record.key.withUnsafeBytes { key in
        unsafe record.topic.withCString { topic in
          unsafe produce(
            topic, key, payload, headers, record.timestamp, record.partition, inFlight)
        }
      }
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      // The list stays ours where the record was not taken.
      unsafe rd_kafka_headers_destroy(headers)
      _ = unsafe InFlight(taking: inFlight)
      throw fatal ?? KafkaError(code, call: "rd_kafka_produceva")
    }
  }

  private func produce(
    _ topic: UnsafePointer<CChar>, _ key: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer,
    _ headers: OpaquePointer?, _ timestamp: Int64, _ partition: Int32?,
    _ opaque: UnsafeMutableRawPointer
  ) -> rd_kafka_resp_err_t {
    unsafe withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 8) { fields in
      unsafe fields[0].vtype = RD_KAFKA_VTYPE_TOPIC
      unsafe fields[0].u.cstr = unsafe topic
      unsafe fields[1].vtype = RD_KAFKA_VTYPE_KEY
      unsafe fields[1].u.mem = .init(
        ptr: UnsafeMutableRawPointer(mutating: key.baseAddress), size: key.count)
      unsafe fields[2].vtype = RD_KAFKA_VTYPE_VALUE
      unsafe fields[2].u.mem = .init(
        ptr: UnsafeMutableRawPointer(mutating: payload.baseAddress), size: payload.count)
      // No copy and no free: the memory is ours, and stays until the report.
      unsafe fields[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS
      unsafe fields[3].u.i = 0
      unsafe fields[4].vtype = RD_KAFKA_VTYPE_OPAQUE
      unsafe fields[4].u.ptr = unsafe opaque
      unsafe fields[5].vtype = RD_KAFKA_VTYPE_HEADERS
      unsafe fields[5].u.headers = unsafe headers
      unsafe fields[6].vtype = RD_KAFKA_VTYPE_TIMESTAMP
      unsafe fields[6].u.i64 = max(0, timestamp)
      unsafe fields[7].vtype = RD_KAFKA_VTYPE_PARTITION
      unsafe fields[7].u.i32 = partition ?? RD_KAFKA_PARTITION_UA
      guard let error = unsafe rd_kafka_produceva(handle, fields.baseAddress, fields.count) else {
        return RD_KAFKA_RESP_ERR_NO_ERROR
      }
      defer { unsafe rd_kafka_error_destroy(error) }
      return unsafe rd_kafka_error_code(error)
    }
  }

  private static func makeHeaders(_ headers: Headers, _ more: Headers) -> OpaquePointer? {
    let list = unsafe rd_kafka_headers_new(headers.count + more.count)
    func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
      _ = unsafe rd_kafka_header_add(
        list, name.bindMemory(to: CChar.self).baseAddress, name.count, value.baseAddress,
        value.count)
    }
    unsafe headers.forEach(add)
    unsafe more.forEach(add)
    return unsafe list
  }

  /// Waits for the next event for as long as `timeoutMilliseconds`, and takes those that wait with it.
  /// Called by one thread at a time.
  package func poll(timeoutMilliseconds: Int32) -> [ProducerEvent] {
    signal.wait(milliseconds: mayHoldEvents ? 0 : timeoutMilliseconds)
    return take(max: Self.eventsMax)
  }

  private func take(max: Int) -> [ProducerEvent] {
    var events: [ProducerEvent] = []
    mayHoldEvents = true
    while events.count < max {
      guard let event = unsafe rd_kafka_queue_poll(queue, 0) else {
        mayHoldEvents = false
        break
      }
      unsafe read(event, into: &events)
      unsafe rd_kafka_event_destroy(event)
    }
    return events
  }

  /// Reads acknowledgements that wait, of `max` events at most, without an allocation. Called by one thread at a
  /// time, which need not be the one that polls.
  /// - Returns: the first event that tells of something else, after which no more is read.
  package func takeArrivals(
    max: Int, _ body: (_ token: UInt64, _ endedAt: UInt64) -> Void
  ) -> ProducerEvent? {
    mayHoldEvents = true
    for _ in 0..<max {
      guard let event = unsafe rd_kafka_queue_poll(queue, 0) else {
        mayHoldEvents = false
        return nil
      }
      defer { unsafe rd_kafka_event_destroy(event) }
      guard unsafe rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR else {
        var others: [ProducerEvent] = []
        unsafe read(event, into: &others)
        if let other = others.first { return other }
        continue
      }
      var failed: [DeliveryReport] = []
      while let message = unsafe rd_kafka_event_message_next(event) {
        guard let opaque = unsafe message.pointee._private else { continue }
        if unsafe message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR || !failed.isEmpty {
          unsafe failed.append(report(message, opaque))
        } else {
          let inFlight = unsafe InFlight(taking: opaque)
          body(inFlight.token, inFlight.endedAt)
        }
      }
      guard failed.isEmpty else { return .delivered(failed) }
    }
    return nil
  }

  /// Makes a waiting `poll` return; from any thread.
  package func wake() {
    signal.set()
    alarm.set()
  }

  /// Lets events gather for as long as `milliseconds`, unless woken: for a caller whom nothing that they
  /// may tell could hurry. A thread that is woken for each report costs more than the report. Called by the
  /// thread that polls.
  package func pause(milliseconds: Int32) {
    // Until then librdkafka need not write to the signal for each report either.
    unsafe rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
    alarm.wait(milliseconds: milliseconds)
    enableSignal()
  }

  /// What came while it was not enabled is found by looking.
  private func enableSignal() {
    unsafe EventSignal.one.withUnsafeBytes { one in
      unsafe rd_kafka_queue_io_event_enable(queue, signal.descriptor, one.baseAddress, one.count)
    }
    mayHoldEvents = true
  }

  /// Takes back all records, queued or in flight; each is reported with an error of its own. It does not wait for
  /// librdkafka's threads, which may be looking up a name.
  package func purge() {
    _ = unsafe rd_kafka_purge(
      handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING)
  }

  /// The same, and waits until librdkafka's threads have done it, for no longer than `milliseconds`: the reports are then
  /// there to be polled.
  /// - Parameter isInFlight: false to leave those alone that were sent and may have been written.
  /// - Returns: whether it was done in that time; if not, it is done later.
  @discardableResult
  package func purge(isInFlight: Bool = true, waitingMilliseconds milliseconds: Int32) -> Bool {
    let flags = RD_KAFKA_PURGE_F_QUEUE | (isInFlight ? RD_KAFKA_PURGE_F_INFLIGHT : 0)
    let done: Void? = try? BoundedCall.run("rd_kafka_purge", milliseconds: milliseconds) {
      [self] () throws(KafkaError) in _ = unsafe rd_kafka_purge(handle, flags)
    }
    if done == nil {
      _ = unsafe rd_kafka_purge(handle, flags | RD_KAFKA_PURGE_F_NON_BLOCKING)
    }
    return done != nil
  }

  /// Fetches what is known of `topic`, so that its first record need not wait.
  /// - Returns: how many partitions it has, 0 where it is not there yet; nil where no broker answered in time.
  @discardableResult
  package func warm(topic: String, timeoutMilliseconds: Int32) -> Int32? {
    switch try? metadata(topic, timeoutMilliseconds: timeoutMilliseconds) {
    case .partitions(let count): count
    case .missing, .denied: 0
    case nil: nil
    }
  }

  /// Asks a broker about a topic.
  package func metadata(
    _ topic: String, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> TopicMetadata {
    try unsafe TopicMetadata.ask(handle, of: self, topic, milliseconds: timeoutMilliseconds)
  }

  /// Which of `count` partitions the records of one group share, whatever their keys: by CRC-32, as librdkafka
  /// chooses by keys.
  package static func partition(of group: [UInt8], count: Int32) -> Int32 {
    unsafe rd_kafka_msg_partitioner_consistent(nil, group, group.count, max(1, count), nil, nil)
  }

  private func read(_ event: OpaquePointer, into events: inout [ProducerEvent]) {
    switch unsafe rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_DR: unsafe events.append(.delivered(reports(event)))
    case RD_KAFKA_EVENT_ERROR:
      let text = unsafe rd_kafka_event_error_string(event).map { unsafe String(cString: $0) }
      let code = unsafe rd_kafka_event_error(event)
      var error = news.error(code, call: "rd_kafka_queue_poll", text: text)
      news.note(error, isToTake: false)
      // Its code is that of the cause, which elsewhere may pass.
      if unsafe rd_kafka_event_error_is_fatal(event) != 0 { error.kind = .fatal }
      events.append(.error(error))
    case RD_KAFKA_EVENT_STATS:
      if let json = unsafe rd_kafka_event_stats(event) {
        unsafe events.append(.statistics(Self.head(json)))
      }
    case RD_KAFKA_EVENT_LOG:
      var facility: UnsafePointer<CChar>?
      var message: UnsafePointer<CChar>?
      var level: Int32 = 6
      guard unsafe rd_kafka_event_log(event, &facility, &message, &level) == 0 else { return }
      unsafe events.append(
        .log(
          level: Int(level), facility: facility.map { unsafe String(cString: $0) } ?? "",
          message: message.map { redaction.apply(unsafe String(cString: $0)) } ?? ""))
    default: break
    }
  }

  /// The statistics without those of topics: of 100,000 partitions these would be 100 MB, and nobody reads them.
  private static func head(_ json: UnsafePointer<CChar>) -> String {
    guard let topics = unsafe strstr(json, "\"topics\":") else {
      return unsafe String(cString: json)
    }
    let count = unsafe UnsafePointer(topics) - json
    return unsafe String(
      decoding: UnsafeRawBufferPointer(start: json, count: count), as: UTF8.self)
  }

  private func reports(_ event: OpaquePointer) -> [DeliveryReport] {
    var reports: [DeliveryReport] = []
    while let message = unsafe rd_kafka_event_message_next(event) {
      guard let opaque = unsafe message.pointee._private else { continue }
      unsafe reports.append(report(message, opaque))
    }
    return reports
  }

  /// Takes what was kept until the report.
  private func report(
    _ message: UnsafePointer<rd_kafka_message_t>, _ opaque: UnsafeMutableRawPointer
  ) -> DeliveryReport {
    let inFlight = unsafe InFlight(taking: opaque)
    let code = unsafe message.pointee.err
    return unsafe DeliveryReport(
      token: inFlight.token, payload: inFlight.payload, partition: message.pointee.partition,
      offset: message.pointee.offset, endedAt: inFlight.endedAt,
      error: code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, call: "delivery"))
  }
}
