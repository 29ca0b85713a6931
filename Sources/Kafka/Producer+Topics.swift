import CRdKafka

extension Producer {
  /// What brokers say is wrong with the topic, or with the partition that records with `key` go to. It may
  /// take as long as `timeoutMilliseconds`.
  /// - Returns: nil where nothing is wrong, or where no broker answered in time.
  package func fault(
    ofTopic topic: String, key: [UInt8], timeoutMilliseconds: Int32
  ) -> KafkaError? {
    let code = try? unsafe TopicMetadata.ask(
      handle, of: self, topic, milliseconds: timeoutMilliseconds
    ) { unsafe Self.fault($0, key) }
    guard let code, code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return KafkaError(code, call: "rd_kafka_metadata")
  }

  private static func fault(
    _ topic: rd_kafka_metadata_topic, _ key: [UInt8]
  ) -> rd_kafka_resp_err_t {
    if unsafe topic.err != RD_KAFKA_RESP_ERR_NO_ERROR { return unsafe topic.err }
    let partition = unsafe Self.partition(of: key, count: topic.partition_cnt)
    for index in unsafe 0..<Int(max(0, topic.partition_cnt)) {
      let one = unsafe topic.partitions[index]
      guard unsafe one.id == partition else { continue }
      if unsafe one.err != RD_KAFKA_RESP_ERR_NO_ERROR { return unsafe one.err }
      if unsafe one.leader < 0 { return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR
  }
}
