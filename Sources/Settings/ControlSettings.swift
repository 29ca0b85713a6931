/// Who may command this box over the control topic.
package struct ControlSettings: Equatable, Sendable {
  /// A folder of public keys, `*.pub`.
  package var keys = "/etc/vedette/keys.d"
  /// What commands may choose this box by.
  package var labels: [String: String] = [:]
  /// The folder under which a command may let a camera play files; nil for none.
  package var replays: String?
  /// Whether commands without a signature are obeyed.
  package var allowUnsigned = false
  /// Seconds without any signed message after which an event says so; nil for never.
  package var freezeAfter: Double?
  /// Seconds between heartbeats; nil for none.
  package var heartbeat: Double? = 30
  package init() {}
}
