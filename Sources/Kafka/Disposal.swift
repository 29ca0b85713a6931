import CRdKafka
import Synchronization
import Threads

/// Destroys librdkafka's handles. That can take for ever: a consumer whose partitions are gone, waits by a clock that was
/// set back. So it is done on threads that nobody joins, of which there are few; what is left goes with the process.
package enum Disposal {
  private struct State {
    var running = 0
    var waiting: [@Sendable () -> Void] = []
  }

  private static let threadsMax = 4
  private static let state = Mutex(State())

  /// Handles that are not destroyed yet. A program that ends meanwhile is to leave by `_exit`: what runs at a normal exit
  /// would be taken from under librdkafka's threads.
  package static var pendingCount: Int {
    state.withLock { $0.running + $0.waiting.count }
  }

  /// Has `destroy` called, and waits for it for no longer than `milliseconds`.
  static func run(milliseconds: Int32, _ destroy: @escaping @Sendable () -> Void) {
    let done = EventSignal()
    let isFull = state.withLock { state in
      state.waiting.append {
        destroy()
        done.set()
      }
      let isFull = state.running >= threadsMax
      if !isFull { state.running += 1 }
      return isFull
    }
    guard !isFull else { return }
    do {
      _ = try NamedThread("kafka-destroy") { work() }
    } catch {
      // The next one takes it along.
      state.withLock { $0.running -= 1 }
      return
    }
    done.wait(milliseconds: milliseconds)
  }

  private static func work() {
    while true {
      let next: (@Sendable () -> Void)? = state.withLock { state in
        guard !state.waiting.isEmpty else {
          state.running -= 1
          return nil
        }
        return state.waiting.removeFirst()
      }
      guard let next else { return }
      next()
    }
  }
}

/// A handle on its way to another thread.
@safe
struct ClientHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }
}
