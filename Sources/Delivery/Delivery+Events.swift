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
      state.withLock { $0.lastError = error.description }
      complaints.broker(error)
      if error.kind == .fatal { renewProducer() }
    case .log(let level, let facility, let message):
      complaints.librdkafka(level: level, facility: facility, message: message)
    case .statistics: break
    }
  }

  private func book(_ reports: [DeliveryReport]) {
    let now = Clock.monotonic
    perform { state in
      var isPurging = false
      for report in reports {
        if let error = report.error {
          if refuse(report.token, error, wasSent: true, &state) { isPurging = true }
        } else if let (entry, outageSince) = state.arrived(report.token, now: now) {
          arrived(entry, report)
          if let outageSince {
            let picture = state.picture
            // An outage that a refusal began may be younger than this batch.
            let seconds = now > outageSince ? Double(now - outageSince) / 1e9 : 0
            state.say { [complaints] in complaints.outageEnded(seconds: seconds, picture) }
          }
        }
      }
      if isPurging { producer.purge() }
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
}
