import Frames
package import Meters
import Synchronization
import Threads

/// What is counted of the analysis of a camera. Any thread may read.
package final class AnalysisMeters: Sendable {
  private let analysedCount = Atomic<Int>(0)
  private let failedCount = Atomic<Int>(0)
  private let counts = Mutex<[String: Int]>([:])
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

  func noteFailed() { failedCount.add(1, ordering: .relaxed) }
}
