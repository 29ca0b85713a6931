import Synchronization
import Threads

/// One thread for commands that take long, one after the other.
final class LongWork: Sendable {
  /// Commands that may wait.
  private static let waitingMax = 64

  typealias Job = @Sendable (() -> Bool) -> Void

  private struct State {
    var jobs: [Job] = []
    var isStopping = false
  }

  private let state = Mutex(State())
  private let signal = EventSignal()
  private let resting = EventSignal()
  private let thread = Mutex<NamedThread?>(nil)

  var isFull: Bool { state.withLock { $0.jobs.count >= Self.waitingMax } }

  func start() throws(ThreadError) {
    let made = try NamedThread("control-work") { [self] in run() }
    thread.withLock { $0 = made }
  }

  func add(_ job: @escaping Job) {
    state.withLock { $0.jobs.append(job) }
    signal.set()
  }

  private var isStopping: Bool { state.withLock { $0.isStopping } }

  private func run() {
    while true {
      let job: Job? = state.withLock { state in
        state.isStopping || state.jobs.isEmpty ? nil : state.jobs.removeFirst()
      }
      if let job {
        job { isStopping }
      } else {
        if isStopping { return }
        signal.wait(milliseconds: -1)
      }
    }
  }

  /// Waits on the worker's thread, unless it is to end.
  func rest(milliseconds: Int32) {
    if !isStopping { resting.wait(milliseconds: milliseconds) }
  }

  func stop() {
    state.withLock { $0.isStopping = true }
    signal.set()
    resting.set()
    thread.withLock { $0 }?.join()
  }
}
