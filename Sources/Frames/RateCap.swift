/// Lets through at most so many frames a second, by the frames' own times. Deadlines lie on a grid, so
/// that 20 of 30 gives 20 and not 15.
package struct RateCap: Sendable {
  private let period: Double
  private var due: Double?

  /// - Parameter rate: frames per second.
  package init(rate: Double) { period = 1e9 / rate }

  /// - Parameter time: nanoseconds.
  package mutating func admits(_ time: UInt64) -> Bool {
    let now = Double(time)
    guard let due else {
      self.due = now + period
      return true
    }
    // Cameras jitter: a frame somewhat before its deadline is the one that was meant. The grid keeps
    // the mean rate all the same.
    guard now >= due - period / 4 else { return false }
    // After a pause the grid starts anew instead of letting a burst through.
    self.due = now > due + period ? now + period : due + period
    return true
  }
}
