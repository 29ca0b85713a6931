/// Whether analysis gets anywhere: that it once did says nothing of now.
package struct AnalysisPace: Sendable {
  /// What is judged, in seconds.
  package static let window = 60.0

  private struct Sample {
    var time: Double
    var analysed: Int
    /// Failed, or given way to newer ones that then waited in vain.
    var lost: Int
  }

  private var samples: [String: [Sample]] = [:]

  package init() {}

  /// - Parameter time: in seconds, on a clock that only goes on.
  package mutating func note(_ camera: inout AnalysisView.Camera, at time: Double) {
    var own = samples[camera.name] ?? []
    own.append(
      Sample(time: time, analysed: camera.analysed, lost: camera.failed + camera.skipped))
    // One from before the window stays, so that all of the window is covered.
    while own.count > 2, own[1].time <= time - Self.window { own.removeFirst() }
    samples[camera.name] = own
    guard let first = own.first, time - first.time >= Self.window else { return }
    camera.isFailing =
      camera.analysed == first.analysed && camera.failed + camera.skipped > first.lost
  }
}
