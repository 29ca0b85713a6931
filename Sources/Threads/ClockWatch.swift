import CPosix
import Glibc
import Synchronization

/// Tells when the wall clock was set, on a thread of its own. The kernel says so at once; where it does not, the clock is
/// compared with the monotonic one every second.
package final class ClockWatch: Sendable {
  private static let pauseMilliseconds: Int32 = 1000
  /// The same where the kernel tells: so that what a clock is slewed by, a tenth of the time at most, is no step.
  private static let longPauseMilliseconds: Int32 = 5000

  private let onStep: @Sendable (Double) -> Void
  private let signal = EventSignal()
  private let isStopping = Atomic(false)
  private let thread = Mutex<NamedThread?>(nil)

  /// - Parameter onStep: called on the thread with the seconds by which the clock was set; below 0 where it was set back.
  package init(onStep: @escaping @Sendable (Double) -> Void) throws(ThreadError) {
    self.onStep = onStep
    let made = try NamedThread("clock") { [self] in run() }
    thread.withLock { $0 = made }
  }

  package func stop() {
    isStopping.store(true, ordering: .relaxed)
    signal.set()
    thread.withLock { $0 }?.join()
  }

  private func run() {
    var steps = ClockSteps(wall: Clock.wall, monotonic: Clock.monotonic)
    let timer = vp_clock_set_timer()
    defer { if timer >= 0 { close(timer) } }
    while !isStopping.load(ordering: .relaxed) {
      if let step = steps.take(wall: Clock.wall, monotonic: Clock.monotonic) { onStep(step) }
      wait(timer)
    }
  }

  private func wait(_ timer: Int32) {
    var polled = (
      pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: timer, events: Int16(POLLIN), revents: 0)
    )
    unsafe withUnsafeMutableBytes(of: &polled) { bytes in
      let each = unsafe bytes.bindMemory(to: pollfd.self)
      // A descriptor below 0 is passed over.
      _ = unsafe poll(
        each.baseAddress, 2, timer >= 0 ? Self.longPauseMilliseconds : Self.pauseMilliseconds)
    }
    var count: UInt64 = 0
    if timer >= 0 { _ = unsafe read(timer, &count, 8) }
  }
}

/// Sees from pairs of times whether the wall clock was set in between.
struct ClockSteps {
  /// Less is how clocks are kept right.
  private static let stepMin = 0.5

  private var offset: Double

  /// - Parameters:
  ///   - wall: microseconds since 1970.
  ///   - monotonic: nanoseconds.
  init(wall: Int64, monotonic: UInt64) { offset = Self.offset(wall, monotonic) }

  private static func offset(_ wall: Int64, _ monotonic: UInt64) -> Double {
    Double(wall) / 1e6 - Double(monotonic) / 1e9
  }

  /// The seconds by which the clock was set since the last call; nil where it was not.
  mutating func take(wall: Int64, monotonic: UInt64) -> Double? {
    let now = Self.offset(wall, monotonic)
    let step = now - offset
    guard abs(step) >= Self.stepMin else {
      // A clock that is slewed moves on by little each time.
      offset = now
      return nil
    }
    offset = now
    return step
  }
}
