/// Where records go while no broker takes them. Sizes in bytes, times in seconds.
package struct SpoolSettings: Equatable, Sendable {
  package enum Order: String, CaseIterable, Sendable { case oldest, newest }

  /// The spool's own folder; nothing else may be in it.
  package var folder: String
  /// On disk in all.
  package var quota = 2 << 30
  /// Of frames alone; nil for as much as the rest leaves.
  package var framesQuota: Int?
  /// Of annotated and clustered pictures, which are made of frames that are kept, too.
  package var copiesQuota = 64 << 20
  package var segment = 16 << 20
  /// Frames, copies and telemetry that have waited longer are dropped as `age`; nil for never.
  package var framesAgeMax: Double?
  /// Events and results that have waited longer; nil for never.
  package var eventsAgeMax: Double?
  /// Whether every second frame goes before whole segments do.
  package var thin = false
  /// Which of the backlog is sent first.
  package var order = Order.oldest
  /// Bytes a second of old frames, beside live ones.
  package var replayRate = 8_000_000
  /// Replay begins within so long after an outage, at random.
  package var replayJitter = 10.0
  /// How long small records may wait to be written together.
  package var commitInterval = 0.1
  /// Between tries to write to a disk that failed.
  package var retryInterval = 30.0
  /// Where the keys are that the spool is encrypted with; nil for a spool that is not.
  package var keyFile: String?
  /// Of records that no broker will ever take.
  package var deadQuota = 64 << 20

  package init(folder: String) { self.folder = folder }
}
