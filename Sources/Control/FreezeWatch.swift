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

/// How many messages that nobody has signed are answered: a flood of them makes no flood of answers.
struct ReportLimit: Sendable {
  private let burst: Double
  private let perSecond: Double
  private var tokens: Double
  private var last: UInt64 = 0

  /// For what nobody signed: 20 at once, then one in five seconds.
  init() { self.init(burst: 20, perSecond: 0.2) }

  init(burst: Double, perSecond: Double) {
    (self.burst, self.perSecond, tokens) = (burst, perSecond, burst)
  }

  mutating func admits(_ now: UInt64, cost: Double = 1) -> Bool {
    tokens = min(burst, tokens + Double(now - min(now, last)) / 1e9 * perSecond)
    last = now
    guard tokens >= cost else { return false }
    tokens -= cost
    return true
  }
}

/// How many rejected commands of each key are answered: 200 at once, then two a second, e.g. those that expired while the
/// box was off. What a key may not give at all counts ten times.
struct KeyReportLimits: Sendable {
  private static let forbiddenCost = 10.0
  private var limits: [String: ReportLimit] = [:]

  mutating func admits(_ key: String, _ reason: Rejection.Reason, _ now: UInt64) -> Bool {
    // Only keys that the box trusts, or trusted, come here.
    if limits[key] == nil, limits.count >= 2 * KeyRing.keysMax { limits.removeAll() }
    let cost = reason == .notAllowed ? Self.forbiddenCost : 1
    return limits[key, default: ReportLimit(burst: 200, perSecond: 2)].admits(now, cost: cost)
  }
}
