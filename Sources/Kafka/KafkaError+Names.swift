import CRdKafka

extension KafkaError {
  /// The code of the Kafka protocol or of librdkafka that goes by `name`, e.g. `MSG_SIZE_TOO_LARGE`.
  package static func code(named name: String) -> Int32? {
    known.first { $0.name == name }?.code
  }

  /// All codes that this librdkafka has a name for.
  static let known: [(code: Int32, name: String)] = {
    var list: UnsafePointer<rd_kafka_err_desc>?
    var count = 0
    unsafe rd_kafka_get_err_descs(&list, &count)
    return unsafe UnsafeBufferPointer(start: list, count: count).compactMap { description in
      guard let name = unsafe description.name else { return nil }
      return unsafe (description.code.rawValue, String(cString: name))
    }
  }()
}
