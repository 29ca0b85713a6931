import Analysers
import Analysis
import Delivery
package import Logging
package import Settings

/// What every part of the agent is to be, in the terms of its own room: all that a configuration says. Each mapping of a
/// setting to the option of a room is in this folder. Nothing here opens, reads or starts anything.
package struct Assembly: Equatable, Sendable {
  /// This box's name in keys, headers and sources.
  var node: String
  /// What is logged; less is not.
  package var log: Logger.Level
  var connection: ConnectionAssembly
  /// The names of the topics that are written to, with prefix; those that are switched off are not among them, nor are
  /// those of commands, which are `control`'s.
  var topics: [Topic: String]
  /// Without the spool.
  var delivery: DeliveryOptions
  /// Seconds that a clean stop may take.
  var shutdownBudget: Double
  /// Nil where there is none.
  var spool: SpoolUse?
  var analysis: AnalysisAssembly
  /// Nil where the box is not commanded over a topic.
  var control: ControlAssembly?
  var status: StatusAssembly
  /// In the configuration's order.
  var cameras: [CameraAssembly]

  /// Translates a configuration.
  package init(_ settings: Settings) {
    node = settings.node
    log =
      switch settings.log.level {
      case .debug: .debug
      case .info: .info
      case .notice: .notice
      case .warning: .warning
      case .error: .error
      }
    connection = ConnectionAssembly(settings.kafka)
    topics = [:]
    for topic in Topic.all(Analysers.keys) where topic != .control && topic != .results {
      topics[topic] = settings.kafka.name(of: topic)
    }
    delivery = DeliveryOptions(
      memoryMax: settings.delivery.memoryMax, outageAfter: settings.delivery.outageAfter,
      ageMax: settings.delivery.ageMax)
    shutdownBudget = settings.delivery.shutdownBudget
    spool = settings.spool.map(SpoolUse.init)
    analysis = AnalysisAssembly(settings.analysis)
    control = ControlAssembly(settings)
    status = StatusAssembly(settings.status)
    cameras = settings.cameras.map(CameraAssembly.init)
  }

  /// Delivery's options with the spool.
  var deliveryWithSpool: DeliveryOptions {
    var options = delivery
    options.spool = spool
    return options
  }

  subscript(camera name: String) -> CameraAssembly? { cameras.first { $0.name == name } }
}

/// How brokers are reached.
struct ConnectionAssembly: Equatable, Sendable {
  var brokers: [String]
  /// librdkafka's.
  var properties: [String: String]
  /// Files with the values of properties that are secrets.
  var secretFiles: [String: String]

  init(_ settings: KafkaSettings) {
    brokers = settings.brokers
    properties = settings.properties
    secretFiles = settings.secretFiles
  }
}

/// What all cameras' analysis shares.
struct AnalysisAssembly: Equatable, Sendable {
  /// Threads; nil for one less than there are processors.
  var workers: Int?
  var nice: Int
  /// The folder of models.
  var models: String
  /// The file of known people.
  var gallery: String

  init(_ settings: AnalysisSettings) {
    workers = settings.workers
    nice = settings.nice
    models = settings.models
    gallery = settings.gallery
  }
}

/// Where the agent tells how it is.
struct StatusAssembly: Equatable, Sendable {
  /// The path of a Unix socket.
  var socket: String?
  var listen: StatusSettings.Address?
  /// Of the token that who asks over TCP must know.
  var tokenFile: String?

  init(_ settings: StatusSettings) {
    socket = settings.socket
    listen = settings.listen
    tokenFile = settings.tokenFile
  }
}
