import Logging
import Settings
import Status
import Synchronization
import Threads

/// Answers whoever asks how the box is. Without it the agent does its work all the same.
final class StatusService: Service {
  private let server: StatusServer
  private let access: AccessControl?
  private let status: StatusAssembly
  private let listening: Mutex<StatusListening>
  private let logger: Logger

  /// - Parameter access: whom it answers over TCP; nil where no token is asked for.
  init(
    _ source: any StatusSource, _ status: StatusAssembly, access: AccessControl?, logger: Logger
  ) {
    server = StatusServer(source, access: access)
    self.status = status
    self.access = access
    self.logger = logger
    listening = Mutex(
      StatusListening(
        server, socket: status.socket, tcp: status.listen.map { ($0.host, $0.port) }))
  }

  let name = "status"
  let patience = StopPatience.beside(sends: false)

  func start() { turn() }

  /// Tries what could not be had before, if it is time to. Called now and then.
  func turn() {
    let news = listening.withLock { $0.attempt(now: Double(Clock.monotonic) / 1e9) }
    for news in news {
      switch news {
      case .failed(let sentence): logger.warning("\(sentence)")
      case .opened(let sentence): logger.notice("\(sentence)")
      }
    }
  }

  /// Reads the token again.
  func reload() {
    do throws(AgentError) {
      try access?.reload(status)
    } catch {
      logger.error("\(error); the token that was read before stays")
    }
  }

  func stop(seconds: Double) { server.stop() }
}
