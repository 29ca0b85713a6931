/// How the control of a node stands, for who looks at the box.
package struct ControlStanding: Sendable {
  package var keyCount: Int
  /// When something signed last came, microseconds since 1970; nil for never.
  package var heard: Int64?
  /// Whether nothing signed has come for longer than it may.
  package var isFrozen: Bool
  /// The last answer of this run.
  package var last: ControlResult?
  /// How often the process that reads the topic ended by itself, and messages had to be skipped, in this run.
  package var readerDeaths: Int
  package var skips: Int
  /// What was skipped last, also in an earlier run.
  package var skipped: SkippedMessages?
}
