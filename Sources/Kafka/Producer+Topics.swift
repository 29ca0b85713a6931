import CRdKafka

extension Producer {
  /// What brokers say is wrong with the topic, or with the partition that records with `key` go to. It may
  /// take as long as `timeoutMilliseconds`.
  /// - Returns: nil where nothing is wrong, or where no broker answered in time.
  package func fault(
    ofTopic topic: String, key: [UInt8], timeoutMilliseconds: Int32
  ) -> KafkaError? {
    let fault = try? BoundedCall.run("rd_kafka_metadata", milliseconds: timeoutMilliseconds) {
      [self] () throws(KafkaError) in askFault(topic, key, timeoutMilliseconds)
    }
    return fault ?? nil
  }

  private func askFault(
    _ topic: String, _ key: [UInt8], _ timeoutMilliseconds: Int32
  ) -> KafkaError? {
    guard let local = unsafe rd_kafka_topic_new(handle, topic, nil) else { return nil }
    defer { unsafe rd_kafka_topic_destroy(local) }
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let code = unsafe rd_kafka_metadata(handle, 0, local, &metadata, timeoutMilliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = unsafe metadata else { return nil }
    defer { unsafe rd_kafka_metadata_destroy(metadata) }
    guard unsafe metadata.pointee.topic_cnt > 0 else { return nil }
    let seen = unsafe metadata.pointee.topics[0]
    if unsafe seen.err != RD_KAFKA_RESP_ERR_NO_ERROR {
      return unsafe KafkaError(seen.err, call: "rd_kafka_metadata")
    }
    let partition = unsafe Self.partition(of: key, count: seen.partition_cnt)
    for index in unsafe 0..<Int(max(0, seen.partition_cnt)) {
      let one = unsafe seen.partitions[index]
      guard unsafe one.id == partition else { continue }
      if unsafe one.err != RD_KAFKA_RESP_ERR_NO_ERROR {
        return unsafe KafkaError(one.err, call: "rd_kafka_metadata")
      }
      if unsafe one.leader < 0 {
        return KafkaError(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, call: "rd_kafka_metadata")
      }
    }
    return nil
  }
}
