import CRdKafka

/// An idempotent producer that can no longer promise order without duplicates ends for good: librdkafka
/// raises a fatal error, hands back what is queued, and takes nothing more.
extension Producer {
  /// The first fatal error: why this producer takes no records any more; nil while it works. Its code and
  /// name are those of the cause, its kind is `.fatal`. From any thread.
  package var fatal: KafkaError? {
    var text = [CChar](repeating: 0, count: 512)
    let code = unsafe rd_kafka_fatal_error(handle, &text, text.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    var error = KafkaError(
      code, call: "rd_kafka_fatal_error",
      text: redaction.apply(String(decoding: bytes, as: UTF8.self)))
    error.kind = .fatal
    return error
  }

  /// Makes librdkafka raise a fatal error, which no broker can be brought to; for tests of those who own a
  /// producer.
  /// - Parameter code: of the Kafka protocol or of librdkafka, as the cause.
  package func simulateFatal(_ code: Int32, reason: String) {
    _ = unsafe rd_kafka_test_fatal_error(handle, rd_kafka_resp_err_t(rawValue: code), reason)
  }
}
