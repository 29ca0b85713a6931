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
          refuse(report.token, error, &state)
        } else if let (record, outageSince) = state.arrived(report.token) {
          let age = now > record.capturedAt ? now - record.capturedAt : 0
          record.meters.latency.record(microseconds: age / 1000)
          if let outageSince { ended = (outageSince, state.picture) }
        }
      }
    }
    if let (since, picture) = ended {
      complaints.outageEnded(seconds: Double(now - since) / 1e9, picture)
    }
  }
}
