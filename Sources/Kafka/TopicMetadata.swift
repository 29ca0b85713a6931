import CRdKafka

/// What a broker says of one topic.
package enum TopicMetadata: Sendable, Equatable {
  case partitions(Int32)
  /// There is none of this name, or none that this client may see.
  case missing
  /// It is there, but this client may not use it.
  case denied

  /// Asks with a handle that somebody keeps alive. A topic that is not there is not made by asking, as long as the
  /// property `allow.auto.create.topics` of a consumer is off; a producer's question makes it, as its records would.
  static func ask(
    _ handle: OpaquePointer, _ topic: String, _ milliseconds: Int32
  ) throws(KafkaError) -> TopicMetadata {
    guard let local = unsafe rd_kafka_topic_new(handle, topic, nil) else {
      throw KafkaError(rd_kafka_last_error(), call: "rd_kafka_topic_new")
    }
    defer { unsafe rd_kafka_topic_destroy(local) }
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = unsafe rd_kafka_metadata(handle, 0, local, &found, milliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = unsafe found else {
      throw KafkaError(code, call: "rd_kafka_metadata")
    }
    defer { unsafe rd_kafka_metadata_destroy(metadata) }
    guard unsafe metadata.pointee.topic_cnt > 0 else { return .missing }
    let told = unsafe metadata.pointee.topics[0]
    switch unsafe told.err {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: return .denied
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return .missing
    // Without partitions where it is being made.
    default: return unsafe .partitions(told.partition_cnt)
    }
  }

  /// What is wrong and what to do about it; nil where nothing is.
  /// - Parameter isReading: whether the topic is read, not written.
  package func error(topic: String, isReading: Bool = false) -> KafkaError? {
    switch self {
    case .partitions: return nil
    case .missing:
      var error = KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, call: "metadata")
      error.description = """
        the topic \(topic) does not exist; create it: kafka-topics.sh --bootstrap-server BROKER --create \
        --topic \(topic)
        """
      return error
    case .denied:
      var error = KafkaError(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, call: "metadata")
      let rights = isReading ? "READ and DESCRIBE" : "WRITE and DESCRIBE"
      error.description = "the topic \(topic) is denied to this client; grant it \(rights)"
      return error
    }
  }
}
