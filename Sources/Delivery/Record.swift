package import Kafka
package import Meters
package import Spool

/// One picture or event on its way: what Kafka gets, and where its fate is booked.
package struct Record: Sendable {
  package var topic: String
  /// `NODE/CAMERA`, so that a camera's records stay in order in one partition.
  package var key: [UInt8]
  /// All but `ce_attempt`, which is added when the record is sent.
  package var headers: Headers
  /// Milliseconds since 1970-01-01 UTC.
  package var timestamp: Int64
  package var payload: any Payload
  package var payloadBytes: Int
  /// Capture time in nanoseconds of CLOCK_MONOTONIC.
  package var capturedAt: UInt64
  package var meters: StreamMeters
  /// Where the spool keeps it.
  package var spoolClass = SpoolClass.frames
  /// The number within its camera and run, by which losses are told.
  package var sequence: UInt64 = 0
  /// The run of the agent that captured it (`ce_boot`).
  package var run = ""

  package init(
    topic: String, key: [UInt8], headers: Headers, timestamp: Int64, payload: any Payload,
    payloadBytes: Int, capturedAt: UInt64, meters: StreamMeters
  ) {
    self.topic = topic
    self.key = key
    self.headers = headers
    self.timestamp = timestamp
    self.payload = payload
    self.payloadBytes = payloadBytes
    self.capturedAt = capturedAt
    self.meters = meters
  }

  /// How it travels, and what is given up before it.
  package var priority: RecordPriority { spoolClass.priority }

  /// What the record takes of the memory window: headers, key and bookkeeping come to about a KiB.
  var memoryBytes: Int { payloadBytes + 1024 }
}
