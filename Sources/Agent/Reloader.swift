import Journal
import Logging
import Settings
import Synchronization
import Threads

/// Reads the configuration again on SIGHUP, on a thread of its own: cameras that are restarted may take longer than the
/// watchdog waits. Requests that come meanwhile are one more turn.
final class Reloader: Service {
  private struct State {
    var isRunning = false
    var isAskedAgain = false
  }

  private let agent: Agent
  private let manager: ServiceManager
  private let logger: Logger
  private let state = Mutex(State())
  private let thread = Mutex<NamedThread?>(nil)

  init(_ agent: Agent, _ manager: ServiceManager, _ logger: Logger) {
    self.agent = agent
    self.manager = manager
    self.logger = logger
  }

  let name = "reload"
  let patience = StopPatience.seconds(1)

  func start() {}

  func stop(seconds: Double) { finish() }

  /// Returns at once.
  func request() {
    let isFirst = state.withLock { state in
      defer { state.isRunning = true }
      state.isAskedAgain = state.isRunning
      return !state.isRunning
    }
    guard isFirst else { return }
    finish()
    manager.reloading()
    do throws(ThreadError) {
      let made = try NamedThread("reload") { [self] in run() }
      thread.withLock { $0 = made }
    } catch {
      logger.error("the configuration is not read again: \(error)")
      state.withLock { $0 = State() }
      manager.ready()
    }
  }

  private func run() {
    var isAskedAgain = true
    while isAskedAgain {
      // It is told in the log and by the status.
      _ = try? agent.reconfigurer.reload(agent, reason: "SIGHUP")
      isAskedAgain = state.withLock { state in
        defer {
          state.isRunning = state.isAskedAgain
          state.isAskedAgain = false
        }
        return state.isAskedAgain
      }
    }
    manager.ready()
  }

  /// Waits for a reload that is under way.
  private func finish() {
    let last = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    last?.join()
  }
}
