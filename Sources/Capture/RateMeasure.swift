/// Frames per second over the last seconds.
struct RateMeasure {
  private static let windowNanoseconds: UInt64 = 2_000_000_000

  private var first: UInt64?
  private var count = 0

  /// - Parameter time: the frame's, nanoseconds.
  /// - Returns: the rate, each time a window is full.
  mutating func add(_ time: UInt64) -> Double? {
    guard let first, time > first else {
      first = time
      count = 0
      return nil
    }
    count += 1
    guard time - first >= Self.windowNanoseconds else { return nil }
    defer {
      self.first = time
      count = 0
    }
    return Double(count) * 1e9 / Double(time - first)
  }
}
