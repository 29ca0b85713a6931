package import Spool

/// The bounds that Delivery works within.
package struct DeliveryOptions: Equatable, Sendable {
  /// Bytes of records in memory, at most: waiting, in flight, and on their way to the spool or from it.
  package var memoryMax: Int
  /// The age of the oldest unacknowledged record that makes an outage, in seconds.
  package var outageAfter: Double
  /// Records that wait in memory longer than this many seconds are dropped; nil for never.
  package var ageMax: Double?
  /// Where records go when brokers do not take them; nil for memory alone.
  package var spool: SpoolUse?

  package init(
    memoryMax: Int = 32 << 20, outageAfter: Double = 2, ageMax: Double? = nil,
    spool: SpoolUse? = nil
  ) {
    self.memoryMax = memoryMax
    self.outageAfter = outageAfter
    self.ageMax = ageMax
    self.spool = spool
  }

  /// What may be in librdkafka's hands: it cannot give up its oldest alone, so the window keeps the rest,
  /// where the oldest can be dropped one by one; or it shares that with the spool's thread.
  var inFlightBytesMax: Int { spool == nil ? memoryMax / 2 : memoryMax / 4 }
  /// Of that, of one lane beside others: the request that is on its way and the next one, which librdkafka
  /// makes no larger than 900 kB. More would only wait there, where it cannot be written to the spool.
  var laneBytesMax: Int { min(inFlightBytesMax, 2 << 20) }
  /// What is read from the spool before it can be sent.
  var prefetchBytesMax: Int { min(4 << 20, memoryMax / 8) }
  /// With more than this waiting the oldest go to the spool though brokers answer: early, so that there is
  /// memory for what comes until the disk has them.
  var pressureBytes: Int { memoryMax / 4 }
  /// What telemetry and what durable records may take of full memory before their oldest go instead of frames.
  var telemetryBytesMax: Int { memoryMax / 16 }
  var durableBytesMax: Int { memoryMax / 2 }
  /// What the spool's thread may hold that does not last yet.
  var spillingBytesMax: Int { memoryMax / 2 }
}

/// How Delivery uses the spool.
package struct SpoolUse: Equatable, Sendable {
  package var folder: String
  package var store: SpoolOptions
  /// Seconds that small records may wait to be written together.
  package var commitInterval = 0.1
  /// Bytes a second of old frames, beside live ones.
  package var replayRate = 8e6
  /// After an outage, replay begins within as many seconds, at random, so that a fleet does not return as
  /// one.
  package var replayJitter = 10.0
  /// Seconds between tries to write to a disk that failed.
  package var retryInterval = 30.0

  package init(folder: String, store: SpoolOptions = SpoolOptions()) {
    self.folder = folder
    self.store = store
  }
}
