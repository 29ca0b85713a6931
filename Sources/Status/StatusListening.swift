/// Has the status answer wherever it is to. What cannot be had, a port that another program has, is told once and
/// tried again, ever more seldom, until it can. On one thread.
package struct StatusListening {
  private enum Place {
    case socket(String)
    case tcp(host: String, port: Int)

    func open(_ server: StatusServer) throws(StatusError) {
      switch self {
      case .socket(let path): try server.listen(socket: path)
      case .tcp(let host, let port): try server.listen(host: host, port: port)
      }
    }

    var name: String {
      switch self {
      case .socket(let path): "status.socket: \(path)"
      case .tcp(let host, let port): "status.listen: \(host):\(port)"
      }
    }
  }

  private struct Attempt {
    var place: Place
    var failures = 0
    /// In seconds, on a clock that only goes on.
    var nextAt = 0.0
  }

  /// What is to be told.
  package enum News: Equatable, Sendable {
    case failed(String)
    case opened(String)
  }

  private static let delayMax = 30.0

  private let server: StatusServer
  private var attempts: [Attempt] = []

  /// - Parameters:
  ///   - socket: the path of a Unix socket, or nil.
  ///   - tcp: an address of the loopback interface, or nil.
  package init(_ server: StatusServer, socket: String?, tcp: (host: String, port: Int)?) {
    self.server = server
    if let socket { attempts.append(Attempt(place: .socket(socket))) }
    if let tcp { attempts.append(Attempt(place: .tcp(host: tcp.host, port: tcp.port))) }
  }

  /// Tries what is due.
  /// - Parameter now: in seconds, on a clock that only goes on.
  package mutating func attempt(now: Double) -> [News] {
    var news: [News] = []
    var left: [Attempt] = []
    for var attempt in attempts {
      guard now >= attempt.nextAt else {
        left.append(attempt)
        continue
      }
      do {
        try attempt.place.open(server)
        if attempt.failures > 0 { news.append(.opened("\(attempt.place.name) answers now")) }
      } catch {
        if attempt.failures == 0 {
          news.append(.failed("\(error); frames go on without it, and it is tried again"))
        }
        attempt.failures += 1
        let delay = Double(1 << min(attempt.failures - 1, 5))
        attempt.nextAt = now + min(delay, Self.delayMax)
        left.append(attempt)
      }
    }
    attempts = left
    return news
  }
}
