import Synchronization
import Threads

/// Knows since when nothing signed has come: somebody may be keeping messages back.
final class FreezeWatch: Sendable {
  private struct State {
    var heard: Timestamp?
    /// When it was last heard, or when the watch began, nanoseconds of CLOCK_MONOTONIC: the wall clock may jump.
    var since = Clock.monotonic
    var isFrozen = false
  }

  private let state = Mutex(State())

  var isFrozen: Bool { state.withLock { $0.isFrozen } }

  /// - Parameters:
  ///   - heard: when something signed last came.
  ///   - limit: in seconds.
  /// - Returns: how long it has been silent, in seconds, where that is to be told now.
  func news(heard: Timestamp?, limit: Double, now: UInt64 = Clock.monotonic) -> Double? {
    state.withLock { state in
      if state.heard != heard {
        state.heard = heard
        state.since = now
        state.isFrozen = false
      }
      let silence = Double(now - min(now, state.since)) / 1e9
      guard silence > limit, !state.isFrozen else { return nil }
      state.isFrozen = true
      return silence
    }
  }
}

extension TokenBucket {
  /// How many messages that nobody may give are answered: 20 at once, then one in five seconds. A flood of them makes no
  /// flood of answers.
  static var reports: TokenBucket { TokenBucket(rate: 0.2, burst: 20) }
}

/// The same for each key, of the commands that it may not give.
struct KeyReportLimits: Sendable {
  private var limits: [String: TokenBucket] = [:]

  mutating func admits(_ key: String, _ now: UInt64) -> Bool {
    // Only keys that the box trusts, or trusted, come here.
    if limits[key] == nil, limits.count >= 2 * KeyRing.keysMax { limits.removeAll() }
    return limits[key, default: .reports].take(now: now)
  }
}
