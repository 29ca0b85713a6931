import CRdKafka

extension KafkaError {
  /// The code of the Kafka protocol or of librdkafka that goes by `name`, e.g. `MSG_SIZE_TOO_LARGE`.
  package static func code(named name: String) -> Int32? {
    var list: UnsafePointer<rd_kafka_err_desc>?
    var count = 0
    unsafe rd_kafka_get_err_descs(&list, &count)
    let descriptions = unsafe UnsafeBufferPointer(start: list, count: count)
    let found = unsafe descriptions.first {
      unsafe $0.name.map { unsafe String(cString: $0) } == name
    }
    return unsafe found?.code.rawValue
  }
}
