package import Logging
import Synchronization
import Threads

/// Keeps faults that repeat from flooding the log: each is told when it first comes, then at most once a
/// minute with how often it came in between. Any thread may tell.
package final class FaultLog: Sendable {
  private static let quietNanoseconds: UInt64 = 60_000_000_000
  /// Keys are few by design; should one carry a changing part by mistake, memory stays bounded.
  private static let keysMax = 1000

  private struct Entry {
    var toldAt: UInt64
    var since = 0
  }

  private let logger: Logger
  private let now: @Sendable () -> UInt64
  private let entries = Mutex<[String: Entry]>([:])

  /// - Parameter now: nanoseconds of a clock that never goes back.
  package init(logger: Logger, now: @escaping @Sendable () -> UInt64 = { Clock.monotonic }) {
    self.logger = logger
    self.now = now
  }

  /// Logs `message` if it is time to.
  /// - Parameter once: only the first time, until `forget`.
  package func tell(
    _ key: String, _ level: Logger.Level, once: Bool = false, metadata: Logger.Metadata? = nil,
    _ message: @autoclosure () -> String
  ) {
    guard let turn = count(key, once: once) else { return }
    let times = turn.times > 1 ? " (\(turn.times) times in the last \(turn.seconds) s)" : ""
    logger.log(level: level, "\(message())\(times)", metadata: metadata)
  }

  /// Makes faults whose keys begin with `prefix` new again.
  package func forget(_ prefix: String) {
    entries.withLock { $0 = $0.filter { !$0.key.hasPrefix(prefix) } }
  }

  /// How often the fault came since it was last told; nil where it is not to be told now.
  private func count(_ key: String, once: Bool) -> (times: Int, seconds: UInt64)? {
    entries.withLock { entries in
      // Read under the lock: a time read before it could lie before one that another thread booked.
      let now = now()
      guard var entry = entries[key] else {
        if entries.count >= Self.keysMax { entries.removeAll() }
        entries[key] = Entry(toldAt: now)
        return (1, 0)
      }
      entry.since += 1
      defer { entries[key] = entry }
      let quiet = now > entry.toldAt ? now - entry.toldAt : 0
      guard !once, quiet >= Self.quietNanoseconds else { return nil }
      let count = entry.since
      entry = Entry(toldAt: now)
      return (count, quiet / 1_000_000_000)
    }
  }
}
