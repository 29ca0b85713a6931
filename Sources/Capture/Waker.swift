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
    let milliseconds = Int32(max(0, min(seconds * 1000, 60_000)).rounded(.up))
    guard unsafe poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return false }
    return polled.dropFirst().contains { $0.revents != 0 }
  }

  func wait(for descriptor: Int32, seconds: Double) -> Bool {
    wait(for: [descriptor], seconds: seconds)
  }
}
