import Delivery
import Glibc
import Journal
package import Logging
package import Settings
import Status
import Threads

/// The agent as a service: from READY to STOPPING, with signals in between. On the main thread.
package enum Daemon {
  /// How long the polling thread may be quiet until the watchdog is no longer fed.
  private static let stuckSeconds = 15.0
  /// What the status server and the alarms may take to end, each.
  private static let lastPartsSeconds = 1.0

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
    let watch = Watch(agent, logger: logger)
    let server = StatusServer(watch, access: access)
    begin(watch, logger)
    var listening = StatusListening(
      server, socket: assembly.status.socket,
      tcp: assembly.status.listen.map { ($0.host, $0.port) })
    listen(&listening, logger)
    let reloader = Reloader(agent, manager, logger)
    manager.ready()
    let pause = min(1, (manager.watchdogSeconds ?? 2) / 2)
    loop: while true {
      switch signals.wait(seconds: pause) {
      case SIGTERM, SIGINT: break loop
      case SIGUSR1: agent.logLedger()
      case SIGHUP:
        reload(access, assembly.status, logger)
        reloader.request()
      default: break
      }
      listen(&listening, logger)
      manager.status(agent.summary)
      // Lines that could not be written when they came.
      LogOutput.standardError.flush()
      if agent.delivery.secondsSinceTurn < stuckSeconds, watch.isMoving { manager.alive() }
      if agent.isOver { break }
    }
    manager.stopping()
    logger.notice("stopping; \(settings.delivery.shutdownBudget) s at most")
    watch.end()
    let reloading = ShutdownStep("reload") { reloader.finish() }
    let serving = ShutdownStep("status") { server.stop() }
    var isDone = reloading.wait(seconds: lastPartsSeconds, logger)
    isDone = agent.stop() && isDone
    agent.logLedger()
    isDone = serving.wait(seconds: lastPartsSeconds, logger) && isDone
    // Last: whatever it waits for, all frames are safe by now.
    let watching = ShutdownStep("watch") { watch.join() }
    isDone = watching.wait(seconds: lastPartsSeconds, logger) && isDone
    // Threads that were left behind must not meet what runs at a normal exit.
    if !isDone { _exit(EXIT_SUCCESS) }
  }

  /// Without its status the agent does its work all the same.
  private static func begin(_ watch: Watch, _ logger: Logger) {
    do {
      try watch.start()
    } catch {
      logger.error("there is no status, and no alarm: \(error)")
    }
  }

  private static func reload(
    _ access: AccessControl?, _ status: StatusAssembly, _ logger: Logger
  ) {
    do throws(AgentError) {
      try access?.reload(status)
    } catch {
      logger.error("\(error); the token that was read before stays")
    }
  }

  private static func listen(_ listening: inout StatusListening, _ logger: Logger) {
    for news in listening.attempt(now: Double(Clock.monotonic) / 1e9) {
      switch news {
      case .failed(let sentence): logger.warning("\(sentence)")
      case .opened(let sentence): logger.notice("\(sentence)")
      }
    }
  }
}
