import Control
import Delivery
import Documents
import Meters
import Spool
import Synchronization
import Threads

/// Sends what became of commands, by way of the spool like events.
final class ResultWriter: ResultSink {
  private let identity: NodeIdentity
  /// Nil where results are switched off.
  private let topic: String?
  private let meters: StreamMeters
  private let delivery: Delivery
  /// The numbers of answers go on from run to run.
  private let answers: RecordFactory
  private let refusals: RecordFactory
  private let rejections = Numbers()

  init(identity: NodeIdentity, topic: String?, meters: StreamMeters, delivery: Delivery) {
    self.identity = identity
    self.topic = topic
    self.meters = meters
    self.delivery = delivery
    answers = RecordFactory(
      identity, stream: "results", type: .result, isNumberedByRun: false)
    refusals = RecordFactory(identity, stream: "rejections", type: .result)
  }

  /// On disk where there is a spool, else with the broker.
  var isSettled: Bool {
    let counts = meters.ledger.snapshot
    return counts.inPipeline == 0 && counts.inMemory == 0 && counts.inFlight == 0
  }

  func send(_ result: ControlResult) {
    if let made = record(result) { delivery.submit(made) }
  }

  /// Nil where results are switched off.
  func record(_ result: ControlResult) -> Record? {
    guard let topic, let body = result.json.members else { return nil }
    let members = body.merging([
      "type": .string(RecordType.result.rawValue), "node": .string(identity.node),
      "boot": .string(identity.boot),
    ]) { $1 }
    var more = [("ce_state", result.state.rawValue)]
    if let id = result.id { more.append(("ce_command", id)) }
    let isNumbered = result.number > 0
    meters.ledger.capture()
    var record = (isNumbered ? answers : refusals).record(
      JSON.object(members).canonical,
      number: isNumbered ? UInt64(result.number) : rejections.next(), more: more, topic: topic,
      meters: meters)
    record.spoolClass = .results
    return record
  }
}

/// Tells on the metrics' topic now and then how the box stands.
final class HeartbeatWriter: Sendable {
  private let identity: NodeIdentity
  private let topic: String
  private let interval: UInt64
  private let factory: RecordFactory
  private let meters: StreamMeters
  private let delivery: Delivery
  private let numbers = Numbers()
  private let last = Atomic<UInt64>(0)

  init(
    identity: NodeIdentity, topic: String, seconds: Double, meters: StreamMeters,
    delivery: Delivery
  ) {
    self.identity = identity
    self.topic = topic
    interval = UInt64(seconds * 1e9)
    factory = RecordFactory(identity, stream: "heartbeat", type: .heartbeat)
    self.meters = meters
    self.delivery = delivery
  }

  /// Sends one if it is time to. Called on one thread.
  func beat(_ facts: () -> [String: JSON]) {
    let now = Clock.monotonic
    let last = last.load(ordering: .relaxed)
    guard last == 0 || now - last >= interval else { return }
    self.last.store(now, ordering: .relaxed)
    delivery.submit(record(facts()))
  }

  func record(_ facts: [String: JSON]) -> Record {
    let body = facts.merging([
      "type": .string(RecordType.heartbeat.rawValue), "node": .string(identity.node),
      "boot": .string(identity.boot), "time": .string(Timestamp.now.description),
    ]) { $1 }
    meters.ledger.capture()
    var record = factory.record(
      JSON.object(body).canonical, number: numbers.next(), topic: topic, meters: meters)
    record.spoolClass = .metrics
    return record
  }
}
