import Kafka
import Meters
import Spool
import Threads

/// Handing records to librdkafka, and what becomes of those that it or a broker refuses.
extension Delivery {
  private static let firstAttempt = Headers([Header("ce_attempt", "1")])

  private static func attemptHeaders(_ entry: RecordWindow.Entry) -> Headers {
    if entry.attempt == 1, !entry.isReplay { return firstAttempt }
    var headers = Headers()
    headers.append("ce_attempt", number: UInt64(entry.attempt))
    if entry.isReplay { headers.append("ce_replay", "1") }
    return headers
  }

  /// Hands waiting records to librdkafka. Called under the lock, so that order is kept.
  func pump(_ state: inout DeliveryState) {
    while let entry = state.departing(now: Clock.monotonic) {
      if entry.isFromBacklog, state.isRunningDry(entry.record.spoolClass) { keeper?.wake() }
      guard send(entry, &state) else { return }
    }
  }

  /// Hands a record to librdkafka that is booked as in flight.
  /// - Returns: false where no other would be taken now.
  @discardableResult
  func send(_ entry: RecordWindow.Entry, _ state: inout DeliveryState) -> Bool {
    var outgoing = OutgoingRecord(
      topic: entry.record.topic, key: entry.record.key, headers: entry.record.headers,
      timestamp: entry.record.timestamp, payload: entry.record.payload, token: entry.serial)
    outgoing.attemptHeaders = Self.attemptHeaders(entry)
    do {
      try producer.send(outgoing)
      return true
    } catch {
      refuse(entry.serial, error, wasSent: false, &state)
      // With a full queue the next round tries again; any other error is that of one lane.
      return error.kind != .queueFull && error.kind != .fatal && error.kind != .configuration
    }
  }

  /// What becomes of a record that was not taken, by the kind of error.
  /// - Parameter wasSent: true where librdkafka took it first.
  func refuse(_ serial: UInt64, _ error: KafkaError, wasSent: Bool, _ state: inout DeliveryState) {
    guard let lane = state.flights[serial]?.lane else { return }
    switch error.kind {
    case .oversize:
      if let entry = state.lost(serial, as: .dropped(.oversize)) { giveUp(entry, error, &state) }
    case .invalid:
      if let entry = state.lost(serial, as: .dead) { giveUp(entry, error, &state) }
    case .queueFull: state.returned(serial, wasSent: wasSent)
    case .refused, .fatal, .configuration, .retriable:
      // What was taken back out of librdkafka's queue was never sent.
      state.returned(serial, wasSent: wasSent && error.name != "_PURGE_QUEUE")
      // Our own purge is no news.
      guard !error.isPurge else { return }
      state.note(error)
      state.failed(
        lane: lane, error, isFinal: error.isTelling || error.kind != .retriable,
        now: Clock.monotonic)
      state.recall(behind: lane)
      // What is wrong with a topic is told by its name.
      guard !error.isTelling else { return }
      state.say { [complaints] in
        error.kind == .retriable ? complaints.broker(error) : complaints.refused(error)
      }
    }
  }

  /// A record that no broker will ever take is kept to be looked at, and told of by an event.
  private func giveUp(
    _ entry: RecordWindow.Entry, _ error: KafkaError, _ state: inout DeliveryState
  ) {
    let record = entry.record
    record.meters.explain(
      error.kind == .oversize ? DropReason.oversize.rawValue : "dead", error.description)
    state.say { [complaints] in
      error.kind == .oversize
        ? complaints.oversize(record, error) : complaints.invalid(record, error)
    }
    guard let keeper else { return }
    keeper.bury(entry.stored)
    if let position = entry.position { keeper.done(record.spoolClass, position) }
    guard record.priority != .durable,
      let stub = announcements.deadLetter(record, error.name)
    else { return }
    if let ahead = state.acceptAhead(stub) {
      keeper.spill([ahead])
    } else {
      state.accept(stub)
    }
  }
}

extension KafkaError {
  /// The record came back because we took it back.
  var isPurge: Bool { name == "_PURGE_QUEUE" || name == "_PURGE_INFLIGHT" }
}
