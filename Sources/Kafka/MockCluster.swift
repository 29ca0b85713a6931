import CRdKafka

/// librdkafka's mock cluster: the real protocol over TCP on this machine, for trying and testing. It
/// keeps 5 MiB per partition, and checks neither sizes nor logins.
@safe
package final class MockCluster: @unchecked Sendable {
  private let handle: OpaquePointer
  private let cluster: OpaquePointer

  /// - Parameters:
  ///   - brokers: how many, from 1.
  ///   - partitions: of `vedette.frames`; topics that are made on first use have 4.
  package init(brokers: Int = 1, partitions: Int = 4) throws(KafkaError) {
    let configuration = Configuration()
    try configuration.set("client.id", "vedette-mock")
    try configuration.set("log_level", "0")
    let made = try unsafe configuration.makeHandle(RD_KAFKA_PRODUCER)
    guard let cluster = unsafe rd_kafka_mock_cluster_new(made, Int32(brokers)) else {
      unsafe rd_kafka_destroy(made)
      throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, call: "rd_kafka_mock_cluster_new")
    }
    unsafe rd_kafka_mock_topic_create(cluster, "vedette.frames", Int32(partitions), Int32(brokers))
    unsafe handle = unsafe made
    unsafe self.cluster = unsafe cluster
  }

  deinit {
    unsafe rd_kafka_mock_cluster_destroy(cluster)
    unsafe rd_kafka_destroy(handle)
  }

  /// `host:port`, separated by commas.
  package var bootstrapServers: String {
    unsafe rd_kafka_mock_cluster_bootstraps(cluster).map { unsafe String(cString: $0) } ?? ""
  }

  /// Makes a topic that does not exist yet.
  package func createTopic(_ name: String, partitions: Int) {
    unsafe rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1)
  }

  /// Makes brokers answer for a topic with this code of the Kafka protocol, as if it were missing or denied;
  /// 0 for as it is.
  package func setTopicError(_ name: String, _ code: Int32) {
    unsafe rd_kafka_mock_topic_set_error(cluster, name, rd_kafka_resp_err_t(rawValue: code))
  }

  /// Gives a partition to another broker; nil for none: it is offline.
  package func setLeader(_ topic: String, partition: Int, _ broker: Int?) {
    _ = unsafe rd_kafka_mock_partition_set_leader(
      cluster, topic, Int32(partition), broker.map { Int32($0) } ?? -1)
  }

  /// Closes the broker's connections and refuses new ones, or takes them again.
  package func setBroker(_ id: Int, isUp: Bool) {
    _ =
      unsafe isUp
      ? rd_kafka_mock_broker_set_up(cluster, Int32(id))
      : rd_kafka_mock_broker_set_down(cluster, Int32(id))
  }

  /// Delays each of the broker's answers.
  package func setRoundTrip(_ id: Int, milliseconds: Int) {
    _ = unsafe rd_kafka_mock_broker_set_rtt(cluster, Int32(id), Int32(milliseconds))
  }

  /// Makes the next produce requests fail with these codes of the Kafka protocol, one each.
  package func failProduce(_ codes: [Int32]) {
    let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
    unsafe errors.withUnsafeBufferPointer { errors in
      unsafe rd_kafka_mock_push_request_errors_array(cluster, 0, errors.count, errors.baseAddress)
    }
  }
}
