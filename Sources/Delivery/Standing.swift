import Kafka
import Spool
import Threads

/// How brokers take the records of one topic, or of one partition of it.
package struct Standing: Sendable, Equatable {
  package var topic: String
  /// Of the records that it is about; nil for all of the topic.
  package var key: String?
  /// Since when they are not taken, nanoseconds of CLOCK_MONOTONIC; nil while they are.
  package var blockedSince: UInt64?
  /// What brokers said last, or nil.
  package var cause: String?
  /// What to do about it, as a sentence; nil while they are taken.
  package var remedy: String?
  /// Records in memory, waiting and in flight.
  package var waiting = 0
  /// Whether others are passed over in the spool meanwhile.
  package var isSpooled = false
  /// Whether brokers said so when they were asked, so that nothing has to fail first.
  package var isCertain = false
}

/// What is wrong with a topic.
struct TopicFault {
  /// Nanoseconds of CLOCK_MONOTONIC.
  var since: UInt64
  var error: KafkaError
}

/// How delivery stands, for the status and the log.
package struct DeliveryPicture: Sendable {
  package var waiting = 0
  package var inFlight = 0
  /// Bytes waiting and in flight.
  package var bytes = 0
  /// Since when no record was acknowledged, nanoseconds of CLOCK_MONOTONIC; nil outside an outage.
  package var outageSince: UInt64?
  /// The last error that librdkafka told of and that has not been followed by a delivery.
  package var lastError: String?
  /// Why the spool cannot be written; nil where it can, or where there is none.
  package var spoolFault: String?
  /// By topic, or by key where the records of a topic stand differently.
  package var standings: [Standing] = []
  /// For how long brokers make this client wait, in milliseconds: a quota of theirs; 0 for not at all.
  package var throttleMilliseconds = 0
  /// Bytes of payload out of the spool that brokers have acknowledged in this run.
  package var replayedBytes = 0

  /// Those that are blocked by themselves: in an outage all are, and only faults of a topic are told.
  package var blocked: [Standing] { standings.filter { $0.blockedSince != nil } }
}

extension DeliveryState {
  func standing(of index: Int) -> Standing {
    let lane = lanes[index]
    let key = lane.key.isEmpty ? nil : String(decoding: lane.key, as: UTF8.self)
    var standing = Standing(topic: lane.topic.isEmpty ? "several topics" : lane.topic, key: key)
    standing.blockedSince = lane.blockedSince
    standing.cause = lane.cause?.description
    standing.waiting = lane.live.count + lane.storedCount + lane.flightCount
    standing.isSpooled = lane.isPassedOver || lane.storedCount > 0
    guard lane.isBlocked else { return standing }
    if let cause = lane.cause, let remedy = Self.remedy(standing.topic, cause) {
      standing.key = nil
      standing.remedy = remedy
    } else {
      standing.remedy =
        """
        brokers do not take records of \(key ?? "any key") for the topic \(standing.topic), though others are \
        taken: give their partition a leader, and look at the brokers' log
        """
    }
    return standing
  }

  /// Nil where the error does not say what is wrong with the topic.
  private static func remedy(_ topic: String, _ cause: KafkaError) -> String? {
    if cause.isTopicMissing {
      return "the topic \(topic) does not exist, or not with all its partitions: create it"
    }
    guard cause.kind == .refused else { return nil }
    return cause.isTopicDenied
      ? "this client may not write to the topic \(topic): grant it WRITE and DESCRIBE"
      : "brokers refuse all records for the topic \(topic): \(cause.reason)"
  }

  /// Adds what brokers said of topics before any of their records failed.
  private func addFaults(to standings: inout [Standing]) {
    for (topic, fault) in topicFaults {
      let own = standings.indices.filter { standings[$0].topic == topic }
      if let told = own.first(where: { standings[$0].blockedSince != nil }) {
        standings[told].isCertain = true
        continue
      }
      var standing = Standing(topic: topic)
      // One whose records have not failed yet.
      if let idle = own.first { standing = standings.remove(at: idle) }
      standing.blockedSince = fault.since
      standing.cause = fault.error.description
      standing.remedy = Self.remedy(topic, fault.error)
      standing.isCertain = true
      standings.append(standing)
    }
  }

  /// One for a topic whose records stand alike, else one for each key.
  private var standings: [Standing] {
    var known: [String: Int] = [:]
    var all: [Standing] = []
    for index in lanes.indicesInUse {
      var standing = standing(of: index)
      // In an outage each lane is blocked, by nothing of its own.
      if outageSince != nil, lanes[index].cause?.isTelling != true { standing.blockedSince = nil }
      if standing.blockedSince == nil {
        standing.key = nil
        standing.remedy = nil
      }
      let name = "\(standing.topic)\n\(standing.key ?? "")\n\(standing.remedy ?? "")"
      guard let same = known[name] else {
        known[name] = all.count
        all.append(standing)
        continue
      }
      all[same].waiting += standing.waiting
      all[same].isSpooled = all[same].isSpooled || standing.isSpooled
      if let since = standing.blockedSince {
        all[same].blockedSince = min(all[same].blockedSince ?? since, since)
      }
    }
    addFaults(to: &all)
    return all.sorted { ($0.topic, $0.key ?? "") < ($1.topic, $1.key ?? "") }
  }

  var picture: DeliveryPicture {
    var picture = DeliveryPicture()
    picture.waiting = liveCount
    picture.inFlight = flights.count
    picture.bytes = memoryBytes
    picture.outageSince = outageSince
    picture.lastError = cause?.description
    picture.spoolFault = spoolFault
    picture.standings = standings
    picture.throttleMilliseconds = throttleMilliseconds
    picture.replayedBytes = replayedBytes
    return picture
  }
}
