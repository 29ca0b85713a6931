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
    guard let times = count(key, once: once) else { return }
    let text = message()
    logger.log(
      level: level, "\(text)\(times > 1 ? " (\(times) times in the last minute)" : "")",
      metadata: metadata)
  }

  /// Makes faults whose keys begin with `prefix` new again.
  package func forget(_ prefix: String) {
    entries.withLock { $0 = $0.filter { !$0.key.hasPrefix(prefix) } }
  }

  /// How often the fault came since it was last told; nil where it is not to be told now.
  private func count(_ key: String, once: Bool) -> Int? {
    let now = now()
    return entries.withLock { entries in
      guard var entry = entries[key] else {
        if entries.count >= Self.keysMax { entries.removeAll() }
        entries[key] = Entry(toldAt: now)
        return 1
      }
      entry.since += 1
      defer { entries[key] = entry }
      guard !once, now - entry.toldAt >= Self.quietNanoseconds else { return nil }
      let count = entry.since
      entry = Entry(toldAt: now)
      return count
    }
  }
}
