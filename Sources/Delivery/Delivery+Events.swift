import Kafka
import Logging
import Meters
import Synchronization
import Threads

extension Delivery {
  /// On the polling thread.
  func handle(_ event: ProducerEvent) {
    switch event {
    case .delivered(let reports): book(reports)
    case .error(let error):
      state.withLock { $0.note(error) }
      complaints.broker(error)
      if error.kind == .fatal { renewProducer() }
    case .log(let level, let facility, let message):
      complaints.librdkafka(level: level, facility: facility, message: message)
    case .statistics(let json): note(BrokerStatistics(json))
    }
  }

  private func book(_ reports: [DeliveryReport]) {
    let now = Clock.monotonic
    perform { state in
      for report in reports {
        if let error = report.error {
          refuse(report.token, error, wasSent: true, &state)
        } else {
          arrived(report.token, endedAt: report.endedAt, now: now, &state)
        }
      }
    }
  }

  /// Books an acknowledgement. On any thread.
  func book(_ serial: UInt64, endedAt: UInt64) {
    let now = Clock.monotonic
    perform { arrived(serial, endedAt: endedAt, now: now, &$0) }
  }

  private func arrived(
    _ serial: UInt64, endedAt: UInt64, now: UInt64, _ state: inout DeliveryState
  ) {
    guard let arrival = state.arrived(serial, endedAt: endedAt > 0 ? endedAt : nil, now: now) else {
      return
    }
    let record = arrival.entry.record
    if let position = arrival.entry.position {
      keeper?.done(record.spoolClass, position)
    } else {
      let age = endedAt > record.capturedAt ? endedAt - record.capturedAt : 0
      record.meters.latency.record(microseconds: age / 1000)
    }
    if let relief = arrival.relief { tell(relief, now: now, &state) }
  }

  /// What an acknowledgement put an end to.
  private func tell(_ relief: DeliveryState.Relief, now: UInt64, _ state: inout DeliveryState) {
    if let since = relief.outageSince {
      let picture = state.picture
      // An outage that a refusal began may be younger than this batch.
      let seconds = now > since ? Double(now - since) / 1e9 : 0
      state.say { [complaints] in complaints.outageEnded(seconds: seconds, picture) }
    }
    if let standing = relief.unblocked {
      state.say { [complaints] in complaints.unblocked(standing) }
    }
  }

  /// Brokers that throttle this client are told of when they begin to.
  private func note(_ statistics: BrokerStatistics) {
    let milliseconds = statistics.throttleMilliseconds
    state.withLock { $0.throttleMilliseconds = milliseconds }
    complaints.throttled(milliseconds: milliseconds)
  }
}
