/// Lets so much through a second in the long run, and bursts. Times are nanoseconds of CLOCK_MONOTONIC; one that stands
/// still or goes back gives no more.
package struct TokenBucket: Sendable {
  private let rate: Double
  private let burst: Double
  private var tokens: Double
  private var filledAt: UInt64?
  private var closedUntil: UInt64 = 0

  /// Full.
  /// - Parameters:
  ///   - rate: what may pass a second, e.g. bytes or messages.
  ///   - burst: what may pass at once, e.g. after a quiet time.
  package init(rate: Double, burst: Double) {
    self.rate = rate
    self.burst = burst
    tokens = burst
  }

  /// Nothing passes `take` before this time.
  package mutating func close(until time: UInt64) { closedUntil = max(closedUntil, time) }

  /// Takes `amount` if there is as much.
  /// - Parameter allowsDebt: whether anything that is left is enough, for what may be larger than the bucket.
  package mutating func take(
    _ amount: Double = 1, allowsDebt: Bool = false, now: UInt64
  ) -> Bool {
    guard now >= closedUntil else { return false }
    fill(now)
    guard allowsDebt ? tokens > 0 : tokens >= amount else { return false }
    tokens -= amount
    return true
  }

  /// Takes 1, whatever there is.
  /// - Returns: milliseconds to wait before the next.
  package mutating func charge(now: UInt64) -> Int32 {
    fill(now)
    tokens -= 1
    guard tokens < 0 else { return 0 }
    return Int32(min(Double(Int32.max), (-tokens / rate * 1000).rounded(.up)))
  }

  private mutating func fill(_ now: UInt64) {
    if let filledAt {
      guard now > filledAt else { return }
      tokens = min(burst, tokens + Double(now - filledAt) / 1e9 * rate)
    }
    filledAt = now
  }
}
