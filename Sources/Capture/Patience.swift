/// How long a camera may be silent before it is reopened. It follows what the camera gives: one that is
/// slower than it says, or gives nothing while it exposes, is waited for. Kept over reopenings; used by
/// the camera's thread.
struct Patience {
  /// A dead camera is reopened as often, whatever it did before.
  static let longestSeconds = 60.0
  /// Before a first frame.
  static let longestFirstSeconds = 40.0
  private static let recentMax = 8
  /// Of the longest interval of late.
  private static let margin = 3.0

  /// As configured; nil to follow the camera.
  let configured: Double?
  let leastSeconds: Double
  let leastFirstSeconds: Double
  private var learnt = 0.0
  private var learntFirst = 0.0
  private var recent: [Double] = []
  private var last: Double?

  init(configured: Double?, leastSeconds: Double = 5, leastFirstSeconds: Double = 10) {
    self.configured = configured
    self.leastSeconds = leastSeconds
    self.leastFirstSeconds = leastFirstSeconds
  }

  /// - Parameters:
  ///   - interval: seconds between frames, as the camera agreed; 0 where it did not say.
  ///   - hasFrames: whether there was one since the camera was opened.
  func limit(interval: Double, hasFrames: Bool) -> Double {
    if let configured { return hasFrames ? configured : max(configured, leastFirstSeconds) }
    let measured = min(max(learnt, (recent.max() ?? 0) * Self.margin), Self.longestSeconds)
    let limit = max(leastSeconds, interval * 5, measured)
    return hasFrames ? limit : max(limit, leastFirstSeconds, learntFirst)
  }

  /// The camera was opened: what passed before its first frame is no interval.
  mutating func opened() { last = nil }

  /// A good frame came.
  mutating func noteFrame(at seconds: Double) {
    defer { last = seconds }
    guard let last else { return }
    if recent.count == Self.recentMax { recent.removeFirst() }
    recent.append(max(0, seconds - last))
    // From here on the intervals themselves tell.
    if recent.count == Self.recentMax { (learnt, learntFirst) = (0, 0) }
  }

  /// The camera was silent for `limit` seconds: next time it may be for twice as long, until its
  /// intervals are known.
  mutating func noteTimeout(_ limit: Double, hasFrames: Bool) {
    recent = []
    if hasFrames {
      learnt = min(limit * 2, Self.longestSeconds)
    } else {
      learntFirst = min(limit * 2, Self.longestFirstSeconds)
    }
  }
}
