import Meters

/// Sees whether cameras' threads go on. One that says it streams, but counts nothing any more, hangs: in its driver, or
/// with a frame in the pipeline. A frame counts when it leaves the driver, whatever becomes of it then.
struct ProgressBook {
  /// A thread's own time-outs are shorter, however they are set.
  static let stuckSeconds = 90.0

  /// What each camera had counted, and since when, in seconds.
  private var last: [String: (count: Int, since: Double)] = [:]

  /// - Parameters:
  ///   - timeout: what is configured for the camera, in seconds.
  ///   - now: in seconds, on a clock that only goes on.
  mutating func isMoving(_ meters: CameraMeters, timeout: Double?, now: Double) -> Bool {
    let camera = meters.current
    let count = meters.ledger.snapshot.capturedHere + camera.reopened
    guard camera.state == .streaming, let seen = last[meters.name], seen.count == count else {
      last[meters.name] = (count, now)
      return true
    }
    let interval = camera.negotiated.map { $0.rate > 0 ? 1 / $0.rate : 0 } ?? 0
    return now - seen.since < max(Self.stuckSeconds, 5 * interval, 2 * (timeout ?? 0))
  }
}
