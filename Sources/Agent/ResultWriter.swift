import Control
import Delivery
import Kafka
import Meters
import Spool
import Synchronization
import Threads

/// Sends what became of commands, by way of the spool like events.
final class ResultWriter: ResultSink {
  private let identity: NodeIdentity
  /// Nil where results are switched off.
  private let topic: String?
  private let meters: CameraMeters
  private let delivery: Delivery
  private let rejections = Numbers()

  init(identity: NodeIdentity, topic: String?, meters: CameraMeters, delivery: Delivery) {
    self.identity = identity
    self.topic = topic
    self.meters = meters
    self.delivery = delivery
  }

  /// On disk where there is a spool, else with the broker.
  var isSettled: Bool {
    let counts = meters.ledger.snapshot
    return counts.inPipeline == 0 && counts.inMemory == 0 && counts.inFlight == 0
  }

  func send(_ result: ControlResult) {
    guard let topic, let body = result.json.members else { return }
    let members = body.merging([
      "type": "vedette.result.v1", "node": .string(identity.node),
      "boot": .string(identity.boot),
    ]) { $1 }
    var more = Headers([Header("ce_state", result.state.rawValue)])
    if let id = result.id { more.append("ce_command", id) }
    let isNumbered = result.number > 0
    delivery.submit(
      identity.record(
        JSONValue.object(members), type: "vedette.result.v1",
        name: isNumbered ? "results" : "rejections",
        number: isNumbered ? UInt64(result.number) : rejections.next(),
        run: isNumbered ? nil : identity.boot, topic: topic, more: more, meters: meters,
        spoolClass: .results))
  }
}

/// Tells on the metrics' topic now and then how the box stands.
final class HeartbeatWriter: Sendable {
  private let identity: NodeIdentity
  private let topic: String
  private let interval: UInt64
  private let meters: CameraMeters
  private let delivery: Delivery
  private let numbers = Numbers()
  private let last = Atomic<UInt64>(0)

  init(
    identity: NodeIdentity, topic: String, seconds: Double, meters: CameraMeters,
    delivery: Delivery
  ) {
    self.identity = identity
    self.topic = topic
    interval = UInt64(seconds * 1e9)
    self.meters = meters
    self.delivery = delivery
  }

  /// Sends one if it is time to. Called on one thread.
  func beat(_ facts: () -> [String: JSONValue]) {
    let now = Clock.monotonic
    let last = last.load(ordering: .relaxed)
    guard last == 0 || now - last >= interval else { return }
    self.last.store(now, ordering: .relaxed)
    let body = facts().merging([
      "type": "vedette.heartbeat.v1", "node": .string(identity.node),
      "boot": .string(identity.boot), "time": .string(Timestamp.now.description),
    ]) { $1 }
    delivery.submit(
      identity.record(
        .object(body), type: "vedette.heartbeat.v1", name: "heartbeat", number: numbers.next(),
        run: identity.boot, topic: topic, more: Headers(), meters: meters, spoolClass: .frames))
  }
}

extension NodeIdentity {
  /// A record of the node's own, in CloudEvents' binary mode.
  /// - Parameter run: a part of `ce_id`; nil where numbers go on from run to run.
  func record(
    _ body: JSONValue, type: String, name: String, number: UInt64, run: String?, topic: String,
    more: Headers, meters: CameraMeters, spoolClass: SpoolClass
  ) -> Record {
    meters.ledger.capture()
    let wall = Clock.wall
    var headers = Headers([
      Header("content-type", "application/json"), Header("ce_specversion", "1.0"),
      Header("ce_source", "/\(node)"), Header("ce_type", type), Header("ce_boot", boot),
    ])
    headers.append("ce_id", "\(node)/\(name)/\(run.map { "\($0)/" } ?? "")\(number)")
    headers.append("ce_time", Clock.rfc3339(microseconds: wall))
    headers.append("ce_sequence", number: number)
    headers.append("ce_monotonic", number: Clock.monotonic)
    headers.append(more)
    let bytes = body.canonical
    var record = Record(
      topic: topic, key: Array(node.utf8), headers: headers, timestamp: wall / 1000,
      payload: BytesPayload(bytes), payloadBytes: bytes.count, capturedAt: Clock.monotonic,
      meters: meters)
    record.spoolClass = spoolClass
    record.sequence = number
    record.run = boot
    return record
  }
}
