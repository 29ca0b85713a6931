import Synchronization
import Threads

/// A thread that waits for the disk, one job at a time, so that its owner goes on meanwhile.
final class Syncer: Sendable {
  typealias Job = @Sendable () -> Int32

  /// What owner and thread share.
  private final class Desk: Sendable {
    struct State {
      var job: Job?
      var result: Int32?
      var isEnding = false
    }

    let state = Mutex(State())
    let wake = EventSignal()
    let done = EventSignal()

    func run() {
      while !state.withLock({ $0.isEnding && $0.job == nil }) {
        guard let job = state.withLock({ $0.job }) else {
          wake.wait(milliseconds: -1)
          continue
        }
        let result = job()
        state.withLock {
          $0.job = nil
          $0.result = result
        }
        done.set()
      }
    }
  }

  private let desk = Desk()
  private let thread: NamedThread

  init() throws(ThreadError) {
    thread = try NamedThread("spool sync") { [desk] in desk.run() }
  }

  deinit {
    desk.state.withLock { $0.isEnding = true }
    desk.wake.set()
    thread.join()
  }

  /// Has the thread do it; the job before must have been waited for.
  func begin(_ job: @escaping Job) {
    desk.state.withLock {
      $0.job = job
      $0.result = nil
    }
    desk.wake.set()
  }

  /// Whether `wait` would wait.
  var isBusy: Bool { desk.state.withLock { $0.job != nil } }

  /// Waits for the job, and gives what it returned.
  func wait() -> Int32 {
    while true {
      if let result = desk.state.withLock({ $0.result }) { return result }
      desk.done.wait(milliseconds: -1)
    }
  }
}
