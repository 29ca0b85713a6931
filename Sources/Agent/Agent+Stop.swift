import Delivery
import Kafka
import Logging
import Settings
import Synchronization
import Threads

extension Agent {
  /// Ends all parts, each within its share of the budget. The ledger has nothing waiting afterwards.
  /// - Returns: whether all parts have ended; otherwise the process is to end at once.
  @discardableResult
  package func stop() -> Bool {
    commanded?.beginStop()
    topicCheck.stop()
    let order = ShutdownOrder(
      cameras: { [self] in cameras.stop() },
      analysis: { [self] in onlooker?.stop() }, hurryAnalysis: { [self] in onlooker?.hurry() },
      control: { [self] in commanded?.stop() },
      delivery: { [self] in delivery.shutdown(seconds: $0) }, logger: logger)
    let isDone = order.run(seconds: assembly.shutdownBudget)
    clockWatch.withLock { $0 }?.stop()
    return Disposal.pendingCount == 0 && isDone
  }

  /// librdkafka's threads wait by the wall clock: where it is set back they would wait for as long as it was.
  func watchClock() throws(ThreadError) {
    let watch = try ClockWatch { [weak self] step in
      guard let self else { return }
      let seconds = Int(abs(step).rounded())
      logger.notice(
        "the clock was set \(step < 0 ? "back" : "forward") by \(seconds) s; reconnecting to Kafka"
      )
      delivery.renewConnections()
      commanded?.renew()
    }
    clockWatch.withLock { $0 = watch }
  }
}
