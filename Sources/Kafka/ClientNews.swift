import CRdKafka
import Synchronization

/// What librdkafka tells beside records: why it does not come to its brokers, and what OpenSSL has against their
/// certificates, which librdkafka's own words leave out. The handle's owner keeps it until the handle is destroyed.
final class ClientNews: Sendable {
  private static let errorsMax = 64

  private struct State {
    /// X509_V_ERR_… by the broker's `host:port`.
    var certificateFaults: [String: Int32] = [:]
    var errors: [KafkaError] = []
    var cause: KafkaError?
  }

  private let state = Mutex(State())
  private let redaction: Redaction

  init(redaction: Redaction) { self.redaction = redaction }

  /// The most telling error since the last `forget`.
  var cause: KafkaError? { state.withLock { $0.cause } }

  /// What came since it was last asked.
  func take() -> [KafkaError] {
    state.withLock { state in
      defer { state.errors.removeAll() }
      return state.errors
    }
  }

  /// Brokers answer: whatever was wrong is so no longer.
  func forget() { state.withLock { $0.cause = nil } }

  /// - Parameter isToTake: false where its owner has it already.
  func note(_ error: KafkaError, isToTake: Bool = true) {
    state.withLock { state in
      if isToTake, state.errors.count < Self.errorsMax { state.errors.append(error) }
      if let cause = state.cause, cause.precision > error.precision { return }
      state.cause = error
    }
  }

  /// An error with all that is known of it.
  func error(_ code: rd_kafka_resp_err_t, call: String, text: String?) -> KafkaError {
    var words = text.map { redaction.apply($0) }
    var fault: CertificateFault?
    if let text = words, text.contains("certificate verify failed") {
      let found = state.withLock { $0.certificateFaults.first { text.contains("//\($0.key)/") } }
      fault = found.flatMap { CertificateFault($0.value, broker: $0.key) }
      if let fault { words = fault.words(insteadOf: text) }
    }
    return KafkaError(code, call: call, text: words, certificate: fault)
  }

  /// Has librdkafka tell of certificates and, where `isOfErrors`, of errors, on the thread that polls.
  func listen(_ configuration: OpaquePointer?, isOfErrors: Bool) {
    unsafe rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
    _ = unsafe rd_kafka_conf_set_ssl_cert_verify_cb(configuration) {
      _, broker, _, fault, _, _, _, _, _, opaque in
      // As OpenSSL has judged, whether that is heeded or not.
      guard let code = unsafe fault?.pointee, code != 0 else { return 1 }
      if let opaque = unsafe opaque, let broker = unsafe broker {
        let news = unsafe Unmanaged<ClientNews>.fromOpaque(opaque).takeUnretainedValue()
        unsafe news.noteCertificate(of: String(cString: broker), code)
      }
      return 0
    }
    guard isOfErrors else { return }
    unsafe rd_kafka_conf_set_error_cb(configuration) { _, code, reason, opaque in
      guard let opaque = unsafe opaque else { return }
      let news = unsafe Unmanaged<ClientNews>.fromOpaque(opaque).takeUnretainedValue()
      let text = unsafe reason.map { unsafe String(cString: $0) }
      news.note(
        news.error(rd_kafka_resp_err_t(rawValue: code), call: "consumer error", text: text))
    }
  }

  private func noteCertificate(of broker: String, _ code: Int32) {
    state.withLock { state in
      if state.certificateFaults.count >= Self.errorsMax { state.certificateFaults.removeAll() }
      state.certificateFaults[broker] = code
    }
  }
}

/// What OpenSSL has against a broker's certificate.
struct CertificateFault: Equatable {
  /// Of openssl/x509_vfy.h.
  private static let known: [Int32: (words: String, remedy: String)] = [
    2: untrusted, 18: untrusted, 19: untrusted, 20: untrusted, 21: untrusted,
    9: ("is not valid yet", "check the box's clock, and the certificate's dates"),
    10: ("has expired", "renew it there, or check the box's clock"),
    23: ("was revoked", "give the broker another"),
    26: ("is not one of a server", "give the broker one for servers (serverAuth)"),
    62: otherName, 64: otherName,
  ]
  private static let untrusted = (
    words: "is of a CA that this box does not trust",
    remedy: "put the CA that signed it into ssl.ca.location"
  )
  private static let otherName = (
    words: "does not bear its host name",
    remedy:
      "name the broker in kafka.brokers, and in its advertised.listeners, as its certificate does, or give it a certificate with this name (subjectAltName)"
  )

  private let broker: String
  private let fault: (words: String, remedy: String)

  /// Nil where the code says no more than librdkafka's words.
  init?(_ code: Int32, broker: String) {
    guard let fault = Self.known[code] else { return nil }
    self.broker = broker
    self.fault = fault
  }

  static func == (one: CertificateFault, other: CertificateFault) -> Bool {
    one.broker == other.broker && one.fault == other.fault
  }

  var remedy: String { fault.remedy }

  /// librdkafka's guess, which is always the CA, makes way for what is so.
  func words(insteadOf text: String) -> String {
    let host = broker.lastIndex(of: ":").map { String(broker[..<$0]) } ?? broker
    return
      "the certificate of the broker \(broker) \(fault.words)\(fault.words.hasSuffix("name") ? ", \(host)" : "") (certificate verify failed)"
  }
}
