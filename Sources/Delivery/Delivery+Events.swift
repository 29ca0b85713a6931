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
    case .log(let level, let facility, let message):
      complaints.librdkafka(level: level, facility: facility, message: message)
    case .statistics: break
    }
  }

  private func book(_ reports: [DeliveryReport]) {
    let now = Clock.monotonic
    var ended: (UInt64, DeliveryPicture)?
    state.withLock { state in
      for report in reports {
        if let error = report.error {
          refuse(report.token, error, wasSent: true, &state)
        } else if let (record, outageSince) = state.arrived(report.token, now: now) {
          let age = report.endedAt > record.capturedAt ? report.endedAt - record.capturedAt : 0
          record.meters.latency.record(microseconds: age / 1000)
          if let outageSince { ended = (outageSince, state.picture) }
        }
      }
      // Those behind it come back too, so that none overtakes it.
      if reports.contains(where: { $0.error?.isFailure == true }) { producer.purge() }
    }
    if let (since, picture) = ended {
      // An outage that a refusal began may be younger than this batch.
      complaints.outageEnded(seconds: now > since ? Double(now - since) / 1e9 : 0, picture)
    }
  }
}
