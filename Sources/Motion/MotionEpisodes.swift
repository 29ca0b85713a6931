/// Makes of pictures in which something moves, or not, times of motion: one begins with the first picture that shows
/// motion, and ends when none has for a while.
package struct MotionEpisodes: Sendable {
  package enum Change: Equatable, Sendable {
    case began
    /// Something moves elsewhere, or more or less of it.
    case changed
    case ended
  }

  /// So long without motion ends it, in seconds.
  package static let endSeconds = 1.0
  /// A change is told no more often, in seconds.
  package static let changeSeconds = 1.0

  private var lastMotion: UInt64?
  private var lastTold: UInt64 = 0
  private var told: [MotionBox] = []

  package init() {}

  package var isMotion: Bool { lastMotion != nil }

  /// - Parameter time: of the picture, in nanoseconds.
  package mutating func note(_ finding: MotionFinding, at time: UInt64) -> Change? {
    if finding.isMotion {
      defer { lastMotion = time }
      guard lastMotion != nil else { return tell(finding, time, .began) }
      guard Self.seconds(from: lastTold, to: time) >= Self.changeSeconds, finding.boxes != told
      else { return nil }
      return tell(finding, time, .changed)
    }
    guard let last = lastMotion, Self.seconds(from: last, to: time) >= Self.endSeconds else {
      return nil
    }
    lastMotion = nil
    return .ended
  }

  private mutating func tell(
    _ finding: MotionFinding, _ time: UInt64, _ change: Change
  ) -> Change {
    lastTold = time
    told = finding.boxes
    return change
  }

  private static func seconds(from: UInt64, to: UInt64) -> Double {
    to > from ? Double(to - from) / 1e9 : 0
  }
}
