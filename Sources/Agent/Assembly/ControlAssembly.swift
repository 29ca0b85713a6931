import Control
import Settings

/// How the box is commanded over a topic, and answers.
struct ControlAssembly: Equatable, Sendable {
  /// Read.
  var topic: String
  /// Nil where results are switched off.
  var results: String?
  /// Where heartbeats go; nil where they are switched off.
  var metrics: String?
  /// Seconds between heartbeats; nil for none.
  var heartbeat: Double?
  var labels: [String: String]
  /// Whether messages without a signature are obeyed.
  var allowsUnsigned: Bool
  /// A folder of `*.pub`.
  var keysFolder: String
  /// Seconds without any signed message after which the node says so; nil for never.
  var freezeAfter: Double?

  /// Nil where the box is not commanded over a topic.
  init?(_ settings: Settings) {
    guard let control = settings.control, let topic = settings.kafka.name(of: .control) else {
      return nil
    }
    self.topic = topic
    results = settings.kafka.name(of: .results)
    heartbeat = control.heartbeat
    metrics = heartbeat == nil ? nil : settings.kafka.name(of: .metrics)
    labels = control.labels
    allowsUnsigned = control.allowUnsigned
    keysFolder = control.keys
    freezeAfter = control.freezeAfter
  }

  /// - Parameter store: where overrides are kept.
  func options(node: String, store: OverrideStore) -> ControlOptions {
    var identity = ControlIdentity(node: node, labels: labels)
    identity.allowsUnsigned = allowsUnsigned
    var options = ControlOptions(identity: identity, topic: topic, keysFolder: keysFolder)
    options.freezeAfter = freezeAfter
    options.store = store
    return options
  }
}
