import Frames
package import Meters
import Synchronization
import Threads

/// What one analyser did with a camera's pictures.
package struct AnalyserWork: Equatable, Sendable {
  /// Those that it looked at.
  package var pictures = 0
  /// Those that it could not look at.
  package var failed = 0
  /// On the worker; what is decoded for all counts for who first asks for it.
  package var nanoseconds: UInt64 = 0

  package init() {}
}

/// What is counted of the analysis of a camera. Any thread may read.
package final class AnalysisMeters: Sendable {
  private let analysedCount = Atomic<Int>(0)
  private let failedCount = Atomic<Int>(0)
  private let counts = Mutex<[String: Int]>([:])
  private let works = Mutex<[String: AnalyserWork]>([:])
  /// Capture to report.
  package let latency = LatencyHistogram()
  /// On the worker.
  package let time = LatencyHistogram()

  /// Pictures that were looked at.
  package var analysed: Int { analysedCount.load(ordering: .relaxed) }
  /// Pictures that could not be looked at: damaged, or a model is missing.
  package var failed: Int { failedCount.load(ordering: .relaxed) }
  /// What an analyser counts, by the name that it declares.
  package func count(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }

  /// - Parameter began: when the worker took the picture up, nanoseconds of CLOCK_MONOTONIC.
  func note(_ report: AnalysisReport, _ captured: FrameTime, began: UInt64) {
    let now = Clock.monotonic
    time.record(microseconds: (now - began) / 1000)
    latency.record(microseconds: (now - min(now, captured.monotonic)) / 1000)
    analysedCount.add(1, ordering: .relaxed)
    if !report.counts.isEmpty {
      counts.withLock { $0.merge(report.counts) { $0 + $1 } }
    }
  }

  /// What an analyser did; nil where it was never switched on.
  package func work(of analyser: String) -> AnalyserWork? { works.withLock { $0[analyser] } }

  /// An analyser is switched on: from now on it is told of, though nothing may have come yet.
  func begin(_ analyser: String) {
    works.withLock { $0[analyser, default: AnalyserWork()].pictures += 0 }
  }

  /// - Parameter began: when the analyser took the picture up, nanoseconds of CLOCK_MONOTONIC.
  func note(_ analyser: String, began: UInt64, isFailed: Bool) {
    let spent = Clock.monotonic - began
    works.withLock { works in
      works[analyser, default: AnalyserWork()].nanoseconds += spent
      if isFailed {
        works[analyser, default: AnalyserWork()].failed += 1
      } else {
        works[analyser, default: AnalyserWork()].pictures += 1
      }
    }
  }

  func noteFailed() { failedCount.add(1, ordering: .relaxed) }
}

/// What analysers count by names that are found only then: of all cameras, with a bound on how many names there are. Any
/// thread may use it.
package final class AnalysisTallies: Sendable {
  /// Names of a tally; those that come after them are counted as `other`.
  package static let namesMax = 100
  package static let other = "other"

  private let counts = Mutex<[String: [String: Int]]>([:])

  func note(_ report: AnalysisReport) {
    guard !report.tallies.isEmpty else { return }
    counts.withLock { counts in
      for (tally, found) in report.tallies {
        // In the order of the alphabet: which of them are the last that have a place is the same each time.
        for (name, count) in found.sorted(by: { $0.key < $1.key }) {
          let known = counts[tally, default: [:]]
          let isKnown = known[name] != nil
          let hasPlace = known.keys.count { $0 != Self.other } < Self.namesMax
          counts[tally, default: [:]][isKnown || hasPlace ? name : Self.other, default: 0] += count
        }
      }
    }
  }

  /// What was counted, by name.
  package func counts(of tally: String) -> [(name: String, count: Int)] {
    counts.withLock { $0[tally] ?? [:] }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
