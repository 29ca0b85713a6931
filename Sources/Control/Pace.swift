/// How many commands are obeyed: a token bucket. A flood of them waits on the topic and not in the box, whoever signed it.
struct Pace {
  /// Commands a second, in the long run.
  let rate: Double
  /// Commands at once, e.g. after a long time off.
  let burst: Double
  private var tokens: Double
  private var last: UInt64

  /// - Parameter now: nanoseconds of CLOCK_MONOTONIC, as of `take`.
  init(rate: Double, burst: Double, now: UInt64) {
    self.rate = rate
    self.burst = burst
    tokens = burst
    last = now
  }

  /// A command was obeyed.
  /// - Returns: milliseconds to wait before the next.
  mutating func take(now: UInt64) -> Int32 {
    tokens = min(burst, tokens + Double(now - min(now, last)) / 1e9 * rate) - 1
    last = now
    return tokens >= 0 ? 0 : Int32((-tokens / rate * 1000).rounded(.up))
  }
}
