import Glibc
import Synchronization
package import Threads

/// A fixed number of threads that each camera's newest item is worked at on. Each camera has one slot: what comes
/// while the last one still waits takes its place, so that nothing queues up and submitting never blocks.
/// Cameras take turns, and of one camera no two items are worked at at once.
package final class WorkerPool<Item: Sendable>: Sendable {
  private struct Slot {
    var waiting: Item?
    var isBusy = false
    var replaced = 0
  }

  private struct State {
    var slots: [Slot]
    /// Cameras with something waiting that nobody works at, whose turn it is first.
    var turns: [Int] = []
    /// Workers that have nothing to do.
    var idle: [Int] = []
    var isStopping = false
  }

  private let state: Mutex<State>
  private let signals: [EventSignal]
  private let threads = Mutex<[NamedThread]>([])

  /// - Parameters:
  ///   - slots: how many cameras there are.
  ///   - workers: how many threads, at least 1.
  package init(slots: Int, workers: Int) {
    state = Mutex(State(slots: Array(repeating: Slot(), count: slots)))
    signals = (0..<max(1, workers)).map { _ in EventSignal() }
  }

  package var workerCount: Int { signals.count }

  /// Starts the threads.
  /// - Parameters:
  ///   - nice: how far they stand back behind other threads, 0…19.
  ///   - makeWork: is called once on each thread, and gives what works at a camera's item there.
  package func start(
    nice: Int, _ makeWork: @escaping @Sendable () -> ((Int, Item) -> Void)
  ) throws(ThreadError) {
    for worker in signals.indices {
      let thread = try NamedThread("analysis-\(worker)") { [self] in
        // On Linux this is the thread's own.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(nice))
        run(worker, makeWork())
      }
      threads.withLock { $0.append(thread) }
    }
  }

  /// Puts an item into a camera's slot.
  /// - Returns: false where it took the place of one that was not begun.
  @discardableResult
  package func submit(_ item: Item, slot: Int) -> Bool {
    let (isFirst, woken) = state.withLock { state -> (Bool, Int?) in
      guard !state.isStopping else { return (true, nil) }
      let isFirst = state.slots[slot].waiting == nil
      state.slots[slot].waiting = item
      guard isFirst else {
        state.slots[slot].replaced += 1
        return (false, nil)
      }
      guard !state.slots[slot].isBusy else { return (true, nil) }
      state.turns.append(slot)
      return (true, state.idle.popLast())
    }
    if let woken { signals[woken].set() }
    return isFirst
  }

  /// How many items of a camera gave way to newer ones.
  package func replacedCount(slot: Int) -> Int { state.withLock { $0.slots[slot].replaced } }

  /// Ends the threads once they are done with what they work at; what waits is given up.
  package func stop() {
    state.withLock { state in
      state.isStopping = true
      state.turns = []
      for slot in state.slots.indices { state.slots[slot].waiting = nil }
    }
    for signal in signals { signal.set() }
    for thread in threads.withLock({ $0 }) { thread.join() }
    threads.withLock { $0 = [] }
  }

  private func run(_ worker: Int, _ work: (Int, Item) -> Void) {
    var last: Int?
    while true {
      let (next, isStopping) = state.withLock { state -> ((slot: Int, item: Item)?, Bool) in
        if let slot = last {
          state.slots[slot].isBusy = false
          if state.slots[slot].waiting != nil { state.turns.append(slot) }
        }
        guard !state.isStopping else { return (nil, true) }
        while !state.turns.isEmpty {
          let slot = state.turns.removeFirst()
          guard let item = state.slots[slot].waiting else { continue }
          state.slots[slot].waiting = nil
          state.slots[slot].isBusy = true
          return ((slot, item), false)
        }
        state.idle.append(worker)
        return (nil, false)
      }
      if isStopping { return }
      last = next?.slot
      if let next { work(next.slot, next.item) } else { signals[worker].wait(milliseconds: -1) }
    }
  }
}
