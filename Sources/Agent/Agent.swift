import Capture
package import Delivery
package import Frames
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
  /// Of the shutdown budget, what cameras may take to end.
  private static let camerasShare = 0.3

  private struct Part {
    var camera: Camera
    var pipeline: Pipeline
  }

  package let settings: Settings
  package let identity: NodeIdentity
  package let delivery: Delivery
  /// Of each camera, in the configuration's order.
  package let meters: [CameraMeters]
  private let parts: [Part]
  /// Nil where no camera is looked at.
  let onlooker: Onlooker?
  let events: EventWriter
  private let writers: [AnalysisWriter]
  /// Of what analysis sends.
  private let books: [CameraMeters]
  private let logger: Logger

  /// Puts the parts together; nothing runs yet.
  /// - Throws: `AgentError` where the configuration cannot be carried out.
  package init(_ settings: Settings, logger: Logger) throws(AgentError) {
    self.settings = settings
    self.logger = logger
    identity = NodeIdentity(node: settings.node)
    let producer = try Self.producer(settings.kafka)
    var options = DeliveryOptions(
      memoryMax: settings.delivery.memoryMax, outageAfter: settings.delivery.outageAfter,
      ageMax: settings.delivery.ageMax)
    options.spool = settings.spool.map(SpoolUse.init)
    let topic = settings.kafka.name(of: .frames)
    let eventsTopic = settings.kafka.name(of: .events)
    let meters = settings.cameras.map { CameraMeters(name: $0.name) }
    self.meters = meters
    let onlooker = Onlooker(settings, logger: logger)
    self.onlooker = onlooker
    let chips = CameraMeters(name: SpoolClass.faces.name)
    let looked = settings.cameras.filter { onlooker?.looks(at: $0.name) == true }
    let books = looked.map { AnalysisBooks(camera: $0.name, chips: chips) }
    let events = EventWriter(
      identity: identity, topic: eventsTopic, meters: CameraMeters(name: SpoolClass.events.name))
    self.events = events
    let delivery = Delivery(
      producer: producer, options: options, topics: [topic, eventsTopic].compactMap { $0 },
      cameras: meters + books.flatMap(\.ofCamera), classes: [events.meters, chips],
      announcements: events.announcements, logger: logger)
    self.delivery = delivery
    let identity = identity
    self.books = books.flatMap(\.ofCamera)
    writers = zip(looked, books).map { camera, books in
      AnalysisWriter(
        camera: camera.name, settings.kafka, identity: identity, delivery: delivery,
        events: events, books: books)
    }
    var parts: [Part] = []
    for (camera, meters) in zip(settings.cameras, meters) {
      let pipeline: Pipeline
      do {
        pipeline = try Pipeline(
          camera, identity: identity, topic: topic, delivery: delivery, meters: meters,
          look: onlooker?.look(at: camera.name), logger: logger)
      } catch {
        throw AgentError("camera \(camera.name): \(error)")
      }
      let source = Camera(
        name: camera.name, source: CameraSource(camera), sink: pipeline, meters: meters,
        logger: logger)
      parts.append(Part(camera: source, pipeline: pipeline))
    }
    self.parts = parts
  }

  private static func producer(_ kafka: KafkaSettings) throws(AgentError) -> Producer {
    var secrets: [String: String] = [:]
    for (property, file) in kafka.secretFiles {
      guard let secret = SecretFile.read(file) else {
        throw AgentError("kafka.secrets.\(property): \(file) cannot be read, or is empty")
      }
      secrets[property] = secret
    }
    do {
      return try Producer(brokers: kafka.brokers, properties: kafka.properties, secrets: secrets)
    } catch {
      throw AgentError(error.description)
    }
  }

  /// Starts Delivery, then the cameras.
  package func start() throws(AgentError) {
    do {
      try delivery.start()
      try onlooker?.start(writers)
      for part in parts { try part.camera.start() }
    } catch {
      throw AgentError("\(error)")
    }
  }

  /// Ends the cameras, then delivers what is left for as long as the budget allows. The ledger has
  /// nothing waiting afterwards.
  package func stop() {
    let began = Clock.monotonic
    for part in parts { part.camera.stop() }
    for part in parts { part.camera.join() }
    onlooker?.stop()
    let used = Double(Clock.monotonic - began) / 1e9
    delivery.shutdown(seconds: max(0.5, settings.delivery.shutdownBudget - used))
  }

  /// The last JPEG of a camera.
  package func latestPicture(of camera: String) -> PooledBytes? {
    parts.first { $0.camera.name == camera }?.pipeline.latestPicture
  }

  /// Whether every camera that plays once has come to its end.
  package var isOver: Bool { meters.allSatisfy { $0.current.state == .ended } }

  /// Logs how the spool stands, and the ledger of each camera, of cameras of earlier runs that are still in the spool, and of events:
  /// a sentence, and the same as JSON for scripts.
  package func logLedger() {
    if let spool = delivery.spoolPicture { logger.notice("spool=\(spool.json.text)") }
    let others = (delivery.otherMeters + books).filter { $0.ledger.snapshot.captured > 0 }
    for meters in others + meters {
      let counts = meters.ledger.snapshot
      logger.notice(
        "\(counts.isBalanced ? "" : "THE LEDGER DOES NOT BALANCE: ")ledger=\(json(meters).text)",
        metadata: ["camera": "\(meters.name)"])
    }
  }

  /// The ledger with what goes beside it.
  private func json(_ meters: CameraMeters) -> JSON {
    guard let seen = onlooker?.json(camera: meters.name) else { return meters.ledgerJSON }
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
    return
      "\(streaming) of \(pictures.count) cameras, \(tenths / 10).\(tenths % 10) fps; \(brokers); \(delivery.waiting) waiting, \(spool)"
  }
}

/// Why the agent cannot run: a sentence for the operator.
package struct AgentError: Error, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
