// Written by tools/schemas from the schemas of records. Change that and run it.

/// What a record is: the header `ce_type`, and the member `type` of its value.
package enum RecordType: String, CaseIterable, Sendable {
  /// A picture as its camera gave it.
  case frame = "vedette.frame.v1"
  /// A picture with boxes and names of faces.
  case annotated = "vedette.annotated.v1"
  /// A picture in the colours of its palette.
  case clustered = "vedette.clustered.v1"
  /// A small picture.
  case thumbnail = "vedette.thumbnail.v1"
  /// A face cut out, 224 by 224.
  case face = "vedette.face.v1"
  /// Something on the box needs somebody, or no longer does. docs/runbook.md tells what to do.
  case alarm = "vedette.alarm.v1"
  /// Nothing signed has come on the control topic for longer than it may.
  case controlFrozen = "vedette.control.frozen.v1"
  /// Messages of the control topic were passed over, because they kill whatever reads them; the
  /// offsets are the first and the last.
  case controlSkipped = "vedette.control.skipped.v1"
  /// Messages of the control topic were deleted before the box could read them.
  case controlTruncated = "vedette.control.truncated.v1"
  /// A record that no broker will ever take.
  case deadletter = "vedette.deadletter.v1"
  /// The faces of a picture that was searched, and the first picture without any.
  case faces = "vedette.faces.v1"
  /// Records that were given up.
  case gap = "vedette.gap.v1"
  /// The palette of a picture.
  case colours = "vedette.colours.v1"
  /// How the box stands; the same as the facts of the result of the command `status`.
  case heartbeat = "vedette.heartbeat.v1"
  /// What became of a command on a node.
  case result = "vedette.result.v1"
}
