import Logging
import Synchronization
import Threads

/// The services that run, in the order in which they were started.
final class ServiceList: Sendable {
  /// What a service that stops beside the others may take at the end, and what is waited for its last records.
  private static let besideSeconds = 1.0
  /// What the service that takes the rest of the budget has in any case.
  private static let restSecondsMin = 0.5

  private let running = Mutex<[any Service]>([])
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  /// Starts more services. Where one fails, all that run are stopped in order.
  /// - Parameter budget: for that, in seconds.
  func start(_ services: [any Service], budget: Double) throws(AgentError) {
    for service in services {
      do throws(AgentError) {
        try service.start()
      } catch {
        logger.error("\(service.name) could not be started: \(error)")
        _ = stop(seconds: budget)
        throw error
      }
      running.withLock { $0.append(service) }
    }
  }

  /// Makes them what they are to be: what comes first on a frame's way comes first.
  /// - Parameter assembly: what they are, which becomes what they are then.
  /// - Throws: the first of what could not be done, after all else was.
  func adopt(_ new: Assembly, into assembly: inout Assembly) throws(AgentError) {
    var failure: AgentError?
    for service in running.withLock({ $0 }).reversed() {
      do throws(AgentError) {
        try service.adopt(new, into: &assembly)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// Has them read their own files again.
  func reload() {
    for service in running.withLock({ $0 }) { service.reload() }
  }

  /// What hangs, and needs a restart.
  var stuck: [String] {
    running.withLock { $0 }.compactMap { service in
      guard case .stuck(let what) = service.health else { return nil }
      return "\(service.name): \(what)"
    }
  }

  /// Stops them, the last one first, each within a budget of its own: one that hangs keeps no other from its end.
  /// - Parameter budget: for all of it, but for the seconds that some have of their own.
  /// - Returns: whether all have ended.
  func stop(seconds budget: Double) -> Bool {
    let ending = running.withLock { services in
      defer { services = [] }
      return Array(services.reversed())
    }
    for service in ending { service.beginStop() }
    let began = Clock.monotonic
    var isDone = true
    var beside: [(step: ShutdownStep, sends: Bool)] = []
    for service in ending {
      switch service.patience {
      case .seconds(let seconds):
        isDone = step(service, seconds).wait(seconds: seconds, logger) && isDone
      case .share(let share):
        let seconds = max(1, budget * share)
        let step = step(service, seconds)
        // What it is at comes to its end where that is soon.
        if !step.hasEnded(seconds: seconds / 2) { service.hurry() }
        isDone = step.wait(seconds: seconds / 2, logger) && isDone
      case .beside(let sends):
        beside.append((step(service, Self.besideSeconds), sends))
      case .rest(let grace):
        for other in beside where other.sends {
          _ = other.step.hasEnded(seconds: Self.besideSeconds)
        }
        let used = Double(Clock.monotonic - began) / 1e9
        let left = max(Self.restSecondsMin, budget - used)
        isDone = step(service, left).wait(seconds: left + grace, logger) && isDone
      }
    }
    for other in beside {
      isDone = other.step.wait(seconds: Self.besideSeconds, logger) && isDone
    }
    return isDone
  }

  private func step(_ service: any Service, _ seconds: Double) -> ShutdownStep {
    ShutdownStep(service.name) { service.stop(seconds: seconds) }
  }
}
