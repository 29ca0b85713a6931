import CRdKafka

/// What a broker says of one topic.
package enum TopicMetadata: Sendable, Equatable {
  case partitions(Int32)
  /// There is none of this name, or none that this client may see.
  case missing
  /// It is there, but this client may not use it.
  case denied

  /// Whether it has partitions: while it is being made it has none yet.
  package var isThere: Bool {
    if case .partitions(let count) = self { return count > 0 }
    return false
  }

  private static let call = "rd_kafka_metadata"

  /// Asks a broker, and waits no longer than `milliseconds`.
  /// - Parameter owner: keeps the handle alive.
  static func ask(
    _ handle: OpaquePointer, of owner: any AnyObject & Sendable, _ topic: String,
    milliseconds: Int32
  ) throws(KafkaError) -> TopicMetadata {
    try unsafe ask(handle, of: owner, topic, milliseconds: milliseconds) { told in
      switch unsafe told.err {
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: return TopicMetadata.denied
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return .missing
      // Without partitions where it is being made.
      default: return unsafe .partitions(told.partition_cnt)
      }
    } ?? .missing
  }

  /// The same, for what `read` makes of the answer; nil where there is nothing of the topic in it. A topic that is not
  /// there is not made by asking, as long as the property `allow.auto.create.topics` of a consumer is off; a producer's
  /// question makes it, as its records would.
  static func ask<Value: Sendable>(
    _ handle: OpaquePointer, of owner: any AnyObject & Sendable, _ topic: String,
    milliseconds: Int32, _ read: @escaping @Sendable (rd_kafka_metadata_topic) -> Value
  ) throws(KafkaError) -> Value? {
    let client = unsafe ClientHandle(handle)
    return try BoundedCall.run(call, milliseconds: milliseconds) { () throws(KafkaError) in
      defer { extendLifetime(owner) }
      guard let local = unsafe rd_kafka_topic_new(client.pointer, topic, nil) else {
        throw KafkaError(rd_kafka_last_error(), call: "rd_kafka_topic_new")
      }
      defer { unsafe rd_kafka_topic_destroy(local) }
      var found: UnsafePointer<rd_kafka_metadata>?
      let code = unsafe rd_kafka_metadata(client.pointer, 0, local, &found, milliseconds)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = unsafe found else {
        throw KafkaError(code, call: call)
      }
      defer { unsafe rd_kafka_metadata_destroy(metadata) }
      return unsafe metadata.pointee.topic_cnt > 0 ? read(metadata.pointee.topics[0]) : nil
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
