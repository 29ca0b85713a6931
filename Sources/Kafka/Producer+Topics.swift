import CRdKafka
import Threads

extension Producer {
  /// How often a topic is asked for that brokers may be making.
  private static let pauseMilliseconds: Int32 = 250

  /// The cause of an error, where librdkafka has told it: a question that nobody answers, and a record that nobody takes,
  /// only time out. For those who poll on the same thread.
  package func explained(_ error: KafkaError) -> KafkaError {
    _ = poll(timeoutMilliseconds: 0)
    guard let cause = news.cause, cause.precision > error.precision else { return error }
    return cause
  }

  /// Asks brokers about a topic. Those that make topics by themselves say that it is missing until they have: it is asked
  /// for again for as long as `patienceMilliseconds`.
  package func await(
    topic: String, patienceMilliseconds: Int, timeoutMilliseconds: Int32
  ) throws(KafkaError) -> TopicMetadata {
    let last = Clock.monotonic + UInt64(max(0, patienceMilliseconds)) * 1_000_000
    while true {
      let found: TopicMetadata
      do throws(KafkaError) {
        found = try metadata(topic, timeoutMilliseconds: timeoutMilliseconds)
      } catch {
        throw explained(error)
      }
      guard !found.isThere, found != .denied, Clock.monotonic < last else { return found }
      pause(milliseconds: Self.pauseMilliseconds)
    }
  }

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
