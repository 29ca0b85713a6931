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
    ("_FATAL", .fatal),
    // A topic that is deleted and made anew.
    ("_UNKNOWN_PARTITION", .retriable),
    ("_MSG_TIMED_OUT", .retriable), ("_TRANSPORT", .retriable), ("_PURGE_QUEUE", .retriable),
    ("_PURGE_INFLIGHT", .retriable), ("_ALL_BROKERS_DOWN", .retriable), ("_RESOLVE", .retriable),
    ("NOT_LEADER_FOR_PARTITION", .retriable), ("LEADER_NOT_AVAILABLE", .retriable),
    ("NOT_ENOUGH_REPLICAS", .retriable), ("_UNKNOWN_TOPIC", .retriable),
    ("UNKNOWN_TOPIC_OR_PART", .retriable), ("REQUEST_TIMED_OUT", .retriable),
    ("NOT_ENOUGH_REPLICAS_AFTER_APPEND", .retriable), ("KAFKA_STORAGE_ERROR", .retriable),
    ("THROTTLING_QUOTA_EXCEEDED", .retriable), ("INVALID_MSG", .retriable),
    ("FENCED_LEADER_EPOCH", .retriable), ("BROKER_NOT_AVAILABLE", .retriable),
    ("GROUP_AUTHORIZATION_FAILED", .retriable), ("_CRIT_SYS_RESOURCE", .retriable),
    // What a person mends loses no record meanwhile.
    ("TOPIC_EXCEPTION", .refused), ("INVALID_REQUIRED_ACKS", .refused),
    ("UNSUPPORTED_COMPRESSION_TYPE", .refused), ("UNSUPPORTED_FOR_MESSAGE_FORMAT", .refused),
    ("UNSUPPORTED_VERSION", .refused), ("DELEGATION_TOKEN_EXPIRED", .refused),
  ])
  func `Each error has the kind that says what to do`(name: String, kind: KafkaError.Kind) throws {
    let code = try #require(KafkaError.code(named: name))
    let error = KafkaError(rd_kafka_resp_err_t(rawValue: code), call: "test")
    #expect(error.kind == kind && error.name == name && error.code == code)
    #expect(error.description.contains(name) && error.description.count > name.count + 5)
  }

  @Test func `Every error that librdkafka knows has a row with a reason`() {
    #expect(KafkaError.known.count > 150)
    for (_, name) in KafkaError.known {
      let row = ErrorTable.rows[name]
      #expect(row != nil, "\(name) has no row")
      #expect(row.map { $0.reason.count > 7 } == true, "\(name) has no reason")
    }
  }

  @Test func `Few errors give a record up`() {
    let lost = ErrorTable.rows.filter { $0.value.kind == .invalid || $0.value.kind == .oversize }
    #expect(
      lost.keys.sorted() == [
        "INVALID_RECORD", "INVALID_TIMESTAMP", "MSG_SIZE_TOO_LARGE", "POLICY_VIOLATION",
        "RECORD_LIST_TOO_LARGE", "_INVALID_ARG", "_KEY_SERIALIZATION", "_VALUE_SERIALIZATION",
      ])
  }

  @Test func `An error that is not in the table is waited for`() {
    #expect(ErrorTable.row(of: "NEXT_YEARS_ERROR").kind == .retriable)
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

  @Test(arguments: [
    (
      "ssl://b:9093/1: SSL handshake failed: sslv3 alert bad certificate: SSL alert number 42",
      "this client's certificate"
    ),
    (
      "SSL handshake failed: alert certificate unknown (SSL alert number 46)",
      "this client's certificate"
    ),
    ("SSL handshake failed: tlsv13 alert certificate required", "this client's certificate"),
    (
      "SSL handshake failed: certificate verify failed: broker certificate could not be verified",
      "host name"
    ),
    ("SSL handshake failed: wrong version number", "security.protocol"),
    ("SSL handshake failed: no ciphers available", "ssl.ca.location"),
  ])
  func `A failed handshake says whose certificate is at fault`(text: String, hint: String) {
    let error = KafkaError(RD_KAFKA_RESP_ERR__SSL, call: "poll", text: text)
    #expect(error.description.contains(hint), "\(error)")
  }

  @Test(arguments: [
    ("_SSL", "SSL handshake failed: certificate verify failed", KafkaError.Precision.fault),
    ("_TRANSPORT", "error:0A000086:SSL routines::certificate verify failed", .connection),
    ("_TRANSPORT", "Receive failed: tlsv13 alert unknown ca: SSL alert number 48", .cause),
    ("_TRANSPORT", "Connect to ipv4#127.0.0.1:1 failed: Connection refused", .cause),
    (
      "_TRANSPORT",
      "Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication",
      .cause
    ),
    ("_TRANSPORT", "Disconnected (after 3 ms in state UP)", .connection),
    ("_RESOLVE", "Failed to resolve 'b:9092'", .cause),
    ("_AUTHENTICATION", "SASL authentication error", .fault),
    ("_ALL_BROKERS_DOWN", "1/1 brokers are down", .outage), ("_MSG_TIMED_OUT", "", .none),
    ("_TIMED_OUT", "", .none),
  ])
  func `An error that names the cause outweighs one that only says that nothing came`(
    name: String, text: String, precision: KafkaError.Precision
  ) throws {
    let code = rd_kafka_resp_err_t(rawValue: try #require(KafkaError.code(named: name)))
    #expect(KafkaError(code, call: "poll", text: text).precision == precision)
  }

  @Test(arguments: ["Too many open files", "Cannot allocate memory", "Input/output error"])
  func `What the system refuses OpenSSL may pass`(reason: String) {
    let error = KafkaError(
      RD_KAFKA_RESP_ERR__INVALID_ARG, call: "rd_kafka_new",
      text: "ssl.certificate.location failed: error:80000018:system library::\(reason)")
    #expect(error.isOfSystem)
    #expect(
      !KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, call: "x", text: "No such file").isOfSystem)
  }

  @Test func `Who is denied reading is told to have reading granted`() {
    let code = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
    #expect("\(KafkaError(code, call: "rd_kafka_consumer_poll"))".contains("READ and DESCRIBE"))
    #expect("\(KafkaError(code, call: "delivery"))".contains("WRITE and DESCRIBE"))
    #expect(TopicMetadata.partitions(3).error(topic: "t") == nil)
    #expect(TopicMetadata.missing.error(topic: "a.b")?.description.contains("--topic a.b") == true)
    #expect(TopicMetadata.denied.error(topic: "t")?.description.contains("WRITE") == true)
  }

  @Test func `What a broker says of a topic is told by name`() throws {
    let cluster = try MockCluster()
    let producer = try Producer(brokers: [cluster.bootstrapServers])
    cluster.createTopic("there", partitions: 3)
    cluster.createTopic("gone", partitions: 3)
    cluster.setTopicError("gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue)
    cluster.createTopic("denied", partitions: 3)
    cluster.setTopicError("denied", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue)
    #expect(try producer.metadata("there", timeoutMilliseconds: 20_000) == .partitions(3))
    #expect(try producer.metadata("gone", timeoutMilliseconds: 20_000) == .missing)
    #expect(try producer.metadata("denied", timeoutMilliseconds: 20_000) == .denied)
  }

  @Test(arguments: [
    "", " (after 0ms in state CONNECT)", " (after 12345ms in state APIVERSION_QUERY)",
    " (after 0ms in state CONNECT, 3 identical error(s) suppressed)",
    " (after 2004ms in state SSL_HANDSHAKE, 120 identical error(s) suppressed)",
  ])
  func `How long a connection was in which state is told to nobody`(state: String) {
    let text = "b:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused"
    let error = KafkaError(RD_KAFKA_RESP_ERR__TRANSPORT, call: "poll", text: text + state)
    #expect(error.description == text + " (_TRANSPORT)")
    #expect(error.precision == .cause)
    // What stands behind it stays, and so do other words in brackets.
    let more = KafkaError(
      RD_KAFKA_RESP_ERR__TRANSPORT, call: "poll", text: "a (b)\(state): broker's TLS (c)")
    #expect(more.description == "a (b): broker's TLS (c) (_TRANSPORT)")
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
