import Foundation
import Synchronization
import Testing

@testable import Analysis

@Suite struct WorkerPoolTests {
  /// What was worked at, in order, and how many threads were at it at once.
  final class Log: Sendable {
    struct State {
      var done: [[Int]]
      var order: [Int] = []
      var now: [Int]
      var mostAtOnce = 0
      var mostOfOneSlot = 0
      var threads: Set<UInt> = []
    }
    let state: Mutex<State>
    let gate = DispatchSemaphore(value: 0)

    init(slots: Int) {
      state = Mutex(
        State(done: Array(repeating: [], count: slots), now: Array(repeating: 0, count: slots)))
    }

    func work(_ slot: Int, _ item: Int, _ body: () -> Void = {}) {
      state.withLock { state in
        state.now[slot] += 1
        state.mostAtOnce = max(state.mostAtOnce, state.now.reduce(0, +))
        state.mostOfOneSlot = max(state.mostOfOneSlot, state.now[slot])
        state.threads.insert(UInt(bitPattern: pthread_self().hashValue))
      }
      body()
      state.withLock { state in
        state.now[slot] -= 1
        state.done[slot].append(item)
        state.order.append(slot)
      }
    }

    func eventually(_ isTrue: (State) -> Bool) -> Bool {
      for _ in 0..<5000 {
        if state.withLock({ isTrue($0) }) { return true }
        usleep(2000)
      }
      return false
    }
  }

  @Test func `The newest item takes the place of one that waits, and is counted`() throws {
    let pool = WorkerPool<Int>(slots: 1, workers: 1)
    let log = Log(slots: 1)
    try pool.start(nice: 0) { { log.work($0, $1) { log.gate.wait() } } }
    defer { pool.stop() }
    #expect(pool.submit(0, slot: 0))
    #expect(log.eventually { $0.now[0] == 1 })
    #expect(pool.submit(1, slot: 0))
    for item in 2...9 { #expect(!pool.submit(item, slot: 0)) }
    for _ in 0..<2 { log.gate.signal() }
    #expect(log.eventually { $0.done[0] == [0, 9] })
    #expect(pool.replacedCount(slot: 0) == 8)
  }

  @Test(arguments: [1, 2, 3])
  func `All is worked at, by no more threads than were allowed, and one at a time of a camera`(
    workers: Int
  ) throws {
    let pool = WorkerPool<Int>(slots: 5, workers: workers)
    let log = Log(slots: 5)
    try pool.start(nice: 5) { { log.work($0, $1) { usleep(200) } } }
    defer { pool.stop() }
    for item in 0..<400 {
      for slot in 0..<5 { pool.submit(item, slot: slot) }
      usleep(100)
    }
    #expect(log.eventually { $0.done.allSatisfy { $0.last == 399 } })
    let state = log.state.withLock { $0 }
    for slot in 0..<5 {
      #expect(state.done[slot] == state.done[slot].sorted())
      #expect(state.done[slot].count + pool.replacedCount(slot: slot) == 400)
    }
    #expect(state.mostAtOnce <= workers && state.mostOfOneSlot == 1)
    #expect(state.threads.count <= workers)
  }

  @Test func `A camera that gives much takes no turn from the others`() throws {
    let pool = WorkerPool<Int>(slots: 3, workers: 1)
    let log = Log(slots: 3)
    try pool.start(nice: 0) { { log.work($0, $1) { log.gate.wait() } } }
    defer { pool.stop() }
    pool.submit(0, slot: 0)
    #expect(log.eventually { $0.now[0] == 1 })
    for round in 1...30 {
      // The first is always there with more; the others come one after the other.
      for slot in [0, 0, 0, 1, 2] { pool.submit(round, slot: slot) }
      for _ in 0..<3 {
        let before = log.state.withLock { $0.order.count }
        log.gate.signal()
        #expect(log.eventually { $0.order.count == before + 1 })
      }
    }
    let counts = log.state.withLock { $0.done.map(\.count) }
    #expect(counts.max()! - counts.min()! <= 2)
    for _ in 0..<3 { log.gate.signal() }
  }

  @Test func `Stopping waits for what is worked at, and gives up what waits`() throws {
    let pool = WorkerPool<Int>(slots: 2, workers: 1)
    let log = Log(slots: 2)
    try pool.start(nice: 0) { { log.work($0, $1) { usleep(50_000) } } }
    pool.submit(1, slot: 0)
    #expect(log.eventually { $0.now[0] == 1 })
    pool.submit(2, slot: 1)
    pool.stop()
    let state = log.state.withLock { $0 }
    #expect(state.done == [[1], []])
    pool.submit(3, slot: 0)
    usleep(20_000)
    #expect(log.state.withLock { $0.done } == [[1], []])
  }
}
