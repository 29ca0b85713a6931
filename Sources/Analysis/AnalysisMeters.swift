import Synchronization

package import Meters

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

  func noteAnalysed(faces: Int) {
    analysedCount.add(1, ordering: .relaxed)
    facesCount.add(faces, ordering: .relaxed)
  }

  func noteFailed() { failedCount.add(1, ordering: .relaxed) }
}
