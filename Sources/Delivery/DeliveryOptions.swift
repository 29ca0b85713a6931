/// The bounds that Delivery works within.
package struct DeliveryOptions: Sendable {
  /// Bytes of records waiting and in flight together, at most.
  package var memoryMax: Int
  /// The age of the oldest unacknowledged record that makes an outage, in seconds.
  package var outageAfter: Double
  /// Records that wait longer than this many seconds are dropped; nil for never.
  package var ageMax: Double?

  package init(memoryMax: Int = 32 << 20, outageAfter: Double = 2, ageMax: Double? = nil) {
    self.memoryMax = memoryMax
    self.outageAfter = outageAfter
    self.ageMax = ageMax
  }

  /// What may be in librdkafka's hands: it cannot give up its oldest alone, so it gets half and the
  /// window keeps the rest, where the oldest can be dropped one by one.
  var inFlightBytesMax: Int { memoryMax / 2 }
}

/// How delivery stands, for the status and the log.
package struct DeliveryPicture: Sendable {
  package var waiting = 0
  package var inFlight = 0
  /// Bytes waiting and in flight.
  package var bytes = 0
  /// Since when no record was acknowledged, nanoseconds of CLOCK_MONOTONIC; nil outside an outage.
  package var outageSince: UInt64?
  /// The last error that librdkafka told of and that has not been followed by a delivery.
  package var lastError: String?
}
