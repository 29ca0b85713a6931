import CRdKafka
import Glibc

/// What librdkafka refused, in its own code and in words for the operator.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What to do about an error.
  package enum Kind: Sendable {
    /// The record is sent again, and by and by will be taken: time-outs, transport, purge, leaders on the move,
    /// topics that are being made.
    case retriable
    /// Backpressure: librdkafka's queue is full.
    case queueFull
    /// The record is larger than the client's or the topic's limit.
    case oversize
    /// Nothing will be taken until somebody mends it: logins, rights, TLS, a property, a topic's name. The record
    /// is sound and waits.
    case refused
    /// No broker will ever take this record as it is: policy, format, its time.
    case invalid
    /// The handle is of no further use; see `Producer.replacement`.
    case fatal
    /// A property that librdkafka does not take.
    case configuration
  }

  package var kind: Kind
  /// rd_kafka_resp_err_t.
  package var code: Int32
  /// The code's name, e.g. `_MSG_TIMED_OUT`.
  package var name: String
  /// The call or event it came from.
  package var call: String
  /// A sentence with what to do where that is known.
  package var description: String
  /// Of a consumer: the partition that it is about.
  package var partition: Int32?

  /// Why it is of its kind.
  package var reason: String { ErrorTable.row(of: name).reason }

  /// What a consumer's offset pointed at is not there any more.
  package var isOffsetGone: Bool { code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue }

  /// The topic is there, without the partition that was to be read: it was made anew with fewer.
  package var isPartitionGone: Bool {
    code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION.rawValue && partition != nil
  }

  /// No error: there is nothing more in the partition for now.
  package var isEnd: Bool { code == RD_KAFKA_RESP_ERR__PARTITION_EOF.rawValue }

  /// What the partition holds next cannot be read by this client, now or later: it cannot be inflated, is of an unknown
  /// format, or larger than what a client takes.
  package var isUnreadable: Bool {
    [
      RD_KAFKA_RESP_ERR__BAD_COMPRESSION, RD_KAFKA_RESP_ERR__BAD_MSG,
      RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
    ].contains { $0.rawValue == code }
  }

  /// Whether the system refused, e.g. a thread or a file: it may pass, and no configuration mends it. Of files OpenSSL
  /// tells in words alone.
  package var isOfSystem: Bool {
    code == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE.rawValue
      || Self.systemErrors.contains { description.contains(unsafe String(cString: strerror($0))) }
  }

  private static let systemErrors = [EMFILE, ENFILE, ENOMEM, EIO]

  /// - Parameter certificate: what is wrong with a broker's certificate, where that is known.
  init(
    _ code: rd_kafka_resp_err_t, call: String, text: String? = nil,
    certificate: CertificateFault? = nil
  ) {
    self.code = code.rawValue
    self.call = call
    name = unsafe String(cString: rd_kafka_err2name(code))
    kind = ErrorTable.row(of: name).kind
    let meaning = unsafe String(cString: rd_kafka_err2str(code))
    let words = text.map { $0.isEmpty ? meaning : Self.withoutStateOfConnection($0) } ?? meaning
    let hint =
      certificate.map { "; \($0.remedy)" }
      ?? ErrorHint.hint(code, words, isReading: call.contains("consumer"))
    description = "\(words) (\(name))\(hint)"
  }

  /// librdkafka ends some sentences with how long a connection was in which of its states, and how often it has said so: no
  /// operator needs that, and it makes another sentence of the same fault each time.
  private static func withoutStateOfConnection(_ text: String) -> String {
    text.replacing(
      #/ \(after \d+ ?ms in state [A-Z_-]+(, \d+ identical error\(s\) suppressed)?\)/#, with: "")
  }

  /// One that another process tells of, which need not be true.
  /// - Parameter description: of any bytes; it is shown as it is.
  package init(code: Int32, call: String, description: String, partition: Int32?) {
    let code =
      Self.known.contains { $0.code == code } ? code : RD_KAFKA_RESP_ERR_UNKNOWN.rawValue
    self.code = code
    self.call = call
    self.description = description
    self.partition = partition
    name = unsafe String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code)))
    kind = call == "rd_kafka_conf_set" ? .configuration : ErrorTable.row(of: name).kind
  }

  /// A property that could not be set.
  init(property: String, isSecret: Bool = false, text: String) {
    code = RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue
    name = "_INVALID_ARG"
    call = "rd_kafka_conf_set"
    kind = .configuration
    description = "kafka.\(isSecret ? "secrets" : "properties").\(property): \(text)"
  }
}
