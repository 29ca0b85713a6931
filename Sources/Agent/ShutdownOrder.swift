import Logging
import Threads

/// The agent's end: first the cameras, so that nothing more comes, and what looks at their pictures; then what is left is
/// delivered for as long as the budget allows, or goes to the disk; then the rest. Each part has a budget of its own, so
/// that none that hangs keeps another from its end.
struct ShutdownOrder: Sendable {
  /// The share of the budget that cameras, and what looks at their pictures, may use.
  private static let camerasShare = 0.3
  private static let analysisShare = 0.2
  /// What the reader of the control topic may take, before Delivery's end and once more after it.
  private static let controlSeconds = 1.0
  /// What Delivery may take beyond its share: its last reports, and the spool's last sync.
  private static let deliveryGraceSeconds = 2.0

  var cameras: @Sendable () -> Void
  var analysis: @Sendable () -> Void
  /// Has the pictures at hand given up.
  var hurryAnalysis: @Sendable () -> Void
  /// It begins once the cameras have ended, and nothing waits for it longer than for its last results.
  var control: @Sendable () -> Void
  /// Is given the seconds that are left.
  var delivery: @Sendable (Double) -> Void
  var logger: Logger

  /// - Parameter budget: for all of it, but for the seconds that parts have of their own.
  /// - Returns: whether all parts have ended.
  func run(seconds budget: Double) -> Bool {
    let began = Clock.monotonic
    var isDone = true
    let endingCameras = ShutdownStep("cameras", cameras)
    isDone = endingCameras.wait(seconds: max(1, budget * Self.camerasShare), logger) && isDone
    let endingControl = ShutdownStep("control", control)
    let endingAnalysis = ShutdownStep("analysis", analysis)
    let analysisSeconds = max(1, budget * Self.analysisShare)
    // The pictures at hand are looked at to their end where that is soon.
    if !endingAnalysis.hasEnded(seconds: analysisSeconds / 2) { hurryAnalysis() }
    isDone = endingAnalysis.wait(seconds: analysisSeconds / 2, logger) && isDone
    // Its last results go along, where it is done soon.
    let isControlDone = endingControl.hasEnded(seconds: Self.controlSeconds)
    let used = Double(Clock.monotonic - began) / 1e9
    let left = max(0.5, budget - used)
    let delivering = ShutdownStep("delivery") { delivery(left) }
    isDone = delivering.wait(seconds: left + Self.deliveryGraceSeconds, logger) && isDone
    if !isControlDone {
      isDone = endingControl.wait(seconds: Self.controlSeconds, logger) && isDone
    }
    return isDone
  }
}
