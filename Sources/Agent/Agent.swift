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
  private let current: Mutex<Settings>
  package let identity: NodeIdentity
  package let delivery: Delivery
  /// Of each camera, in the configuration's order.
  package let meters: [CameraMeters]
  let cameras: CameraSet
  /// Nil where no camera is looked at.
  let onlooker: Onlooker?
  let events: EventWriter
  private let looked: [String: AnalysisBooks]
  private let writers: [AnalysisWriter]
  private let numbers: NumberBook
  /// Of what analysis sends, and of heartbeats.
  private let books: [StreamMeters]
  let commanded: Commanded?
  let reconfiguration: Reconfiguration
  let clockWatch = Mutex<ClockWatch?>(nil)
  let topicCheck: TopicCheck
  let logger: Logger

  package var settings: Settings { current.withLock { $0 } }

  /// Puts the parts together; nothing runs yet.
  /// - Parameters:
  ///   - configuration: the file that the settings are from; without it the box cannot be commanded over a topic, nor be given another configuration.
  /// - Throws: `AgentError` where the configuration cannot be carried out.
  package init(
    _ files: Settings, configuration: String? = nil, logger: Logger
  ) throws(AgentError) {
    let gallery = GalleryHolder(files.analysis.gallery)
    let begun = try Reconfiguration.begin(files, configuration, gallery, logger)
    let settings = begun.settings
    let commands = configuration.flatMap { Commanded.Preparation(files, $0, gallery) }
    reconfiguration = Reconfiguration(configuration, begun, logger)
    current = Mutex(settings)
    self.logger = logger
    let identity = NodeIdentity(node: settings.node)
    self.identity = identity
    let secrets = try SecretFile.secrets(of: settings.kafka)
    let producer = try Self.producer(settings.kafka, secrets)
    var options = DeliveryOptions(
      memoryMax: settings.delivery.memoryMax, outageAfter: settings.delivery.outageAfter,
      ageMax: settings.delivery.ageMax)
    options.spool = settings.spool.map(SpoolUse.init)
    let topic = settings.kafka.name(of: .frames)
    let eventsTopic = settings.kafka.name(of: .events)
    let meters = settings.cameras.map { CameraMeters(name: $0.name) }
    self.meters = meters
    let numbers = NumberBook()
    self.numbers = numbers
    let onlooker = Onlooker(
      settings, gallery: gallery, isChangeable: commands != nil, logger: logger)
    self.onlooker = onlooker
    let chips = StreamMeters(name: SpoolClass.faces.name)
    let names = settings.cameras.map(\.name).filter { onlooker?.looks(at: $0) == true }
    let looking = names.map { AnalysisBooks(camera: $0, chips: chips) }
    looked = Dictionary(uniqueKeysWithValues: zip(names, looking))
    let events = EventWriter(
      identity: identity, topic: eventsTopic, meters: StreamMeters(name: SpoolClass.events.name))
    self.events = events
    let answers = StreamMeters(name: SpoolClass.results.name)
    let heartbeats = StreamMeters(name: "node/heartbeat")
    let books = looking.flatMap(\.ofCamera) + (commands == nil ? [] : [heartbeats])
    self.books = books
    let delivery = Delivery(
      producer: producer, options: options, topics: [topic, eventsTopic].compactMap { $0 },
      streams: meters.map(\.frames) + books,
      classes: [events.meters, chips] + (commands == nil ? [] : [answers]),
      announcements: events.announcements, logger: logger)
    self.delivery = delivery
    topicCheck = TopicCheck(settings, delivery: delivery, logger: logger)
    writers = zip(names, looking).map { name, books in
      AnalysisWriter(
        camera: name, settings.kafka, identity: identity, delivery: delivery,
        events: events, books: books, numbers: numbers)
    }
    let ofCameras = Dictionary(uniqueKeysWithValues: zip(settings.cameras.map(\.name), meters))
    cameras = try CameraSet(settings.cameras, topic: topic, logger: logger) {
      camera, topic throws(AgentError) in
      do {
        return try Pipeline(
          camera, identity: identity, topic: topic, delivery: delivery,
          meters: ofCameras[camera.name] ?? CameraMeters(name: camera.name), numbers: numbers,
          look: onlooker?.look(at: camera.name), logger: logger)
      } catch {
        throw AgentError("camera \(camera.name): \(error)", .temporary)
      }
    }
    commanded = commands.map {
      Commanded(
        $0, settings, secrets: secrets, identity: identity, delivery: delivery, answers: answers,
        heartbeats: heartbeats, logger: logger)
    }
  }

  private static func producer(
    _ kafka: KafkaSettings, _ secrets: [String: String]
  ) throws(AgentError) -> Producer {
    do {
      return try Producer(brokers: kafka.brokers, properties: kafka.properties, secrets: secrets)
    } catch {
      throw AgentError(error.description, error.isOfSystem ? .temporary : .configuration)
    }
  }

  /// Starts Delivery, then the cameras.
  package func start() throws(AgentError) {
    do {
      try watchClock()
      try delivery.start()
      try topicCheck.start()
      try onlooker?.start(writers)
      try cameras.start()
      try commanded?.start(self)
    } catch {
      throw AgentError("\(error)", .temporary)
    }
  }

  /// Makes the running agent what the settings say, as far as it can without a restart.
  /// - Returns: the groups of settings that take effect at the next start.
  /// - Throws: the first of what could not be done, after all else was: one camera's fault leaves no other unmasked.
  func adopt(_ new: Settings) throws(AgentError) -> [String] {
    let old = settings
    var failure: AgentError?
    let topic = new.kafka.name(of: .frames)
    let isMoved = topic != old.kafka.name(of: .frames)
    for camera in new.cameras {
      guard let before = old.cameras.first(where: { $0.name == camera.name }) else { continue }
      if isMoved || camera.withoutAnalysis != before.withoutAnalysis
        || cameras.isUnsettled(camera.name)
      {
        do throws(AgentError) {
          try cameras.replace(camera, topic: topic)
          note(camera)
        } catch {
          failure = failure ?? error
        }
      }
      let plan = CameraPlan(camera)
      if plan != CameraPlan(before) { onlooker?.set(plan, camera: camera.name) }
    }
    if let failure { throw failure }
    if new.kafka.topics != old.kafka.topics {
      events.topic = new.kafka.name(of: .events)
      onlooker?.set(
        new.cameras.compactMap { camera in
          looked[camera.name].map {
            AnalysisWriter(
              camera: camera.name, new.kafka, identity: identity, delivery: delivery,
              events: events, books: $0, numbers: numbers)
          }
        })
    }
    if TopicCheck.written(new) != TopicCheck.written(old) { topicCheck.look(new) }
    let waiting = self.waiting(old, new)
    current.withLock { $0 = new }
    return waiting
  }

  /// What has been done stays known, should the next step fail.
  private func note(_ camera: CameraSettings) {
    current.withLock { settings in
      guard let index = settings.cameras.firstIndex(where: { $0.name == camera.name }) else {
        return
      }
      let before = settings.cameras[index]
      settings.cameras[index] = camera
      settings.cameras[index].analysers = before.analysers
    }
  }

  private func waiting(_ old: Settings, _ new: Settings) -> [String] {
    var kafka = (old.kafka, new.kafka)
    let fixed = [Topic.control, .results, .metrics].filter { topic in
      commanded != nil && kafka.0.topics[topic] != kafka.1.topics[topic]
    }
    let unseen = new.cameras.filter { camera in
      old.cameras.contains { $0.name == camera.name && CameraPlan($0) != CameraPlan(camera) }
        && onlooker?.looks(at: camera.name) != true
    }
    (kafka.0.topics, kafka.1.topics) = ([:], [:])
    let groups = [
      ("node", old.node == new.node), ("kafka", kafka.0 == kafka.1),
      ("delivery", old.delivery == new.delivery), ("spool", old.spool == new.spool),
      ("analysis", old.analysis == new.analysis), ("control", old.control == new.control),
      ("log", old.log == new.log), ("status", old.status == new.status),
      ("cameras", old.cameras.map(\.name) == new.cameras.map(\.name)),
    ]
    return groups.filter { !$0.1 }.map(\.0) + fixed.map { "kafka.topics.\($0.rawValue)" }
      + unseen.map { "\(Analysers.names.joined(separator: " and ")) of camera \($0.name)" }
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
    (delivery.otherMeters + books).filter { $0.ledger.snapshot.captured > 0 }
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
    let wrong = reconfiguration.standing.fault.map { "; the configuration is wrong: \($0)" } ?? ""
    return
      "\(streaming) of \(pictures.count) cameras, \(tenths / 10).\(tenths % 10) fps; \(brokers); \(delivery.waiting) waiting, \(spool)\(wrong)"
  }
}

extension CameraSettings {
  /// What the camera itself and its pictures depend on.
  fileprivate var withoutAnalysis: CameraSettings {
    var settings = self
    settings.analysers = [:]
    return settings
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
