import CRdKafka
import Paths

/// A librdkafka configuration being built. It is freed when it goes.
@safe
struct Configuration: ~Copyable {
  private let handle: OpaquePointer

  init() { unsafe handle = unsafe rd_kafka_conf_new() }

  private init(_ handle: OpaquePointer) { unsafe self.handle = unsafe handle }

  func copy() -> Configuration { unsafe Configuration(rd_kafka_conf_dup(handle)) }

  deinit { unsafe rd_kafka_conf_destroy(handle) }

  /// - Throws: `.configuration` naming the property; the value of a secret is never part of the text.
  func set(_ property: String, _ value: String, isSecret: Bool = false) throws(KafkaError) {
    var text = [CChar](repeating: 0, count: 512)
    // Some are files' names.
    let bytes = isSecret ? Array(value.utf8CString) : value.pathBytes
    let result = unsafe rd_kafka_conf_set(handle, property, bytes, &text, text.count)
    guard result != RD_KAFKA_CONF_OK else { return }
    // What librdkafka says of a value quotes it; of a name that it does not know, only the name.
    let isQuoting = isSecret && result != RD_KAFKA_CONF_UNKNOWN
    let told = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw KafkaError(
      property: property, isSecret: isSecret,
      text: isQuoting ? "the secret is not accepted" : String(decoding: told, as: UTF8.self))
  }

  /// Sets the defaults of a producer, then `properties` and `secrets` over them.
  /// - Returns: an error for each that is not taken, by name.
  func setProducer(properties: [String: String], secrets: [String: String]) -> [KafkaError] {
    // One after the other: a property may go by a second name (`max.in.flight`), and then the last wins.
    let all =
      DefaultProperties.producer.map { ($0.key, $0.value, false) }
      + properties.sorted { $0.key < $1.key }.map { ($0.key, $0.value, false) }
      + secrets.sorted { $0.key < $1.key }.map { ($0.key, $0.value, true) }
    var errors: [KafkaError] = []
    for (property, value, isSecret) in all {
      do throws(KafkaError) {
        try set(property, value, isSecret: isSecret)
      } catch {
        errors.append(error)
      }
    }
    return errors
  }

  func setEvents(_ events: Int32) { unsafe rd_kafka_conf_set_events(handle, events) }

  /// Makes a handle with this configuration.
  /// - Parameters:
  ///   - news: kept alive by the caller until the handle is destroyed.
  ///   - notesEnds: whether the ends of records are noted where their opaque pointers lead; see `vp_note_ends`.
  /// - Throws: `.configuration` where properties that are right by themselves do not go together, or
  ///   name files that cannot be read.
  func makeHandle(
    _ type: rd_kafka_type_t, redaction: Redaction = Redaction([]), news: ClientNews? = nil,
    notesEnds: Bool = false
  ) throws(KafkaError) -> OpaquePointer {
    var text = [CChar](repeating: 0, count: 512)
    // rd_kafka_new takes a copy of its own, so that a failure leaves nothing half freed.
    let copy = unsafe rd_kafka_conf_dup(handle)
    unsafe news?.listen(copy, isOfErrors: type == RD_KAFKA_CONSUMER)
    // Interceptors are not copied with the rest.
    if notesEnds { _ = unsafe vp_note_ends(copy) }
    guard let made = unsafe rd_kafka_new(type, copy, &text, text.count) else {
      let code = rd_kafka_last_error()
      // Where there are interceptors, librdkafka 2.0.2 has freed their lists already and would do so again:
      // a few KiB are given up instead.
      if !notesEnds { unsafe rd_kafka_conf_destroy(copy) }
      let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      var error = KafkaError(
        code, call: "rd_kafka_new", text: redaction.apply(String(decoding: bytes, as: UTF8.self)))
      // All but a lack of threads or memory can be mended in the configuration alone.
      if code != RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE {
        error.kind = .configuration
        error.description = "kafka.properties: \(error.description)"
      }
      throw error
    }
    return unsafe made
  }
}

/// The properties that the agent sets where the configuration does not say otherwise.
enum DefaultProperties {
  /// Measured or reasoned for librdkafka 2.0.2; see README, 'Kafka'.
  static let producer: [String: String] = [
    "client.id": "vedette",
    "acks": "all",
    // librdkafka issue 4438: an idempotent producer can fail for good after a disconnect.
    "enable.idempotence": "false",
    // With more in flight a retry would change the order of frames.
    "max.in.flight.requests.per.connection": "1",
    "linger.ms": "0",
    "message.timeout.ms": "15000",
    "socket.timeout.ms": "10000",
    "socket.connection.setup.timeout.ms": "5000",
    "reconnect.backoff.ms": "100",
    // Delivery reports wait for the reconnect scan; the default of 10 s delays them as much.
    "reconnect.backoff.max.ms": "500",
    "socket.keepalive.enable": "true",
    "socket.nagle.disable": "true",
    // JPEG does not shrink.
    "compression.type": "none",
    // The broker decides what is too large; a batch of several stays under its default of 1 MiB.
    "message.max.bytes": "67108864",
    "batch.size": "900000",
    "queue.buffering.max.kbytes": "1048576",
    "queue.buffering.max.messages": "100000",
    "topic.metadata.refresh.interval.ms": "60000",
    // How long a topic that is missing may be on its way from another broker: with the default of 30 s its
    // records would time out first, and nobody would learn why.
    "topic.metadata.propagation.max.ms": "3000",
    // Tells of brokers that throttle.
    "statistics.interval.ms": "10000",
    "log_level": "6",
    "log.queue": "true",
  ]
}
