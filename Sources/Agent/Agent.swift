import Analysers
import Analysis
import Capture
import Control
package import Delivery
import Documents
package import Frames
import Gallery
import Imaging
import Kafka
package import Logging
package import Meters
package import Settings
import Spool
import Synchronization
import Threads

/// The whole agent: a pipeline per camera into one Delivery. It is started once and stopped once.
package final class Agent: Sendable {
  private let running: Mutex<Assembly>
  package let identity: NodeIdentity
  package let delivery: Delivery
  /// Of each camera, in the configuration's order.
  package var meters: [CameraMeters] { books.cameras }
  let cameras: CameraSet
  /// Nil where no camera is looked at, nor can be.
  let looking: LookingService?
  let events: EventWriter
  private let books: Books
  let commanded: Commanded?
  let reconfigurer: Reconfigurer
  let topicCheck: TopicCheck
  /// Those that run.
  let services: ServiceList
  let logger: Logger

  /// What the agent is now: what cannot be changed while it runs is as it was at the start.
  var assembly: Assembly { running.withLock { $0 } }

  /// Puts the parts together; nothing runs yet.
  /// - Parameters:
  ///   - configuration: the file that the settings are from; without it the box cannot be commanded over a topic, nor be given another configuration.
  /// - Throws: `AgentError` where the configuration cannot be carried out.
  package init(
    _ files: Settings, configuration: String? = nil, logger: Logger
  ) throws(AgentError) {
    let gallery = GalleryHolder(files.analysis.gallery)
    let begun = try Reconfigurer.begin(files, configuration, gallery, logger)
    let assembly = Assembly(begun.settings)
    let commands = configuration.flatMap { Commanded.Preparation(assembly, $0, gallery) }
    reconfigurer = Reconfigurer(configuration, begun, logger)
    running = Mutex(assembly)
    self.logger = logger
    services = ServiceList(logger: logger)
    let identity = NodeIdentity(node: assembly.node)
    self.identity = identity
    let secrets = try SecretFile.secrets(in: assembly.connection.secretFiles)
    let onlooker = Onlooker(
      assembly, gallery: gallery, isChangeable: configuration != nil, logger: logger)
    let books = Books(assembly, isCommanded: commands != nil) { onlooker?.looks(at: $0) == true }
    self.books = books
    events = EventWriter(
      identity: identity, topic: assembly.topics[.events], meters: books.events)
    let delivery = Delivery(
      producer: try Self.producer(assembly.connection, secrets),
      options: assembly.deliveryWithSpool,
      topics: [.frames, .events].compactMap { assembly.topics[$0] }, streams: books.streams,
      classes: books.classes, announcements: events.announcements, logger: logger)
    self.delivery = delivery
    looking = onlooker.map { [events] onlooker in
      LookingService(onlooker, assembly, isCommanded: commands != nil) { topics in
        books.looked.map { camera, looked in
          AnalysisWriter(
            camera: camera, topics, identity: identity, delivery: delivery, events: events,
            books: looked, numbers: books.numbers)
        }
      }
    }
    topicCheck = TopicCheck(assembly, delivery: delivery, logger: logger)
    cameras = try CameraSet(
      assembly.cameras, topic: assembly.topics[.frames], logger: logger
    ) { camera, topic throws(AgentError) in
      do {
        return try Pipeline(
          camera, identity: identity, topic: topic, delivery: delivery,
          meters: books[camera: camera.name], numbers: books.numbers,
          look: onlooker?.look(at: camera.name), logger: logger)
      } catch {
        throw AgentError("camera \(camera.name): \(error)", .temporary)
      }
    }
    commanded = commands.map {
      Commanded(
        $0, assembly.connection, secrets: secrets, identity: identity, delivery: delivery,
        books: books, logger: logger)
    }
  }

  private static func producer(
    _ connection: ConnectionAssembly, _ secrets: [String: String]
  ) throws(AgentError) -> Producer {
    do {
      return try Producer(
        brokers: connection.brokers, properties: connection.properties, secrets: secrets)
    } catch {
      throw AgentError(error.description, error.isOfSystem ? .temporary : .configuration)
    }
  }

  /// Its services in the order in which they start: what frames go to comes before what they come from.
  private var parts: [any Service] {
    let renewing = ClockService(logger: logger) { [delivery, commanded] in
      delivery.renewConnections()
      commanded?.renew()
    }
    var parts: [any Service] = [
      renewing, DeliveryService(delivery: delivery, events: events), topicCheck,
    ]
    if let looking { parts.append(looking) }
    parts.append(cameras)
    if let commanded { parts.append(ControlService(commanded: commanded, agent: self)) }
    return parts
  }

  /// Starts it. Where a part cannot be started, those before it are stopped.
  package func start() throws(AgentError) { try start(parts) }

  /// Starts more services, which end before those that run.
  func start(_ more: [any Service]) throws(AgentError) {
    try services.start(more, budget: assembly.shutdownBudget)
  }

  /// Ends all services, each within its share of the budget. The ledger has nothing waiting afterwards.
  /// - Returns: whether all have ended; otherwise the process is to end at once.
  @discardableResult
  package func stop() -> Bool {
    let isDone = services.stop(seconds: assembly.shutdownBudget)
    return Disposal.pendingCount == 0 && isDone
  }

  /// Makes the running agent what it is to be, as far as it can without a restart.
  /// - Returns: the parts of the configuration that take effect at the next start: what no service has made so.
  /// - Throws: the first of what could not be done; what was done stays known.
  func adopt(_ new: Assembly) throws(AgentError) -> [String] {
    var now = assembly
    defer { running.withLock { $0 = now } }
    try services.adopt(new, into: &now)
    return new.differences(from: now)
  }

  /// The last JPEG of a camera.
  package func latestPicture(of camera: String) -> PooledBytes? {
    cameras.latestPicture(of: camera)
  }

  /// Whether every camera that plays once has come to its end.
  package var isOver: Bool { meters.allSatisfy { $0.current.state == .ended } }

  /// Logs how the spool stands, and the ledger of each camera, of cameras of earlier runs that are still in the spool, and of events:
  /// a sentence, and the same as JSON for scripts.
  package func logLedger() {
    if let spool = delivery.spoolPicture { logger.notice("spool=\(spool.json.line)") }
    for meters in otherMeters { log(meters, meters.ledgerJSON) }
    for meters in meters { log(meters.frames, json(meters)) }
  }

  /// Of cameras of earlier runs, of events, results, and what analysis sends; those that have anything.
  var otherMeters: [StreamMeters] {
    (delivery.otherMeters + books.ofNode).filter { $0.ledger.snapshot.captured > 0 }
  }

  /// Every book that there is.
  var allMeters: [StreamMeters] { otherMeters + meters.map(\.frames) }

  private func log(_ meters: StreamMeters, _ ledger: JSON) {
    let isBalanced = meters.ledger.snapshot.isBalanced
    logger.notice(
      "\(isBalanced ? "" : "THE LEDGER DOES NOT BALANCE: ")ledger=\(ledger.line)",
      metadata: ["camera": "\(meters.name)"])
  }

  /// The ledger with what goes beside it.
  func json(_ meters: CameraMeters) -> JSON {
    guard let looking, looking.looks(at: meters.name),
      let seen = looking.onlooker.json(camera: meters.name)
    else { return meters.ledgerJSON }
    return meters.ledgerJSON.with("analysis", seen)
  }

  /// One line for the service manager.
  package var summary: String {
    let delivery = delivery.picture
    let pictures = meters.map(\.current)
    let streaming = pictures.count { $0.state == .streaming }
    let tenths = Int((pictures.reduce(0) { $0 + $1.measuredRate } * 10).rounded())
    let brokers = delivery.outageSince == nil ? "brokers acknowledge" : "no broker acknowledges"
    let spooled = meters.reduce(0) { $0 + $1.ledger.snapshot.spooled }
    let spool = delivery.spoolFault == nil ? "\(spooled) spooled" : "the spool cannot be used"
    let wrong = reconfigurer.standing.fault.map { "; the configuration is wrong: \($0)" } ?? ""
    return
      "\(streaming) of \(pictures.count) cameras, \(tenths / 10).\(tenths % 10) fps; \(brokers); \(delivery.waiting) waiting, \(spool)\(wrong)"
  }
}

/// Why the agent cannot run: a sentence for the operator.
package struct AgentError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// A person must mend the configuration.
    case configuration
    /// It may pass: no thread, no memory, a file that another process holds.
    case temporary
  }

  package var kind: Kind
  package var description: String

  package init(_ description: String, _ kind: Kind) {
    self.description = description
    self.kind = kind
  }
}
