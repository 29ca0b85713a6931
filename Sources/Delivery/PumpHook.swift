import Synchronization

/// Stands between two objects that call one another, one of which is made first.
final class PumpHook: Sendable {
  private let body = Mutex<(@Sendable () -> Void)?>(nil)

  func set(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

  func call() {
    let body = body.withLock { $0 }
    body?()
  }
}
