import Frames
import Gallery
import Keys
import Synchronization
import Threads

/// One camera's analysis: its plan, and those who look. Pictures are given to it by one worker at a time, as the pool sees
/// to.
final class CameraAnalysis: @unchecked Sendable {
  /// How long an analyser does not look after a fault that will come again, such as a model that is missing, in
  /// nanoseconds.
  private static let pauseNanoseconds: UInt64 = 30_000_000_000

  /// One analyser, with what is common to all.
  private struct Seat {
    let kind: AnalyserKind
    /// Made when it is first switched on; what it remembers outlasts its being off.
    var analyser: (any Analyser)?
    var isOn = false
    var cap: RateCap?
    var pausedUntil: UInt64 = 0

    mutating func adopt(_ options: AnyOptions?, quality: Int) {
      isOn = options != nil
      cap = nil
      pausedUntil = 0
      guard let options else { return }
      let ready = analyser ?? kind.make()
      analyser = ready
      cap = ready.adopt(any: options, quality: quality).map { RateCap(rate: $0) }
    }

    /// The analyser, where it is its turn.
    mutating func due(_ time: UInt64) -> (any Analyser)? {
      guard isOn, time >= pausedUntil, cap?.admits(time) != false else { return nil }
      return analyser
    }
  }

  private let current: Mutex<CameraPlan>
  let meters = AnalysisMeters()

  // Used by the worker whose turn it is.
  private var plan: CameraPlan
  private var seats: [Seat]

  init(_ plan: CameraPlan, _ kinds: [AnalyserKind]) {
    current = Mutex(plan)
    self.plan = plan
    seats = kinds.map { Seat(kind: $0) }
    adopt(plan)
  }

  /// Takes effect with the next picture.
  func set(_ plan: CameraPlan) { current.withLock { $0 = plan } }

  private func adopt(_ plan: CameraPlan) {
    self.plan = plan
    for index in seats.indices {
      seats[index].adopt(plan.analysers[seats[index].kind.name], quality: plan.quality)
      if seats[index].isOn { meters.begin(seats[index].kind.name) }
    }
  }

  /// - Parameter fail: is told what could not be done, and why; the rest is done all the same.
  /// - Returns: nil where nothing was due, or nothing could be done.
  func analyse(
    _ picture: PublishedPicture, with tools: AnalysisTools, fail: (AnalysisError) -> Void
  ) -> AnalysisReport? {
    let wanted = current.withLock { $0 }
    if wanted != plan { adopt(wanted) }
    let time = picture.time.monotonic
    let decoded = tools.decoded(picture)
    var report: AnalysisReport?
    for index in seats.indices {
      guard let analyser = seats[index].due(time) else { continue }
      var seen = AnalysisReport()
      let began = Clock.monotonic
      do {
        try analyser.look(at: decoded, with: tools, into: &seen)
        meters.note(seats[index].kind.name, began: began, isFailed: false)
        report = report ?? AnalysisReport()
      } catch let fault as AnalyserFault where fault.kind == .cancelled {
        break
      } catch {
        meters.noteFailed()
        meters.note(seats[index].kind.name, began: began, isFailed: true)
        var text = "\(seats[index].kind.failure): \(error)"
        if (error as? AnalyserFault)?.kind == .lasting {
          seats[index].pausedUntil = time + Self.pauseNanoseconds
          text += "; tried again in \(Self.pauseNanoseconds / 1_000_000_000) s"
        }
        fail(AnalysisError(text))
        if !seen.records.isEmpty { report = report ?? AnalysisReport() }
      }
      report?.add(seen)
    }
    return report
  }
}
