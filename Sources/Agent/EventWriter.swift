import Control
import Delivery
import Documents
import Meters
import Settings
import Spool
import Synchronization
import Threads

/// Makes the records of the events' topic.
struct EventWriter: Sendable {
  let identity: NodeIdentity
  private let name: TopicName
  let meters: StreamMeters
  private let numbers = Numbers()

  init(identity: NodeIdentity, topic: String?, meters: StreamMeters) {
    self.identity = identity
    name = TopicName(topic)
    self.meters = meters
  }

  /// Nil where events are switched off.
  var topic: String? {
    get { name.value }
    nonmutating set { name.value = newValue }
  }

  var announcements: Announcements {
    Announcements(gap: { gap($0) }, deadLetter: { deadLetter($0, $1) })
  }

  /// Frames that were given up, by the numbers that their `ce_sequence` had.
  private func gap(_ gap: Gap) -> Record? {
    event(
      .gap, camera: gap.camera,
      run: gap.run,
      [
        ("first_sequence", gap.isKnown ? .integer(Int(clamping: gap.firstSequence)) : .null),
        ("last_sequence", gap.isKnown ? .integer(Int(clamping: gap.lastSequence)) : .null),
        ("count", .integer(gap.count)), ("bytes", .integer(gap.bytes)),
        ("reason", .string(gap.reason.rawValue)),
      ])
  }

  /// A record that no broker will ever take, in its stead.
  private func deadLetter(_ record: Record, _ reason: String) -> Record? {
    event(
      .deadletter, camera: record.meters.name, run: record.run,
      [
        ("sequence", .integer(Int(clamping: record.sequence))),
        ("topic", .string(record.topic)), ("bytes", .integer(record.payloadBytes)),
        ("error", .string(reason)),
      ])
  }

  /// - Parameter run: the run of the agent that `members` are of.
  func event(
    _ type: RecordType, camera: String, run: String, _ members: [(String, JSON)]
  ) -> Record? {
    guard let topic else { return nil }
    meters.ledger.capture()
    let wall = Clock.wall
    let body = JSON.object(
      [
        ("type", .string(type.rawValue)), ("node", .string(identity.node)),
        ("camera", .string(camera)),
        ("boot", .string(run)), ("time", .string(Clock.rfc3339(microseconds: wall))),
      ] + members)
    let factory = RecordFactory(identity, camera: camera, stream: "events", type: type)
    var record = factory.record(
      Array(body.line.utf8), number: numbers.next(), wall: wall, topic: topic, meters: meters)
    record.spoolClass = .events
    return record
  }
}

/// A topic's name, which may change while records are made for it.
final class TopicName: Sendable {
  private let name: Mutex<String?>

  init(_ name: String?) { self.name = Mutex(name) }

  var value: String? {
    get { name.withLock { $0 } }
    set { name.withLock { $0 = newValue } }
  }
}
