/// One header of a record.
package struct Header: Sendable, Equatable {
  package var name: String
  package var value: [UInt8]

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = Array(value.utf8)
  }

  package init(_ name: String, bytes: [UInt8]) {
    self.name = name
    value = bytes
  }

  /// The value as text.
  package var text: String { String(decoding: value, as: UTF8.self) }
}

/// A record for librdkafka. The payload stays in place until the report that carries `token`.
package struct OutgoingRecord: Sendable {
  package var topic: String
  package var key: [UInt8]
  /// Where it goes; nil for where its key sends it.
  package var partition: Int32?
  package var headers: Headers
  /// Headers of this attempt alone, behind the others.
  package var attemptHeaders = Headers()
  /// Milliseconds since 1970-01-01 UTC; 0 for librdkafka's own clock.
  package var timestamp: Int64
  package var payload: any Payload
  /// The caller's own number for the record.
  package var token: UInt64

  package init(
    topic: String, key: [UInt8], headers: Headers, timestamp: Int64, payload: any Payload,
    token: UInt64
  ) {
    self.topic = topic
    self.key = key
    self.headers = headers
    self.timestamp = timestamp
    self.payload = payload
    self.token = token
  }
}

/// How a record ended.
package struct DeliveryReport: Sendable {
  package var token: UInt64
  /// Handed back; librdkafka reads it no more.
  package var payload: any Payload
  package var partition: Int32
  package var offset: Int64
  /// When librdkafka learned of it, nanoseconds of CLOCK_MONOTONIC: reports may be read later.
  package var endedAt: UInt64
  /// Nil where the broker acknowledged it.
  package var error: KafkaError?
}

/// What librdkafka has to tell.
package enum ProducerEvent: Sendable {
  case delivered([DeliveryReport])

  /// Whether it tells how records ended.
  package var isReport: Bool {
    if case .delivered = self { return true }
    return false
  }

  /// Brokers unreachable, names that do not resolve, refused logins. One whose kind is `.fatal` comes
  /// once: the producer is of no further use.
  case error(KafkaError)
  /// JSON as librdkafka documents it.
  case statistics(String)
  /// `level` is syslog's: 3 error, 4 warning, 6 info, 7 debug.
  case log(level: Int, facility: String, message: String)
}
