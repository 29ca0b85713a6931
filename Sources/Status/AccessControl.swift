import NIOCore
import NIOHTTP1
import Synchronization

/// Who may ask over TCP: who sends the token, as Prometheus does, and who has signed in with it, as a browser does. What
/// a browser keeps is no token: cookies go to every port of a host.
package final class AccessControl: Sendable {
  /// Fewer characters could be guessed.
  package static let tokenBytesMin = 16
  static let cookie = "vedette_session"
  /// How long a browser stays signed in.
  static let sessionHours = 12
  /// One more, and the oldest ends.
  static let sessionsMax = 16

  private struct Session {
    var id: [UInt8]
    var end: NIODeadline
  }

  private struct State {
    var token: [UInt8]
    var sessions: [Session] = []
  }

  private let state: Mutex<State>

  /// - Returns: nil where the token could be guessed or is not of letters, digits and signs.
  package init?(token: String) {
    guard Self.isToken(token) else { return nil }
    state = Mutex(State(token: Array(token.utf8)))
  }

  private static func isToken(_ text: String) -> Bool {
    (tokenBytesMin...4096).contains(text.utf8.count)
      && text.utf8.allSatisfy { (33...126).contains($0) }
  }

  /// Another token; who signed in with the last one is signed out.
  /// - Returns: false where it is none, and the last one stays.
  package func replace(token: String) -> Bool {
    guard Self.isToken(token) else { return false }
    state.withLock { state in
      guard state.token != Array(token.utf8) else { return }
      state = State(token: Array(token.utf8))
    }
    return true
  }

  /// Begins a session.
  /// - Returns: what the browser is to keep; nil where this is not the token.
  func signIn(_ token: String) -> String? {
    state.withLock { state in
      guard Self.isEqual(Array(token.utf8), state.token) else { return nil }
      var random = SystemRandomNumberGenerator()
      let id = (0..<4).map { _ in
        let digits = String(random.next() as UInt64, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }.joined()
      if state.sessions.count >= Self.sessionsMax { state.sessions.removeFirst() }
      state.sessions.append(
        Session(id: Array(id.utf8), end: .now() + .hours(Int64(Self.sessionHours))))
      return id
    }
  }

  /// Whether a request with these headers is answered.
  func isAllowed(_ headers: HTTPHeaders) -> Bool {
    let scheme = "bearer "
    if let given = headers.first(name: "authorization"), given.lowercased().hasPrefix(scheme) {
      let token = Array(given.utf8.dropFirst(scheme.utf8.count))
      return state.withLock { Self.isEqual(token, $0.token) }
    }
    let cookies = headers["cookie"].flatMap { $0.split(separator: ";") }
    for cookie in cookies {
      let cookie = cookie.drop { $0 == " " }
      guard cookie.hasPrefix("\(Self.cookie)=") else { continue }
      if isSignedIn(Array(cookie.utf8.dropFirst(Self.cookie.utf8.count + 1))) { return true }
    }
    return false
  }

  private func isSignedIn(_ id: [UInt8]) -> Bool {
    state.withLock { state in
      let now = NIODeadline.now()
      state.sessions.removeAll { $0.end <= now }
      return state.sessions.reduce(false) { Self.isEqual(id, $1.id) || $0 }
    }
  }

  /// Takes as long wherever they differ first.
  static func isEqual(_ given: [UInt8], _ secret: [UInt8]) -> Bool {
    var difference: UInt8 = given.count == secret.count ? 0 : 1
    for index in secret.indices {
      difference |= secret[index] ^ (index < given.count ? given[index] : 0)
    }
    return difference == 0
  }
}
