import Delivery
import Kafka
import Logging
import Settings
import Synchronization
import Threads

extension Agent {
  /// The share of the budget that cameras, and what looks at their pictures, may use.
  private static let camerasShare = 0.3
  private static let analysisShare = 0.2
  /// What the reader of the control topic may take, before Delivery's end and once more after it.
  private static let controlSeconds = 1.0
  /// What Delivery may take beyond its share: its last reports, and the spool's last sync.
  private static let deliveryGraceSeconds = 2.0

  /// Ends the cameras, then delivers what is left for as long as the budget allows, then ends the rest. Each part has a
  /// budget of its own, so that none keeps another from its end. The ledger has nothing waiting afterwards.
  /// - Returns: whether all parts have ended; otherwise the process is to end at once.
  @discardableResult
  package func stop() -> Bool {
    let began = Clock.monotonic
    let budget = settings.delivery.shutdownBudget
    var isDone = true
    commanded?.beginStop()
    topicCheck.stop()
    let cameras = ShutdownStep("cameras") { [self] in self.cameras.stop() }
    isDone = cameras.wait(seconds: max(1, budget * Self.camerasShare), logger) && isDone
    let control = ShutdownStep("control") { [self] in commanded?.stop() }
    let analysis = ShutdownStep("analysis") { [self] in onlooker?.stop() }
    let analysisSeconds = max(1, budget * Self.analysisShare)
    // The pictures at hand are looked at to their end where that is soon.
    if !analysis.hasEnded(seconds: analysisSeconds / 2) { onlooker?.hurry() }
    isDone = analysis.wait(seconds: analysisSeconds / 2, logger) && isDone
    // Its last results go along, where it is done soon.
    let isControlDone = control.hasEnded(seconds: Self.controlSeconds)
    let used = Double(Clock.monotonic - began) / 1e9
    let left = max(0.5, budget - used)
    let delivering = ShutdownStep("delivery") { [self] in delivery.shutdown(seconds: left) }
    isDone = delivering.wait(seconds: left + Self.deliveryGraceSeconds, logger) && isDone
    if !isControlDone { isDone = control.wait(seconds: Self.controlSeconds, logger) && isDone }
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
