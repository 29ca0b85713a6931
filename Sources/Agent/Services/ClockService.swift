import Logging
import Synchronization
import Threads

/// Has Kafka reconnect where the wall clock was set: librdkafka's threads wait by it, and where it is set back they would
/// wait for as long as it was.
final class ClockService: Service {
  private let logger: Logger
  private let renew: @Sendable () -> Void
  private let watch = Mutex<ClockWatch?>(nil)

  /// - Parameter renew: reconnects soon.
  init(logger: Logger, renew: @escaping @Sendable () -> Void) {
    self.logger = logger
    self.renew = renew
  }

  let name = "clock"
  let patience = StopPatience.seconds(1)

  func start() throws(AgentError) {
    do {
      let made = try ClockWatch { [self] step in
        let seconds = Int(abs(step).rounded())
        logger.notice(
          "the clock was set \(step < 0 ? "back" : "forward") by \(seconds) s; reconnecting to Kafka"
        )
        renew()
      }
      watch.withLock { $0 = made }
    } catch {
      throw AgentError("\(error)", .temporary)
    }
  }

  func stop(seconds: Double) { watch.withLock { $0 }?.stop() }
}
