import CPosix
import Glibc

/// An eventfd that one thread waits for and any may set.
package final class EventSignal: Sendable {
  /// What a write to the descriptor consists of.
  package static let one: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]

  package let descriptor: Int32

  package init() { descriptor = vp_eventfd() }

  deinit { _ = close(descriptor) }

  package func set() { _ = unsafe write(descriptor, Self.one, Self.one.count) }

  /// Waits until it is set, or for as long as `milliseconds`, and resets it.
  /// - Returns: whether it was set.
  @discardableResult
  package func wait(milliseconds: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if milliseconds != 0 {
      guard unsafe poll(&polled, 1, milliseconds) > 0 else { return false }
    }
    var count: UInt64 = 0
    return unsafe read(descriptor, &count, 8) == 8
  }
}
