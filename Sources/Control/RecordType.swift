// Written by tools/schemas from the schemas of records. Change that and run it.

/// What a record is: the header `ce_type`, and the member `type` of its value. Analysers declare
/// theirs.
package struct RecordType: RawRepresentable, Hashable, Sendable {
  /// A picture as its camera gave it.
  package static let frame = RecordType(rawValue: "vedette.frame.v1")
  /// Something on the box needs somebody, or no longer does. docs/runbook.md tells what to do.
  package static let alarm = RecordType(rawValue: "vedette.alarm.v1")
  /// Nothing signed has come on the control topic for longer than it may.
  package static let controlFrozen = RecordType(rawValue: "vedette.control.frozen.v1")
  /// Messages of the control topic were passed over, because they kill whatever reads them; the
  /// offsets are the first and the last.
  package static let controlSkipped = RecordType(rawValue: "vedette.control.skipped.v1")
  /// Messages of the control topic were deleted before the box could read them.
  package static let controlTruncated = RecordType(rawValue: "vedette.control.truncated.v1")
  /// A record that no broker will ever take.
  package static let deadletter = RecordType(rawValue: "vedette.deadletter.v1")
  /// Records that were given up.
  package static let gap = RecordType(rawValue: "vedette.gap.v1")
  /// How the box stands; the same as the facts of the result of the command `status`.
  package static let heartbeat = RecordType(rawValue: "vedette.heartbeat.v1")
  /// What became of a command on a node.
  package static let result = RecordType(rawValue: "vedette.result.v1")

  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }
}
