import CRdKafka

/// A record that was read back.
package struct ConsumedRecord: Sendable {
  package var topic: String
  package var partition: Int32
  package var offset: Int64
  /// Milliseconds since 1970-01-01 UTC.
  package var timestamp: Int64
  package var key: [UInt8]
  package var headers: [Header]
  package var value: [UInt8]

  /// The first header of this name, as text.
  package func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.text
  }
}

/// Reads all partitions of a topic by assignment: it never joins a group, and never commits.
@safe
package final class Consumer: @unchecked Sendable {
  private let handle: OpaquePointer

  /// Reads `topic` from its beginning.
  /// - Parameter timeoutMilliseconds: for asking which partitions there are.
  package init(
    brokers: [String], topic: String, properties: [String: String] = [:],
    timeoutMilliseconds: Int32 = 10_000
  ) throws(KafkaError) {
    let configuration = Configuration()
    try configuration.set("bootstrap.servers", brokers.joined(separator: ","))
    // assign() wants a group, though none is joined.
    try configuration.set("group.id", "vedette-reader")
    try configuration.set("enable.auto.commit", "false")
    try configuration.set("auto.offset.reset", "earliest")
    try configuration.set("log_level", "0")
    for (property, value) in properties { try configuration.set(property, value) }
    let made = try unsafe configuration.makeHandle(RD_KAFKA_CONSUMER)
    unsafe handle = unsafe made
    _ = unsafe rd_kafka_poll_set_consumer(made)
    try assign(topic, timeoutMilliseconds)
  }

  deinit { unsafe rd_kafka_destroy(handle) }

  private func assign(_ topic: String, _ timeoutMilliseconds: Int32) throws(KafkaError) {
    guard let local = unsafe rd_kafka_topic_new(handle, topic, nil) else {
      throw KafkaError(rd_kafka_last_error(), call: "rd_kafka_topic_new")
    }
    defer { unsafe rd_kafka_topic_destroy(local) }
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = unsafe rd_kafka_metadata(handle, 0, local, &found, timeoutMilliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = unsafe found else {
      throw KafkaError(code, call: "rd_kafka_metadata")
    }
    defer { unsafe rd_kafka_metadata_destroy(metadata) }
    let partitions =
      unsafe metadata.pointee.topic_cnt > 0
      ? unsafe metadata.pointee.topics[0].partition_cnt : 0
    let list = unsafe rd_kafka_topic_partition_list_new(max(1, partitions))
    defer { unsafe rd_kafka_topic_partition_list_destroy(list) }
    for partition in 0..<max(1, partitions) {
      let added = unsafe rd_kafka_topic_partition_list_add(list, topic, partition)
      unsafe added?.pointee.offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
    }
    let assigned = unsafe rd_kafka_assign(handle, list)
    guard assigned == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(assigned, call: "rd_kafka_assign")
    }
  }

  /// The next record, or nil where none came in time.
  package func poll(timeoutMilliseconds: Int32) -> ConsumedRecord? {
    guard let message = unsafe rd_kafka_consumer_poll(handle, timeoutMilliseconds) else {
      return nil
    }
    defer { unsafe rd_kafka_message_destroy(message) }
    let content = unsafe message.pointee
    guard unsafe content.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return unsafe ConsumedRecord(
      topic: String(cString: rd_kafka_topic_name(content.rkt)), partition: content.partition,
      offset: content.offset, timestamp: rd_kafka_message_timestamp(message, nil),
      key: Array(UnsafeRawBufferPointer(start: content.key, count: content.key_len)),
      headers: headers(message),
      value: Array(UnsafeRawBufferPointer(start: content.payload, count: content.len)))
  }

  private func headers(_ message: UnsafePointer<rd_kafka_message_t>) -> [Header] {
    var list: OpaquePointer?
    guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else {
      return []
    }
    var headers: [Header] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var count = 0
    while unsafe rd_kafka_header_get_all(list, headers.count, &name, &value, &count)
      == RD_KAFKA_RESP_ERR_NO_ERROR, let text = unsafe name
    {
      unsafe headers.append(
        Header(
          String(cString: text), bytes: Array(UnsafeRawBufferPointer(start: value, count: count))))
    }
    return headers
  }
}
