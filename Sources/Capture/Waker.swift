import Glibc
import Synchronization
import Threads

/// Wakes a thread that waits in poll, once and for good.
final class Waker: Sendable {
  private let signal = EventSignal()
  private let flag = Atomic(false)

  var isSet: Bool { flag.load(ordering: .acquiring) }

  func set() {
    flag.store(true, ordering: .releasing)
    signal.set()
  }

  /// Waits until one of `descriptors` can be read (or has failed), this is set, or time is up.
  /// - Returns: whether one of the descriptors is ready.
  func wait(for descriptors: [Int32], seconds: Double) -> Bool {
    var polled = ([signal.descriptor] + descriptors).map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    guard unsafe poll(&polled, nfds_t(polled.count), Self.milliseconds(seconds)) > 0 else {
      return false
    }
    return polled.dropFirst().contains { $0.revents != 0 }
  }

  /// The same for one descriptor, without an allocation: it is called for each frame.
  /// - Parameter events: what to wait for, as for poll.
  func wait(for descriptor: Int32, events: Int32 = POLLIN, seconds: Double) -> Bool {
    var polled = (
      pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: descriptor, events: Int16(events), revents: 0)
    )
    let ready = unsafe withUnsafeMutableBytes(of: &polled) { polled in
      let entries = unsafe polled.bindMemory(to: pollfd.self)
      return unsafe poll(entries.baseAddress, nfds_t(entries.count), Self.milliseconds(seconds))
    }
    return ready > 0 && polled.1.revents != 0
  }

  private static func milliseconds(_ seconds: Double) -> Int32 {
    // One too many at most: rounding up is a call of libm.
    Int32(max(0, min(seconds * 1000, 60_000))) + 1
  }
}
