/// Whether long work is to end before its time, asked between passes. What was found by then means nothing. One thread at
/// a time.
final class Stopping {
  /// True once the work is to end.
  var ask: () -> Bool = { false }
  /// What was answered since `begin`.
  private(set) var isSet = false

  func begin() { isSet = false }

  /// Asks, unless it was told already.
  var isDue: Bool {
    if !isSet { isSet = ask() }
    return isSet
  }
}
