import Kafka
import Meters
import Spool
import Threads

/// Whose turn it is, and which lanes are blocked.
extension DeliveryState {
  /// A lane that is not acknowledged while others are, though none has overtaken it yet, is given so many
  /// times as long.
  private static let patience = 5.0
  /// With no lane left that is taken, it is an outage after so many times the usual: between two heartbeats
  /// it is none.
  private static let lastPatience = 15.0
  /// How long a lane has to come back after an outage until it is told of by itself, in seconds.
  private static let tellAfter = 4.0

  /// How often brokers are asked about one lane, and at all.
  private static let questionNanoseconds: UInt64 = 10_000_000_000
  private static let questionsNanoseconds: UInt64 = 1_000_000_000
  /// How long a blocked lane waits for the spool to hand out a record.
  private static let diskPatienceNanoseconds: UInt64 = 10_000_000_000

  // MARK: Sending

  /// The next record to send: what is worth most first, but frames of the moment before frames of the
  /// past. A lane that may not send now holds up no other.
  mutating func takeNext(now: UInt64) -> (lane: Int, entry: RecordWindow.Entry)? {
    // Most boxes have nothing out of the spool most of the time.
    let hasStored = lanes.indicesInUse.contains { lanes[$0].hasStored }
    if hasStored {
      for spoolClass in SpoolClass.writtenAhead {
        let next = first(now: now) { lanes[$0].storedHead(spoolClass) }
        if let next { return take(next, of: spoolClass) }
      }
    }
    let next = first(now: now) { liveHead(of: $0, now: now) }
    if let next, let entry = lanes[next].live.popFirst() { return (next, entry) }
    guard hasStored else { return nil }
    for spoolClass in SpoolClass.heldInMemory {
      if let next = takeOld(spoolClass, now: now) { return next }
    }
    return nil
  }

  /// Of a blocked lane what is in memory goes to the spool, and the record that sees whether brokers take it
  /// again comes from there: sent from here it would be written last, behind younger ones. Only a disk that
  /// hangs is not waited for.
  private func liveHead(of lane: Int, now: UInt64) -> RecordWindow.Entry? {
    guard let head = lanes[lane].live.first else { return nil }
    guard lanes[lane].isBlocked, options.spool != nil, spoolFault == nil, !isClosed,
      head.serial > lanes[lane].lastSpilled
    else { return head }
    return now > lanes[lane].lastDeparture + Self.diskPatienceNanoseconds ? head : nil
  }

  private mutating func take(
    _ lane: Int, of spoolClass: SpoolClass
  ) -> (lane: Int, entry: RecordWindow.Entry)? {
    guard let entry = lanes[lane].stored[spoolClass]?.popFirst() else { return nil }
    return (lane, entry)
  }

  /// The lane that may send and whose head is the oldest.
  private func first(now: UInt64, _ head: (Int) -> RecordWindow.Entry?) -> Int? {
    var oldest: (lane: Int, serial: UInt64)?
    for index in lanes.indicesInUse where now >= lanes[index].heldUntil {
      guard let entry = head(index), entry.serial < oldest?.serial ?? .max,
        fits(entry.record.memoryBytes, index)
      else { continue }
      oldest = (index, entry.serial)
    }
    return oldest?.lane
  }

  /// A blocked lane sends one record at a time. The others share what may be in flight so that none takes
  /// all: each may have twice as much as is still free (dynamic thresholds, as switches share buffers).
  func fits(_ bytes: Int, _ index: Int) -> Bool {
    guard lanes[index].flightCount > 0 else { return true }
    guard !lanes[index].isBlocked else { return false }
    let free = options.inFlightBytesMax - inFlightBytes
    let isAlone = lanes.count == 1
    return bytes <= free && lanes[index].inFlightBytes + bytes <= options.laneBytesMax
      && (isAlone || lanes[index].inFlightBytes + bytes <= 2 * free)
  }

  /// A frame of the backlog, by the token bucket. Few of them are in flight at once, for a live frame
  /// waits behind them. Of a blocked lane it is the one record that sees whether brokers take it again.
  private mutating func takeOld(
    _ spoolClass: SpoolClass, now: UInt64
  ) -> (lane: Int, entry: RecordWindow.Entry)? {
    guard let spool = options.spool else { return nil }
    let probe = first(now: now) {
      lanes[$0].isBlocked ? lanes[$0].storedHead(spoolClass) : nil
    }
    if let probe { return take(probe, of: spoolClass) }
    guard let next = first(now: now, { lanes[$0].storedHead(spoolClass) }),
      let bytes = lanes[next].stored[spoolClass]?.first?.record.memoryBytes
    else { return nil }
    let inFlightMax = max(256 << 10, Int(spool.replayRate / 20))
    guard backlogInFlightBytes == 0 || backlogInFlightBytes + bytes <= inFlightMax,
      bucket.take(Double(bytes), allowsDebt: true, now: now)
    else { return nil }
    return take(next, of: spoolClass)
  }

  // MARK: Judging

  enum Judgement: Equatable {
    case unchanged
    /// Some lanes are blocked now.
    case blocked
    /// No lane is acknowledged any more.
    case outage
  }

  /// A record of the lane came back with an error: the lane pauses, and no other.
  /// - Parameter isFinal: whether it will not pass by itself, so that the lane is known to be blocked.
  mutating func failed(lane: Int, _ error: KafkaError?, isFinal: Bool = false, now: UInt64) {
    lanes[lane].failed(error, now: now)
    if isFinal { lanes[lane].block(since: now) }
  }

  /// Takes back what would overtake a record that came back: all that its lane has in librdkafka.
  mutating func recall(behind lane: Int) {
    guard lanes[lane].flightCount > 0 else { return }
    let isAlone = lanes.indicesInUse.allSatisfy { $0 == lane || lanes[$0].flightCount == 0 }
    recall = max(recall ?? .queued, isAlone ? .all : .queued)
  }

  /// Sees whether lanes are blocked by now, or all of them: records were sent or came back, and none was
  /// acknowledged for too long. On a slow line the oldest may be old, but acknowledgements come.
  mutating func judge(now: UInt64) -> Judgement {
    guard outageSince == nil else { return .unchanged }
    let silent = lanes.indicesInUse.compactMap { index -> (lane: Int, since: UInt64)? in
      guard !lanes[index].isBlocked else { return nil }
      return lanes[index].silentSince(oldestSentAt: oldestSentAt(index)).map { (index, $0) }
    }
    if let since = silent.map({ max($0.since, lastArrival) }).min(),
      isPast(since, options.outageAfter, now)
    {
      beginOutage(since: since)
      return .outage
    }
    if silent.isEmpty, let since = allBlockedSince,
      isPast(since, Self.lastPatience * options.outageAfter, now)
    {
      beginOutage(since: since)
      return .outage
    }
    var judgement = Judgement.unchanged
    for (lane, since) in silent where isPast(since, options.outageAfter, now) {
      let isLapped = lanes.indicesInUse.contains { $0 != lane && lanes[$0].hasLapped(since: since) }
      let isForgotten =
        lastArrival > since && isPast(since, Self.patience * options.outageAfter, now)
      guard lanes[lane].failingSince != nil || isLapped || isForgotten else { continue }
      lanes[lane].block(since: since)
      if lanes[lane].flightCount > 0 { recall = max(recall ?? .queued, .queued) }
      judgement = .blocked
    }
    return judgement
  }

  /// Since when every lane that has something to send is blocked, and none was acknowledged.
  private var allBlockedSince: UInt64? {
    // Brokers that say what is wrong with a topic are there.
    let busy = lanes.indicesInUse.filter {
      lanes[$0].isBlocked && lanes[$0].isBusy && lanes[$0].cause?.isTelling != true
    }
    return busy.compactMap { lanes[$0].blockedSince }.min().map { max($0, lastArrival) }
  }

  private func isPast(_ since: UInt64, _ seconds: Double, _ now: UInt64) -> Bool {
    now > since && Double(now - since) / 1e9 > seconds
  }

  private mutating func beginOutage(since: UInt64) {
    outageSince = since
    recall = .all
    for lane in lanes.indicesInUse { lanes[lane].block(since: since) }
  }

  /// When the oldest record of the lane in flight was sent.
  private mutating func oldestSentAt(_ lane: Int) -> UInt64? {
    let gone = lanes[lane].sendingOrder.prefix { flights[$0] == nil }.count
    if gone > 0 { lanes[lane].sendingOrder.removeFirst(gone) }
    return lanes[lane].sendingOrder.first.flatMap { flights[$0]?.sentAt }
  }

  // MARK: Telling

  /// A lane that is blocked and nobody knows why, as long after the last such question as an answer may
  /// take: brokers are asked what they know of its topic.
  mutating func takeQuestion(now: UInt64) -> (lane: Int, id: LaneID)? {
    guard outageSince == nil, !isClosed, now >= nextQuestion else { return nil }
    let asked = lanes.indicesInUse.filter {
      lanes[$0].isBlocked && !lanes[$0].topic.isEmpty && lanes[$0].cause?.isTelling != true
        && now >= lanes[$0].askedAt + Self.questionNanoseconds
    }
    guard let lane = asked.min(by: { lanes[$0].askedAt < lanes[$1].askedAt }) else { return nil }
    lanes[lane].askedAt = now
    nextQuestion = now + Self.questionsNanoseconds
    return (lane, LaneID(topic: lanes[lane].topic, key: lanes[lane].key))
  }

  /// What brokers answered: nil for nothing that explains it.
  mutating func answered(lane: Int, _ error: KafkaError?) {
    guard let error, lanes[lane].isBlocked else { return }
    lanes[lane].learned(error)
  }

  /// How blocked lanes stand that the log does not know of yet. In an outage there is nothing to tell of one
  /// lane, unless its topic is at fault.
  mutating func takeBlocked(now: UInt64) -> [Standing] {
    var told: [Standing] = []
    for index in lanes.indicesInUse {
      let lane = lanes[index]
      guard let since = lane.blockedSince, !lane.isTold else { continue }
      let isDue =
        outageSince == nil
        && isPast(max(since, lastOutageEnd), options.outageAfter + Self.tellAfter, now)
      guard lane.cause?.isTelling == true || isDue else { continue }
      lanes[index].isTold = true
      told.append(standing(of: index))
    }
    return told
  }
}
