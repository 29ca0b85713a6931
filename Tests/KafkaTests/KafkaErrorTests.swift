import CRdKafka
import Testing

@testable import Kafka

@Suite struct KafkaErrorTests {
  @Test(arguments: [
    ("_QUEUE_FULL", KafkaError.Kind.queueFull),
    ("MSG_SIZE_TOO_LARGE", .oversize), ("RECORD_LIST_TOO_LARGE", .oversize),
    ("_AUTHENTICATION", .refused), ("_SSL", .refused), ("SASL_AUTHENTICATION_FAILED", .refused),
    ("TOPIC_AUTHORIZATION_FAILED", .refused), ("CLUSTER_AUTHORIZATION_FAILED", .refused),
    ("UNSUPPORTED_SASL_MECHANISM", .refused),
    ("POLICY_VIOLATION", .invalid), ("INVALID_RECORD", .invalid), ("INVALID_TIMESTAMP", .invalid),
    ("_UNKNOWN_PARTITION", .invalid), ("_FATAL", .fatal),
    ("_MSG_TIMED_OUT", .retriable), ("_TRANSPORT", .retriable), ("_PURGE_QUEUE", .retriable),
    ("_PURGE_INFLIGHT", .retriable), ("_ALL_BROKERS_DOWN", .retriable), ("_RESOLVE", .retriable),
    ("NOT_LEADER_FOR_PARTITION", .retriable), ("LEADER_NOT_AVAILABLE", .retriable),
    ("NOT_ENOUGH_REPLICAS", .retriable), ("_UNKNOWN_TOPIC", .retriable),
    ("UNKNOWN_TOPIC_OR_PART", .retriable), ("REQUEST_TIMED_OUT", .retriable),
  ])
  func `Each error has the kind that says what to do`(name: String, kind: KafkaError.Kind) throws {
    let code = try #require(KafkaError.code(named: name))
    let error = KafkaError(rd_kafka_resp_err_t(rawValue: code), call: "test")
    #expect(error.kind == kind && error.name == name && error.code == code)
    #expect(error.description.contains(name) && error.description.count > name.count + 5)
  }

  @Test func `A refused SCRAM login comes with the hint about librdkafka`() {
    let text = """
      sasl_plaintext://broker:9092/bootstrap: SASL authentication error: Authentication failed during \
      authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256
      """
    let error = KafkaError(RD_KAFKA_RESP_ERR__AUTHENTICATION, call: "poll", text: text)
    #expect(error.kind == .refused && error.description.hasPrefix(text))
    #expect(error.description.contains("4895") && error.description.contains("mTLS or SASL/PLAIN"))
  }

  @Test func `Any other refused login says what to check`() {
    let error = KafkaError(RD_KAFKA_RESP_ERR__AUTHENTICATION, call: "poll", text: "bad password")
    #expect(!error.description.contains("SCRAM"))
    #expect(error.description.contains("sasl.username"))
  }

  @Test func `Names that librdkafka does not know have no code`() {
    #expect(KafkaError.code(named: "NO_SUCH_ERROR") == nil)
    #expect(KafkaError.code(named: "") == nil)
  }

  @Test(arguments: [
    (["hunter2"], "password hunter2 refused hunter2", "password (secret) refused (secret)"),
    (["abc", "abcdef"], "abcdef abc", "(secret) (secret)"),
    ([""], "nothing to hide", "nothing to hide"), ([], "nothing", "nothing"),
  ])
  func `Secrets are taken out of texts`(secrets: [String], text: String, expected: String) {
    #expect(Redaction(secrets).apply(text) == expected)
  }
}
