import Agent
import ArgumentParser
import Control
import CPosix
import Documents
import Glibc
import Kafka
import Paths
import Settings
import Threads

/// Commands boxes over the control topic.
struct ControlGroup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "control",
    abstract: "Commands boxes over a topic: commands, keygen, sign, send, watch, fleet, overrides.",
    discussion: "Example: vedette control send ping --all --key ops.key --broker kafka-1:9092",
    subcommands: [
      ControlCommands.self, ControlKeygen.self, ControlSign.self, ControlSend.self,
      ControlWatch.self, ControlFleet.self,
      ControlOverrides.self,
    ])

  /// Ends the command with a sentence.
  static func fail(_ sentence: String, _ status: Int32 = ExitStatus.dataError) -> ExitCode {
    ConfigurationCheck.tell("vedette control: \(sentence)")
    return ExitCode(status)
  }
}

/// Which brokers and topics.
struct BrokerPlace: ParsableArguments {
  @Option(help: "A Kafka broker, host:port; by default what --config says.")
  var broker: String?
  @Option(help: "A configuration whose kafka: group says how to reach the brokers.")
  var config: String?
  @Option(help: "What topics begin with, where there is no --config.")
  var prefix = "vedette"

  struct Place {
    var kafka: KafkaSettings
    var secrets: [String: String]
  }

  func place() throws -> Place {
    var kafka = KafkaSettings()
    if let config {
      do throws(ConfigurationCheck.Failure) {
        kafka = try ConfigurationCheck.load(config).kafka
      } catch {
        throw ExitCode(error.exitStatus)
      }
    } else {
      kafka.prefix = prefix
    }
    if let broker { kafka.brokers = [broker] }
    do {
      return Place(kafka: kafka, secrets: try SecretFile.secrets(in: kafka.secretFiles))
    } catch {
      throw ControlGroup.fail(
        "\(error)",
        error.kind == .temporary ? ExitStatus.temporary : ExitStatus.configuration)
    }
  }
}

extension BrokerPlace.Place {
  func topic(_ topic: Topic) throws -> String {
    guard let name = kafka.name(of: topic) else {
      throw ControlGroup.fail(
        "the topic \(topic.rawValue) is switched off", ExitStatus.configuration)
    }
    return name
  }

  /// A reader of a topic, which may not exist yet.
  func reader(_ topic: Topic, from start: ReadStart) throws -> TopicReader {
    TopicReader(self, topic: try self.topic(topic), start: start)
  }
}

/// Reads a topic, and the partitions that it gets when it is made.
final class TopicReader {
  private static let askNanoseconds: UInt64 = 500_000_000

  private let place: BrokerPlace.Place
  private let topic: String
  private var start: ReadStart
  private var consumer: Consumer?
  private var asked = Clock.monotonic

  init(_ place: BrokerPlace.Place, topic: String, start: ReadStart) {
    self.place = place
    self.topic = topic
    self.start = start
  }

  /// Asks the brokers, so that what comes later is not missed.
  func begin() throws { _ = try ready() }

  private func ready() throws -> Consumer {
    if let consumer { return consumer }
    do {
      let made = try Consumer(
        brokers: place.kafka.brokers, topic: topic, from: start,
        properties: ReaderChild.bounded(
          ControlReceiver.consumerProperties(place.kafka.properties)),
        secrets: place.secrets)
      consumer = made
      return made
    } catch {
      throw ControlGroup.fail("\(topic) cannot be read: \(error)", ExitStatus.unavailable)
    }
  }

  /// The next value; nil where none came in time.
  func next(milliseconds: Int32) throws -> [UInt8]? {
    let consumer = try ready()
    if consumer.partitionCount == 0, Clock.monotonic - asked > Self.askNanoseconds {
      asked = Clock.monotonic
      let count = (try? consumer.currentPartitionCount(topic, timeoutMilliseconds: 2000)) ?? 0
      if count > 0 {
        // All of it came after the beginning.
        start = .beginning
        self.consumer = nil
      }
    }
    return consumer.poll(timeoutMilliseconds: milliseconds)?.value
  }
}

/// A private key in a file, and whose it is.
struct KeyFile {
  var issuer: String
  var key: SigningKey

  init(_ path: String) throws {
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try InputFile.read(path)
    } catch {
      throw ControlGroup.fail("\(path) \(error.sentence)", error.exitStatus)
    }
    guard let value = try? JSONReader.read(bytes), let issuer = value["issuer"]?.text,
      let secret = value["private"]?.text.flatMap({ Base64.decoded($0) }),
      let key = SigningKey(secret)
    else { throw ControlGroup.fail("\(path) is no private key of 'vedette control keygen'") }
    self.issuer = issuer
    self.key = key
  }
}
