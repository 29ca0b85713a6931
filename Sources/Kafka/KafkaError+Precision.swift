import CRdKafka

extension KafkaError {
  /// How much an error says of its cause: a time-out only says that something is wrong, a refused connection what, and a
  /// topic that is missing what somebody has to mend.
  package enum Precision: Int, Comparable, Sendable {
    case none, outage, connection, cause, fault

    package static func < (one: Precision, other: Precision) -> Bool {
      one.rawValue < other.rawValue
    }
  }

  package var precision: Precision {
    if kind == .refused || isTopicMissing { return .fault }
    switch rd_kafka_resp_err_t(rawValue: code) {
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
      RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, RD_KAFKA_RESP_ERR__RETRY:
      return .none
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: return .outage
    case RD_KAFKA_RESP_ERR__TRANSPORT:
      // The library's own guess, or what TLS says, is worth more than that a connection ended.
      return ["might require", "might be caused", "refused", "SSL alert", "PLAINTEXT"].contains {
        description.contains($0)
      } ? .cause : .connection
    default: return .cause
    }
  }

  /// Says what is wrong until somebody mends it, and not only that nothing came in time.
  package var isTelling: Bool { precision == .fault }

  /// The topic, or a partition of it, is gone, for a while or for good.
  package var isTopicMissing: Bool {
    [
      "_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_ID",
      "TOPIC_EXCEPTION",
    ].contains(name)
  }

  /// The topic is denied to this client.
  package var isTopicDenied: Bool {
    code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue
  }
}
