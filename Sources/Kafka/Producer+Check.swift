import CRdKafka

extension Producer {
  /// What librdkafka has against these properties: each that it does not take; where it takes all, what
  /// it finds wrong in them together, such as certificates that cannot be read. It knows of no broker
  /// here, and so connects to none.
  /// - Returns: errors that name the property as the configuration does; none where a producer can be
  ///   made.
  package static func check(
    properties: [String: String] = [:], secrets: [String: String] = [:]
  ) -> [KafkaError] {
    let configuration = Configuration()
    let errors = configuration.setProducer(properties: properties, secrets: secrets)
    guard errors.isEmpty else { return errors }
    do throws(KafkaError) {
      let redaction = Redaction(secrets.values)
      unsafe rd_kafka_destroy(
        try configuration.makeHandle(RD_KAFKA_PRODUCER, redaction: redaction))
      return []
    } catch {
      return [error]
    }
  }
}
