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
        } else if let arrival = state.arrived(report.token, now: now) {
          arrived(arrival.entry, report)
          tell(arrival, now: now, &state)
        }
      }
    }
  }

  /// What an acknowledgement put an end to.
  private func tell(_ arrival: DeliveryState.Arrival, now: UInt64, _ state: inout DeliveryState) {
    if let since = arrival.outageSince {
      let picture = state.picture
      // An outage that a refusal began may be younger than this batch.
      let seconds = now > since ? Double(now - since) / 1e9 : 0
      state.say { [complaints] in complaints.outageEnded(seconds: seconds, picture) }
    }
    if let standing = arrival.unblocked {
      state.say { [complaints] in complaints.unblocked(standing) }
    }
  }

  private func arrived(_ entry: RecordWindow.Entry, _ report: DeliveryReport) {
    let record = entry.record
    if let position = entry.position {
      keeper?.done(record.spoolClass, position)
    } else {
      let age = report.endedAt > record.capturedAt ? report.endedAt - record.capturedAt : 0
      record.meters.latency.record(microseconds: age / 1000)
    }
  }

  /// Brokers that throttle this client are told of when they begin to.
  private func note(_ statistics: BrokerStatistics) {
    let milliseconds = statistics.throttleMilliseconds
    state.withLock { $0.throttleMilliseconds = milliseconds }
    complaints.throttled(milliseconds: milliseconds)
  }
}
