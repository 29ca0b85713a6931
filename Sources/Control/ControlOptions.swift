/// What the control of a node works with.
package struct ControlOptions: Sendable {
  package var identity: ControlIdentity
  package var topic: String
  /// A folder of `*.pub`.
  package var keysFolder: String
  /// Seconds without any signed message after which the node says so; nil for never.
  package var freezeAfter: Double?
  /// Where overrides are kept beside the gallery's file; nil for nowhere.
  package var store: OverrideStore?

  package init(identity: ControlIdentity, topic: String, keysFolder: String) {
    self.identity = identity
    self.topic = topic
    self.keysFolder = keysFolder
  }
}
