import Synchronization

/// Where a captured frame is, or how it ended: exactly one of these at any instant.
package enum Fate: Equatable, Sendable {
  /// Captured, and not handed to Delivery yet. A frame that nobody books stays here.
  case inPipeline
  case delivered, inMemory, inFlight, spooled, dead
  case dropped(DropReason)
}

/// The counts of one camera's ledger at one instant.
package struct LedgerCounts: Equatable, Sendable {
  package fileprivate(set) var captured = 0
  package fileprivate(set) var inPipeline = 0
  package fileprivate(set) var delivered = 0
  package fileprivate(set) var inMemory = 0
  package fileprivate(set) var inFlight = 0
  package fileprivate(set) var spooled = 0
  package fileprivate(set) var dead = 0
  private var drops = [Int](repeating: 0, count: DropReason.allCases.count)
  /// Of `captured`, what an earlier run captured and left to this one.
  private var inherited = 0
  /// Of the drops, what was lost before this run began.
  private var inheritedDrops = [Int](repeating: 0, count: DropReason.allCases.count)

  package init() {}

  package func dropped(_ reason: DropReason) -> Int { drops[reason.index] }

  /// Of `dropped`, what was lost before this run began.
  package func inheritedDrops(_ reason: DropReason) -> Int { inheritedDrops[reason.index] }

  /// Of `captured`, what this run captured.
  package var capturedHere: Int { captured - inherited }

  package var droppedInAll: Int { drops.reduce(0, +) }

  /// True while `captured = in_pipeline + delivered + in_memory + in_flight + spooled + dead + Σ dropped`,
  /// and no count is negative.
  package var isBalanced: Bool {
    let fates = [inPipeline, delivered, inMemory, inFlight, spooled, dead] + drops
    return fates.allSatisfy { $0 >= 0 } && captured == fates.reduce(0, +)
  }

  fileprivate mutating func inherit(_ count: Int, as fate: Fate) {
    inherited += count
    if case .dropped(let reason) = fate { inheritedDrops[reason.index] += count }
  }

  fileprivate mutating func add(_ count: Int, to fate: Fate) {
    switch fate {
    case .inPipeline: inPipeline += count
    case .delivered: delivered += count
    case .inMemory: inMemory += count
    case .inFlight: inFlight += count
    case .spooled: spooled += count
    case .dead: dead += count
    case .dropped(let reason): drops[reason.index] += count
    }
  }
}

/// One camera's book: every frame is counted once, when it leaves the driver or the file, and moved from
/// fate to fate, so that the sum holds at every instant. Any thread may write.
package final class Ledger: Sendable {
  private let counts = Mutex(LedgerCounts())

  package init() {}

  /// Counts a frame that has just left the driver or the file, or a record that has just been made.
  package func capture() {
    counts.withLock { counts in
      counts.captured += 1
      counts.inPipeline += 1
    }
  }

  /// Books `count` frames under `fate` that no step of this run captured: those that an earlier run left.
  package func enter(_ fate: Fate, count: Int = 1) {
    counts.withLock { counts in
      counts.captured += count
      counts.add(count, to: fate)
      counts.inherit(count, as: fate)
    }
  }

  /// Moves `count` frames from one fate to another.
  package func move(_ from: Fate, to: Fate, count: Int = 1) {
    counts.withLock { counts in
      counts.add(-count, to: from)
      counts.add(count, to: to)
    }
  }

  /// All counts as they stood together at one instant.
  package var snapshot: LedgerCounts { counts.withLock { $0 } }
}
