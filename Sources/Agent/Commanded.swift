import Control
import Delivery
import Gallery
import Kafka
import Logging
import Meters
import Settings
import Status
import Synchronization
import Threads

/// How an agent is commanded over a topic: the reader of the control topic, the desk, and what it commands.
final class Commanded: Sendable {
  /// What is known before the parts of the agent are made.
  struct Preparation: Sendable {
    var gallery: Gallery
    var control: ControlSettings
    var topic: String
    var configuration: String
  }

  private let preparation: Preparation
  private let source: ControlSource
  private let identity: NodeIdentity
  private let results: ResultWriter
  private let heartbeat: HeartbeatWriter?
  private let logger: Logger
  private let receiver = Mutex<ControlReceiver?>(nil)
  private let desk = Mutex<ControlDesk?>(nil)

  /// Lays the changes of earlier commands over the configuration.
  /// - Returns: the settings to run with, and nil where the box is not commanded over a topic.
  static func prepare(
    _ files: Settings, _ configuration: String?, _ gallery: Gallery?, isOverlaid: Bool,
    _ logger: Logger
  ) -> (Settings, Preparation?) {
    guard let control = files.control, let configuration, let gallery,
      let topic = files.kafka.name(of: .control)
    else { return (files, nil) }
    let preparation = Preparation(
      gallery: gallery, control: control, topic: topic, configuration: configuration)
    guard isOverlaid else { return (files, preparation) }
    do {
      let overlay = try gallery.transaction { edit throws(GalleryError) in
        try ControlDesk.overlay(edit)
      }
      guard overlay != [:] else { return (files, preparation) }
      let settings = try AgentTarget.load(configuration, overlay)
      logger.notice("with what came over \(topic): \(overlay.canonicalText)")
      return (settings, preparation)
    } catch {
      logger.error("what came over \(topic) is not laid over the configuration: \(error)")
      return (files, preparation)
    }
  }

  init(
    _ preparation: Preparation, _ settings: Settings, secrets: [String: String],
    identity: NodeIdentity, delivery: Delivery, answers: CameraMeters, heartbeats: CameraMeters,
    logger: Logger
  ) {
    self.preparation = preparation
    self.identity = identity
    self.logger = logger
    source = ControlSource(
      brokers: settings.kafka.brokers, properties: settings.kafka.properties, secrets: secrets)
    results = ResultWriter(
      identity: identity, topic: settings.kafka.name(of: .results), meters: answers,
      delivery: delivery)
    heartbeat = preparation.control.heartbeat.flatMap { seconds in
      settings.kafka.name(of: .metrics).map {
        HeartbeatWriter(
          identity: identity, topic: $0, seconds: seconds, meters: heartbeats, delivery: delivery)
      }
    }
  }

  func start(_ agent: Agent) throws(AgentError) {
    let control = preparation.control
    var who = ControlIdentity(node: identity.node, labels: control.labels)
    who.allowsUnsigned = control.allowUnsigned
    var options = ControlOptions(
      identity: who, topic: preparation.topic, keysFolder: control.keys)
    options.freezeAfter = control.freezeAfter
    let target = AgentTarget(
      agent, gallery: preparation.gallery, configuration: preparation.configuration)
    let desk: ControlDesk
    do {
      desk = try ControlDesk(
        gallery: preparation.gallery, target: target, sink: results, options: options,
        logger: logger)
    } catch {
      throw AgentError("control: \(error)")
    }
    if desk.keyCount == 0, !control.allowUnsigned {
      logger.warning("nobody can command this box: there is no key in \(control.keys)")
    }
    target.begin(overlay: desk.overlay)
    let made = ControlReceiver(source, desk: desk, logger: logger) { [heartbeat] in
      heartbeat?.beat { target.heartbeat(isFrozen: desk.isFrozen) }
    }
    do {
      try made.start()
    } catch {
      throw AgentError("\(error)")
    }
    receiver.withLock { $0 = made }
    self.desk.withLock { $0 = desk }
  }

  /// Nil until it is started.
  var view: ControlView? {
    guard let standing = desk.withLock({ $0 })?.standing else { return nil }
    var view = ControlView()
    view.topic = preparation.topic
    view.keys = standing.keyCount
    view.heard = standing.heard
    view.isSilent = standing.isFrozen
    view.overlay = standing.overlay
    if let last = standing.last {
      view.last = ControlView.Answer(
        id: last.id ?? "", command: last.type ?? "", issuer: last.issuer ?? "",
        state: last.state.rawValue)
    }
    return view
  }

  /// Ends the reading; what was begun is ended first.
  func stop() {
    receiver.withLock { $0 }?.stop()
    receiver.withLock { $0 = nil }
  }
}
