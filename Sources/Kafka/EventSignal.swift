import CPosix
import Glibc

/// An eventfd that one thread waits for and any may set.
final class EventSignal: Sendable {
  /// What a write to the descriptor consists of.
  static let one: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]

  let descriptor: Int32

  init() { descriptor = vp_eventfd() }

  deinit { _ = close(descriptor) }

  func set() { _ = unsafe write(descriptor, Self.one, Self.one.count) }

  /// Waits until it is set, or for as long as `milliseconds`, and resets it.
  func wait(milliseconds: Int32) {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if milliseconds != 0 {
      guard unsafe poll(&polled, 1, milliseconds) > 0 else { return }
    }
    var count: UInt64 = 0
    _ = unsafe read(descriptor, &count, 8)
  }
}
