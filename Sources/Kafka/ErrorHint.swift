import CRdKafka

/// What an operator can do about an error.
enum ErrorHint {
  /// What OpenSSL says where the broker does not accept this client's certificate: TLS alerts 42 (bad), 46 (unknown) and
  /// 116 (required), and their neighbours.
  private static let clientCertificateAlerts = [
    "alert bad certificate", "alert certificate unknown", "alert unsupported certificate",
    "alert certificate revoked", "alert certificate expired", "alert certificate required",
    "alert unknown ca", "alert number 42", "alert number 43", "alert number 44", "alert number 45",
    "alert number 46", "alert number 48", "alert number 116",
  ]

  /// - Parameter isReading: of a topic that is read, not written.
  static func hint(_ code: rd_kafka_resp_err_t, _ words: String, isReading: Bool) -> String {
    switch code {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return words.contains("SCRAM")
        ? """
        ; librdkafka 2.0.2 of Debian 12 cannot do SCRAM against Kafka 4 (its issue 4895), even with the \
        right password: use mTLS or SASL/PLAIN
        """
        : "; check sasl.mechanism, sasl.username and the secret file of sasl.password"
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "; check kafka.brokers and the box's DNS"
    case RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__TRANSPORT:
      return ofTLS(words.lowercased(), isHandshake: code == RD_KAFKA_RESP_ERR__SSL)
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return isReading
        ? "; grant READ and DESCRIBE on the topic" : "; grant WRITE and DESCRIBE on the topic"
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return "; create the topic, or let the brokers create topics"
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "; check the box's clock"
    default: return ""
    }
  }

  /// Of a handshake, and of a connection that TLS ended: in TLS 1.3 a broker refuses a client's certificate after the
  /// handshake.
  private static func ofTLS(_ words: String, isHandshake: Bool) -> String {
    if clientCertificateAlerts.contains(where: { words.contains($0) }) {
      return """
        ; the broker does not accept this client's certificate: check ssl.certificate.location, \
        ssl.key.location, the certificate's dates, and that the broker trusts its CA
        """
    }
    if words.contains("alert handshake failure") || words.contains("alert number 40") {
      return """
        ; the broker ended the handshake: it may want a client's certificate (ssl.certificate.location, \
        ssl.key.location), or have no TLS version or cipher in common with this client
        """
    }
    if words.contains("wrong version number") || words.contains("plaintext") {
      return "; the listener does not speak TLS: check its port, and security.protocol"
    }
    guard isHandshake else { return "" }
    return words.contains("certificate verify failed")
      ? """
      ; check that the broker's certificate is of the CA in ssl.ca.location and bears the host name in \
      kafka.brokers, its dates, and the box's clock
      """
      : "; check ssl.ca.location, the certificates' dates and the box's clock"
  }
}
