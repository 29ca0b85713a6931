import Delivery
import Glibc
import Journal
package import Logging
package import Settings
import Status
import Threads

/// The agent as a service: from READY to STOPPING, with signals in between. On the main thread.
package enum Daemon {
  /// Runs until SIGTERM or SIGINT, or until all replays that play once are over.
  /// - Parameter configuration: the file that the settings are from.
  package static func run(
    _ settings: Settings, configuration: String, logger: Logger
  ) throws(AgentError) {
    // Before any thread starts, so that all of them inherit the mask.
    let signals = Signals()
    let manager = ServiceManager()
    let assembly = Assembly(settings)
    let access = try AccessControl.of(assembly.status)
    let agent = try Agent(settings, configuration: configuration, logger: logger)
    logger.notice(
      """
      vedette \(Version.text), node \(settings.node): \(settings.cameras.count) cameras to \
      \(settings.kafka.brokers.joined(separator: ",")), \(settings.delivery.memoryMax >> 20) MiB of \
      memory for frames
      """)
    try agent.start()
    let reloader = Reloader(agent, manager, logger)
    let watch = Watch(agent, logger: logger)
    let status = StatusService(watch, assembly.status, access: access, logger: logger)
    try agent.start([watch, reloader, status])
    let faults = FaultLog(logger: logger)
    manager.ready()
    let pause = min(1, (manager.watchdogSeconds ?? 2) / 2)
    loop: while true {
      switch signals.wait(seconds: pause) {
      case SIGTERM, SIGINT: break loop
      case SIGUSR1: agent.logLedger()
      case SIGHUP: reloader.request()
      default: break
      }
      status.turn()
      manager.status(agent.summary)
      // Lines that could not be written when they came.
      LogOutput.standardError.flush()
      let stuck = agent.services.stuck
      if stuck.isEmpty {
        manager.alive()
      } else {
        faults.tell(
          "stuck", .error,
          "the watchdog is not fed, for a thread hangs: \(stuck.joined(separator: "; "))")
      }
      if agent.isOver { break }
    }
    manager.stopping()
    logger.notice("stopping; \(settings.delivery.shutdownBudget) s at most")
    let isDone = agent.stop()
    agent.logLedger()
    // Threads that were left behind must not meet what runs at a normal exit.
    if !isDone { _exit(EXIT_SUCCESS) }
  }
}
