import Synchronization

/// Why a captured frame was given up. The raw values are what scripts and schemas read.
package enum DropReason: String, CaseIterable, Sendable {
  /// The pipeline was still at work on earlier frames.
  case busy
  /// Above the configured publish rate.
  case rate
  /// Thinned out by rule, e.g. every second frame of a backlog.
  case decimated
  /// The driver flagged it, it was short, or it was not a whole picture.
  case corrupt
  /// Larger than the broker takes.
  case oversize
  /// The memory window or disk quota was full.
  case quota
  /// Older than configured.
  case age
  /// The disk refused it.
  case ioError = "io_error"
  /// The time for a clean shutdown ran out.
  case shutdown
  /// Lost in a crash, found out afterwards.
  case crash

  fileprivate var index: Int {
    switch self {
    case .busy: 0
    case .rate: 1
    case .decimated: 2
    case .corrupt: 3
    case .oversize: 4
    case .quota: 5
    case .age: 6
    case .ioError: 7
    case .shutdown: 8
    case .crash: 9
    }
  }
}

/// Where a captured frame is, or how it ended: exactly one of these at any instant.
package enum Fate: Equatable, Sendable {
  case delivered, inMemory, inFlight, spooled, dead
  case dropped(DropReason)
}

/// The counts of one camera's ledger at one instant.
package struct LedgerCounts: Equatable, Sendable {
  package fileprivate(set) var captured = 0
  package fileprivate(set) var delivered = 0
  package fileprivate(set) var inMemory = 0
  package fileprivate(set) var inFlight = 0
  package fileprivate(set) var spooled = 0
  package fileprivate(set) var dead = 0
  private var drops = [Int](repeating: 0, count: DropReason.allCases.count)

  package init() {}

  package func dropped(_ reason: DropReason) -> Int { drops[reason.index] }

  package var droppedInAll: Int { drops.reduce(0, +) }

  /// True while `captured = delivered + in_memory + in_flight + spooled + dead + Σ dropped`, and no
  /// count is negative.
  package var isBalanced: Bool {
    let fates = [delivered, inMemory, inFlight, spooled, dead] + drops
    return fates.allSatisfy { $0 >= 0 } && captured == fates.reduce(0, +)
  }

  fileprivate mutating func add(_ count: Int, to fate: Fate) {
    switch fate {
    case .delivered: delivered += count
    case .inMemory: inMemory += count
    case .inFlight: inFlight += count
    case .spooled: spooled += count
    case .dead: dead += count
    case .dropped(let reason): drops[reason.index] += count
    }
  }
}

/// One camera's book: every captured frame is entered once and moved from fate to fate, so that the
/// sum holds at every instant. Any thread may write.
package final class Ledger: Sendable {
  private let counts = Mutex(LedgerCounts())

  package init() {}

  /// Books `count` newly captured frames under `fate`.
  package func enter(_ fate: Fate, count: Int = 1) {
    counts.withLock { counts in
      counts.captured += count
      counts.add(count, to: fate)
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
