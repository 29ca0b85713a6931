/// Lets bytes through at a rate, with bursts of a tenth of a second. Times are nanoseconds of
/// CLOCK_MONOTONIC.
struct TokenBucket {
  private var rate: Double
  private var capacity: Double
  private var tokens: Double
  private var filledAt: UInt64 = 0
  /// Nothing passes before this time.
  private(set) var closedUntil: UInt64 = 0

  /// - Parameter rate: bytes a second.
  init(rate: Double) {
    self.rate = rate
    capacity = rate / 10
    tokens = capacity
  }

  /// Lets as much through as comes.
  mutating func open() {
    rate = Self.openRate
    capacity = rate / 10
    tokens = capacity
    closedUntil = 0
  }

  /// More than any line takes, in bytes a second.
  private static let openRate = 1e10

  mutating func close(until time: UInt64) { closedUntil = max(closedUntil, time) }

  /// Takes `bytes` if there are tokens left; a record larger than the bucket leaves a debt.
  mutating func take(_ bytes: Int, now: UInt64) -> Bool {
    guard now >= closedUntil else { return false }
    if filledAt == 0 { filledAt = now }
    if now > filledAt {
      tokens = min(capacity, tokens + Double(now - filledAt) / 1e9 * rate)
      filledAt = now
    }
    guard tokens > 0 else { return false }
    tokens -= Double(bytes)
    return true
  }
}
