import CPosix
import Glibc
import Synchronization

/// Wakes a thread that waits in poll, once and for good: an eventfd.
final class Waker: Sendable {
  private let fd: Int32
  private let flag = Atomic(false)

  init() { fd = vp_eventfd() }

  deinit { _ = close(fd) }

  var isSet: Bool { flag.load(ordering: .acquiring) }

  func set() {
    flag.store(true, ordering: .releasing)
    var one: UInt64 = 1
    _ = unsafe write(fd, &one, 8)
  }

  /// Waits until one of `descriptors` can be read (or has failed), this is set, or time is up.
  /// - Returns: whether one of the descriptors is ready.
  func wait(for descriptors: [Int32], seconds: Double) -> Bool {
    var polled = ([fd] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard unsafe poll(&polled, nfds_t(polled.count), Self.milliseconds(seconds)) > 0 else {
      return false
    }
    return polled.dropFirst().contains { $0.revents != 0 }
  }

  /// The same for one descriptor, without an allocation: it is called for each frame.
  /// - Parameter events: what to wait for, as for poll.
  func wait(for descriptor: Int32, events: Int32 = POLLIN, seconds: Double) -> Bool {
    var polled = (
      pollfd(fd: fd, events: Int16(POLLIN), revents: 0),
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
