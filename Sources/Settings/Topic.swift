// Written by tools/schemas from schemas/topic.json. Change that and run it.

/// What the box itself sends and reads, by the name of its topic without prefix. Topics that
/// analysers add are told by `x-topic` of what they send.
package struct Topic: RawRepresentable, Hashable, Sendable {
  /// Pictures as they are.
  package static let frames = Topic(rawValue: "frames")
  /// What was seen in pictures, gaps, records that no broker takes.
  package static let events = Topic(rawValue: "events")
  /// What is measured of pictures, heartbeats.
  package static let metrics = Topic(rawValue: "metrics")
  /// Commands, which are read.
  package static let control = Topic(rawValue: "control")
  /// What became of commands.
  package static let results = Topic(rawValue: "results")

  /// Those of the box itself.
  package static let own: [Topic] = [
    .frames, .events, .metrics, .control, .results,
  ]

  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }
}
