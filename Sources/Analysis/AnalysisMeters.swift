import Faces
import Frames
package import Meters
import Synchronization
import Threads

/// What is counted of the analysis of a camera. Any thread may read.
package final class AnalysisMeters: Sendable {
  private let analysedCount = Atomic<Int>(0)
  private let failedCount = Atomic<Int>(0)
  private let facesCount = Atomic<Int>(0)
  /// Capture to report.
  package let latency = LatencyHistogram()
  /// On the worker.
  package let time = LatencyHistogram()

  /// Pictures that were looked at.
  package var analysed: Int { analysedCount.load(ordering: .relaxed) }
  /// Pictures that could not be looked at: damaged, or a model is missing.
  package var failed: Int { failedCount.load(ordering: .relaxed) }
  /// Faces that were found by searching.
  package var faces: Int { facesCount.load(ordering: .relaxed) }

  /// - Parameter began: when the worker took the picture up, nanoseconds of CLOCK_MONOTONIC.
  func note(_ report: AnalysisReport, _ captured: FrameTime, began: UInt64) {
    let now = Clock.monotonic
    time.record(microseconds: (now - began) / 1000)
    latency.record(microseconds: (now - min(now, captured.monotonic)) / 1000)
    analysedCount.add(1, ordering: .relaxed)
    if let faces = report.faces, faces.work == .detected {
      facesCount.add(faces.faces.count, ordering: .relaxed)
    }
  }

  func noteFailed() { failedCount.add(1, ordering: .relaxed) }
}
