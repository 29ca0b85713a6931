import NIOCore
import Synchronization

/// How many clients there may be. Who has asked for nothing yet makes room for who comes, the longest first: clients
/// that only hold a connection keep nobody out. Live views have places of their own.
final class ClientPlaces: Sendable {
  /// Who has asked, or may, but for live views.
  static let clientsMax = 32
  /// Who looks at a camera live.
  static let streamsMax = 8

  private enum Kind { case idle, asking, streaming }

  private struct State {
    var kinds: [ObjectIdentifier: Kind] = [:]
    /// Those that have asked for nothing yet, in the order in which they came.
    var idle: [any Channel] = []

    mutating func set(_ channel: any Channel, _ kind: Kind?) {
      if kinds[ObjectIdentifier(channel)] == .idle { idle.removeAll { $0 === channel } }
      kinds[ObjectIdentifier(channel)] = kind
    }

    func count(_ isCounted: (Kind) -> Bool) -> Int { kinds.values.count(where: isCounted) }
  }

  private let state = Mutex(State())

  /// Takes in a client that has connected.
  /// - Returns: false where there is no place.
  func enter(_ channel: any Channel) -> Bool {
    let (isIn, leaving) = state.withLock { state -> (Bool, (any Channel)?) in
      var leaving: (any Channel)?
      if state.count({ $0 != .streaming }) >= Self.clientsMax {
        guard let first = state.idle.first else { return (false, nil) }
        state.set(first, nil)
        leaving = first
      }
      state.kinds[ObjectIdentifier(channel)] = .idle
      state.idle.append(channel)
      return (true, leaving)
    }
    leaving?.close(promise: nil)
    return isIn
  }

  /// The client has sent a whole request.
  func asked(_ channel: any Channel) {
    state.withLock { state in
      guard state.kinds[ObjectIdentifier(channel)] == .idle else { return }
      state.set(channel, .asking)
    }
  }

  /// The client is to look at a camera.
  /// - Returns: false where too many do.
  func enterStream(_ channel: any Channel) -> Bool {
    state.withLock { state in
      guard state.count({ $0 == .streaming }) < Self.streamsMax else { return false }
      state.set(channel, .streaming)
      return true
    }
  }

  func leave(_ channel: any Channel) { state.withLock { $0.set(channel, nil) } }
}
