// Written by tools/schemas from schemas/topic.json. Change that and run it.

/// What is sent and read, by the name of its topic without prefix.
package enum Topic: String, CaseIterable, Sendable {
  /// Pictures as they are.
  case frames
  /// Pictures with boxes and names.
  case annotated
  /// Pictures in their palette's colours.
  case clustered
  /// Small pictures at a low rate.
  case thumbnails
  /// Faces cut out.
  case faces
  /// Faces and who they are, gaps, records that no broker takes.
  case events
  /// Colours of pictures, heartbeats.
  case metrics
  /// Commands, which are read.
  case control
  /// What became of commands.
  case results
}
