import Kafka
import Spool

/// Which lane a record takes: that of its topic and key.
struct LaneID: Hashable {
  var topic: String
  var key: [UInt8]
}

/// The records of one topic with one key, which all go to one partition. What is wrong with one lane (a
/// topic that is missing or denied, a partition without a leader) holds up no other: each has its own
/// standing, its own probe and its own pause.
struct Lane {
  /// How long nothing is sent after an error, at first and at most.
  private static let holdNanoseconds: UInt64 = 250_000_000
  private static let holdMaxNanoseconds: UInt64 = 2_000_000_000

  let topic: String
  let key: [UInt8]
  /// Live records, which are in memory alone.
  var live = RecordWindow()
  /// What was read from the spool to be sent, by class.
  var stored: [SpoolClass: RecordWindow] = [:]
  /// The youngest record that was handed to the spool.
  var lastSpilled: UInt64 = 0
  /// Whether records of this lane were passed over in the spool, which then are the next to be read.
  var isPassedOver = false

  private(set) var flightCount = 0
  /// Those of them that are in memory alone.
  private(set) var liveFlightCount = 0
  private(set) var inFlightBytes = 0
  /// Serials in the order of sending; those no longer in flight are skipped.
  var sendingOrder: [UInt64] = []

  /// Since when brokers have not taken its records, while one at a time is sent to see whether they do.
  private(set) var blockedSince: UInt64?
  /// Whether the log was told of that.
  var isTold = false
  /// When a record first came back with an error and none was acknowledged since.
  private(set) var failingSince: UInt64?
  /// Why, the most telling first.
  private(set) var cause: KafkaError?
  /// Nothing is sent before this time, after an error that would come again at once.
  private(set) var heldUntil: UInt64 = 0
  private var holds: UInt64 = 0
  /// When brokers were asked about the topic.
  var askedAt: UInt64 = 0
  private(set) var lastDeparture: UInt64 = 0
  /// When the last acknowledgement came.
  private(set) var lastArrival: UInt64 = 0
  /// When each of the last round trips began, the first first: records that were sent after the one before had ended.
  private var rounds: InlineArray<3, UInt64> = [0, 0, 0]
  private var roundCount = 0
  private var roundEnd: UInt64 = 0

  init(_ id: LaneID) {
    topic = id.topic
    key = id.key
  }

  var isBlocked: Bool { blockedSince != nil }
  var storedBytes: Int { stored.values.reduce(0) { $0 + $1.bytes } }
  var storedCount: Int { stored.values.reduce(0) { $0 + $1.count } }
  var hasStored: Bool { !stored.isEmpty && stored.values.contains { !$0.isEmpty } }
  /// The next of a class out of the spool. Most lanes have none, which is told without a look-up.
  func storedHead(_ spoolClass: SpoolClass) -> RecordWindow.Entry? {
    stored.isEmpty ? nil : stored[spoolClass]?.first
  }

  /// Whether it has records to send, or has sent some.
  var isBusy: Bool { flightCount > 0 || !live.isEmpty || hasStored }

  // MARK: Flights

  mutating func departed(_ entry: RecordWindow.Entry, now: UInt64) {
    lastDeparture = now
    if flightCount == 0 { sendingOrder.removeAll(keepingCapacity: true) }
    sendingOrder.append(entry.serial)
    flightCount += 1
    if !entry.isFromBacklog { liveFlightCount += 1 }
    inFlightBytes += entry.record.memoryBytes
  }

  mutating func landed(_ entry: RecordWindow.Entry) {
    flightCount -= 1
    if !entry.isFromBacklog { liveFlightCount -= 1 }
    inFlightBytes -= entry.record.memoryBytes
  }

  /// A record that was sent at `sentAt` was acknowledged.
  /// - Parameters:
  ///   - endedAt: when that was; it may be learned later.
  /// - Returns: since when the lane was blocked until now.
  mutating func acknowledged(sentAt: UInt64, endedAt: UInt64, now: UInt64) -> UInt64? {
    if sentAt >= roundEnd {
      rounds = [rounds[1], rounds[2], sentAt]
      roundCount = min(roundCount + 1, rounds.count)
      roundEnd = endedAt
    }
    lastArrival = now
    failingSince = nil
    cause = nil
    heldUntil = 0
    holds = 0
    defer { blockedSince = nil }
    return blockedSince
  }

  /// A record came back with `error`: nothing is sent for a moment, longer with each time.
  mutating func failed(_ error: KafkaError?, now: UInt64) {
    if let error { learned(error) }
    if failingSince == nil { failingSince = now }
    heldUntil = now + min(Self.holdNanoseconds << min(holds, 8), Self.holdMaxNanoseconds)
    // While the lane is not known to be blocked its records wait their turn, with the same short pause.
    if isBlocked { holds += 1 }
  }

  /// Keeps what tells most of why.
  mutating func learned(_ error: KafkaError) {
    guard error.precision >= cause?.precision ?? .none else { return }
    // Now it is known what is wrong, which is worth another line.
    if error.isTelling, cause?.isTelling != true { isTold = false }
    cause = error
  }

  mutating func block(since: UInt64) {
    guard blockedSince == nil else { return }
    blockedSince = since
    isTold = false
  }

  // MARK: Judging

  /// Since when it has not been acknowledged though something is asked of it; nil while nothing is.
  func silentSince(oldestSentAt: UInt64?) -> UInt64? {
    guard let oldest = [oldestSentAt, failingSince].compactMap({ $0 }).min() else { return nil }
    return max(oldest, lastArrival)
  }

  /// Whether it has made so many round trips, three, since `time` that a lane that got none was passed over. On a
  /// slow line lanes take turns, so that each makes about as many as the others.
  func hasLapped(since time: UInt64) -> Bool {
    roundCount == rounds.count && rounds[0] >= time
  }
}

/// The lanes of a delivery: few, for keys are cameras and nodes. Should there be very many, those beyond a
/// bound share some by hash.
struct Lanes {
  private static let ownMax = 256
  private static let sharedMax = 16
  /// So many are sooner compared than hashed.
  private static let comparedMax = 8

  private var all: [Lane] = []
  private var indices: [LaneID: Int] = [:]

  var indicesInUse: Range<Int> { all.indices }
  var count: Int { all.count }

  subscript(index: Int) -> Lane {
    _read { yield all[index] }
    _modify { yield &all[index] }
  }

  /// - Returns: the lane, and whether it was made for this call.
  mutating func lane(_ id: LaneID) -> (index: Int, isNew: Bool) {
    if let known = known(id) { return (known, false) }
    var id = id
    if all.count >= Self.ownMax {
      id = Self.shared(id)
      if let known = indices[id] { return (known, false) }
    }
    all.append(Lane(id))
    indices[id] = all.count - 1
    return (all.count - 1, true)
  }

  private func known(_ id: LaneID) -> Int? {
    guard all.count <= Self.comparedMax else { return indices[id] }
    return all.firstIndex { $0.key == id.key && $0.topic == id.topic }
  }

  private static func shared(_ id: LaneID) -> LaneID {
    LaneID(topic: "", key: [UInt8(UInt(bitPattern: id.hashValue) % UInt(sharedMax))])
  }
}
