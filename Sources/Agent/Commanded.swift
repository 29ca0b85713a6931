import Analysers
import Control
import Delivery
import Documents
import Gallery
import Journal
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
    var gallery: GalleryHolder
    var control: ControlAssembly
    var configuration: String
    var store: OverrideStore

    /// Nil where the box is not commanded over a topic.
    init?(_ assembly: Assembly, _ configuration: String, _ gallery: GalleryHolder) {
      guard let control = assembly.control else { return nil }
      self.gallery = gallery
      self.control = control
      self.configuration = configuration
      store = OverrideStore(folder: Reconfigurer.folder(gallery: gallery.path))
    }
  }

  private let preparation: Preparation
  private let source: ControlSource
  private let identity: NodeIdentity
  private let results: ResultWriter
  private let heartbeat: HeartbeatWriter?
  private let logger: Logger
  private let faults: FaultLog
  private let receiver = Mutex<ControlReceiver?>(nil)
  private let desk = Mutex<ControlDesk?>(nil)
  private let target = Mutex<AgentTarget?>(nil)
  /// Why the box cannot be commanded now; nil where it can.
  private let fault = Mutex<String?>(nil)
  private let stopping = Flag()
  private let signal = EventSignal()
  private let thread = Mutex<NamedThread?>(nil)

  init(
    _ preparation: Preparation, _ connection: ConnectionAssembly, secrets: [String: String],
    identity: NodeIdentity, delivery: Delivery, books: Books, logger: Logger
  ) {
    self.preparation = preparation
    self.identity = identity
    self.logger = logger
    faults = FaultLog(logger: logger)
    source = ControlSource(
      brokers: connection.brokers, properties: connection.properties, secrets: secrets)
    results = ResultWriter(
      identity: identity, topic: preparation.control.results, meters: books.answers,
      delivery: delivery)
    heartbeat = preparation.control.heartbeat.flatMap { seconds in
      preparation.control.metrics.map {
        HeartbeatWriter(
          identity: identity, topic: $0, seconds: seconds, meters: books.heartbeats,
          delivery: delivery)
      }
    }
  }

  /// Begins to be commanded, on a thread of its own: the gallery's file may be held by another process, or damaged, and
  /// cameras wait for neither.
  func start(_ agent: Agent) throws(ThreadError) {
    let target = AgentTarget(
      agent, gallery: preparation.gallery, configuration: preparation.configuration)
    self.target.withLock { $0 = target }
    let made = try NamedThread("control-open") { [self] in begin(agent, target) }
    thread.withLock { $0 = made }
  }

  private func begin(_ agent: Agent, _ target: AgentTarget) {
    var backoff = Backoff()
    while !stopping.value {
      do {
        try begin(once: agent, target)
        return
      } catch {
        fault.withLock { $0 = "\(error)" }
        faults.tell("open", .error, "the box cannot be commanded, and it is tried again: \(error)")
      }
      var rest = backoff.take()
      while rest > 0, !stopping.value {
        heartbeat?.beat { target.heartbeat(isFrozen: nil) }
        signal.wait(milliseconds: min(rest, Self.beatMilliseconds))
        rest -= Self.beatMilliseconds
      }
    }
  }

  private static let beatMilliseconds: Int32 = 1000

  private func begin(once agent: Agent, _ target: AgentTarget) throws {
    let control = preparation.control
    let options = control.options(node: identity.node, store: preparation.store)
    let made = try ControlDesk(
      gallery: try preparation.gallery.open(), target: target,
      commands: AgentCommands.table.bound(to: target), sink: results, options: options,
      logger: logger)
    // The gallery's copy may tell what was not known at the start.
    let known: KnownOverrides =
      made.unknownOverrides.map { .unknown($0) }
      ?? .overlay(made.overrides.overlay, sources: made.overrides.sources)
    if known.commanded != agent.reconfigurer.standing.overrides.commanded
      || known.isUnknown != agent.reconfigurer.standing.overrides.isUnknown
    {
      _ = try agent.reconfigurer.apply(known, to: agent)
    }
    if made.keyCount == 0, !control.allowsUnsigned {
      logger.warning("nobody can command this box: there is no key in \(control.keysFolder)")
    }
    let reader = ControlReceiver(source, desk: made, logger: logger) { [heartbeat] in
      heartbeat?.beat { target.heartbeat(isFrozen: made.isFrozen) }
    }
    try reader.start()
    receiver.withLock { $0 = reader }
    desk.withLock { $0 = made }
    fault.withLock { $0 = nil }
  }

  /// - Parameter overlay: what lies over the files; nil for nothing.
  func view(overlay: JSON?) -> ControlView {
    var view = ControlView()
    view.topic = preparation.control.topic
    view.overlay = overlay
    if case .impaired(let why) = health { view.fault = why }
    guard let standing = desk.withLock({ $0 })?.standing else { return view }
    view.keys = standing.keyCount
    view.heard = standing.heard
    view.isSilent = standing.isFrozen
    view.readerDeaths = standing.readerDeaths
    view.skips = standing.skips
    view.skipped = standing.skipped.map {
      ControlView.Skipped(
        partition: Int($0.partition), from: $0.from, to: $0.to - 1, at: $0.at)
    }
    if let last = standing.last {
      view.last = ControlView.Answer(
        id: last.id ?? "", command: last.type ?? "", issuer: last.issuer ?? "",
        state: last.state.rawValue)
    }
    return view
  }

  /// Impaired where the box cannot be commanded now.
  var health: ServiceHealth {
    let fault = fault.withLock { $0 } ?? receiver.withLock { $0 }?.fault
    return fault.map { .impaired($0) } ?? .well
  }

  func reloadKeys() { desk.withLock { $0 }?.loadKeys() }

  /// Asks the reading to end, without waiting for it.
  func beginStop() { receiver.withLock { $0 }?.beginStop() }

  /// Reconnects soon.
  func renew() { receiver.withLock { $0 }?.renew() }

  /// Ends the reading; what was begun is ended first.
  func stop() {
    _ = stopping.set(true)
    signal.set()
    // In this order: what is given up is no photograph that cannot be read.
    desk.withLock { $0 }?.beginStop()
    target.withLock { $0 }?.hurry()
    thread.withLock { $0 }?.join()
    receiver.withLock { $0 }?.stop()
    receiver.withLock { $0 = nil }
  }
}

extension KnownOverrides {
  fileprivate var isUnknown: Bool {
    if case .unknown = self { return true }
    return false
  }
}
