import Logging
import Threads

/// One part of the agent's end, with a budget of its own: a part that does not end in time is left behind, and the process
/// takes it along.
struct ShutdownStep: Sendable {
  private let name: String
  private let ended = EventSignal()

  /// Begins on a thread of its own.
  init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    let ended = ended
    do {
      _ = try NamedThread("stop-\(name)") {
        body()
        ended.set()
      }
    } catch {
      body()
      ended.set()
    }
  }

  /// - Returns: whether it has ended.
  func hasEnded(seconds: Double) -> Bool {
    guard ended.wait(milliseconds: Int32(min(max(0, seconds), 3600) * 1000)) else { return false }
    // For whoever waits next.
    ended.set()
    return true
  }

  /// The same, and says so where it has not.
  func wait(seconds: Double, _ logger: Logger) -> Bool {
    if hasEnded(seconds: seconds) { return true }
    logger.error(
      "stopping: \(name) did not end within \(Int(seconds.rounded())) s and is left behind")
    return false
  }
}
