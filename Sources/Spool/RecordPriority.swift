/// How a record travels, and what is given up before it when room is short: what is live goes first, what is durable last.
package enum RecordPriority: Comparable, CaseIterable, Sendable {
  /// Pictures at the rate of frames. They are held in memory first, and written only where they cannot be sent.
  case live
  /// Small records of how things stand and look, such as heartbeats and palettes: they travel like what is live, but are
  /// given up after it, as long as they keep within a share of memory and of the spool. What a box went through in an
  /// outage can then still be told.
  case telemetry
  /// Written before it is sent.
  case durable
}
