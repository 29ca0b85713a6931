package import Analysis
import Documents
import Frames
import Keys
import Motion
import Threads

/// Tells when something begins to move in a camera's pictures, where, and when nothing does any more.
package final class MotionAnalyser: Analyser {
  package typealias Options = MotionOptions

  package static let outputs = [
    AnalyserOutput("motion", topic: "events", type: "vedette.motion.v1", .event)
  ]
  package static let counters = [AnalyserCounter("movements", help: "Times that motion began.")]
  package static let rows = [AnalyserRow("motion", title: "Motion", empty: .words([]))]
  package static let failure = "motion is not looked for"

  private var options = MotionOptions()
  private var detector = MotionDetector()
  private var episodes = MotionEpisodes()
  /// When the motion began that goes on, in microseconds of the wall clock.
  private var since: Int64 = 0

  package init() {}

  package func adopt(_ options: MotionOptions, quality: Int) {
    // Another part of the picture has another background.
    if options.region != self.options.region { detector = MotionDetector() }
    self.options = options
  }

  package func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    let (frame, whole) = try picture.grey
    let view = try PictureView(options.region, of: frame)
    let time = picture.published.time
    var finding = detector.look(
      at: view.cut(whole), frame: view.size, time: time.monotonic)
    finding.boxes = finding.boxes.map { view.placed($0) }
    finding.share *= view.share
    report.rows["motion"] = .words([Self.words(finding)])
    guard let change = episodes.note(finding, at: time.monotonic) else { return }
    if change == .began {
      report.counts["movements"] = 1
      since = time.wall
    }
    report.records = [AnalyserRecord("motion", .json(members(change, finding)))]
  }

  private func members(
    _ change: MotionEpisodes.Change, _ finding: MotionFinding
  ) -> [(String, JSON)] {
    let state =
      switch change {
      case .began: "began"
      case .changed: "changed"
      case .ended: "ended"
      }
    return [
      ("state", .string(state)), ("since", .string(Clock.rfc3339(microseconds: since))),
      ("share", .number(finding.share)),
      (
        "boxes",
        .array(
          finding.boxes.map { box in
            .array([box.x, box.y, box.width, box.height].map { .integer($0) })
          })
      ),
    ]
  }

  private static func words(_ finding: MotionFinding) -> String {
    let count = finding.boxes.count
    guard count > 0 else { return "still" }
    let tenths = Int((finding.share * 1000).rounded())
    return "\(count) \(count == 1 ? "box" : "boxes"), \(tenths / 10).\(tenths % 10) %"
  }
}
