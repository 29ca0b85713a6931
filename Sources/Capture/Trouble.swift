import Frames
import Logging
import Meters
import Threads

/// A camera's trouble, told so that each change is read once and repeats do not fill the log. Used by
/// the camera's thread.
final class Trouble {
  /// The same sentence is told again after this long, with a count.
  private static let quietNanoseconds: UInt64 = 600_000_000_000
  /// How often in that time it is told all the same, where the camera had come back in between.
  private static let returnsToldMax = 5
  private static let sentencesMax = 64

  private struct Sentence {
    var since: UInt64
    var tellings = 1
    var repeats = 0
  }

  private let meters: CameraMeters
  private let logger: Logger
  private(set) var failures = 0
  /// How long the camera may be silent.
  var patience: Patience
  /// A size that masks do not fit and for which the camera was opened again already.
  var sizeReopenedFor: FrameSize?
  private var told: [String: Sentence] = [:]
  private var hasRecovered = false
  /// Open while there is trouble, so that nothing announced between two looks is missed.
  private(set) var hotplug: Hotplug?

  init(meters: CameraMeters, logger: Logger, patience: Patience = Patience(configured: nil)) {
    self.patience = patience
    self.meters = meters
    self.logger = logger
  }

  func report(_ error: CaptureError) {
    failures += 1
    if hotplug == nil { hotplug = Hotplug() }
    let text = error.description
    meters.update { picture in
      picture.detail = text
      picture.measuredRate = 0
      picture.state =
        switch error.code {
        case .absent: .noDevice
        case .silent: .noData
        case .denied, .unsuitable, .failed: .failed
        }
    }
    say(.error, text, isChange: hasRecovered)
    hasRecovered = false
  }

  /// A device was announced: waits are short again.
  func expectReturn() { failures = min(failures, 1) }

  /// A good frame has come, the first of its stream.
  func recovered() {
    let isReturn = failures > 0
    meters.update { picture in
      picture.state = .streaming
      picture.detail = nil
      if isReturn { picture.reopened += 1 }
    }
    if isReturn { say(.notice, "the camera is back", isChange: true) }
    failures = 0
    hotplug = nil
    hasRecovered = true
  }

  /// Logs a sentence; the same one again only after a while.
  /// - Parameter isChange: whether it tells something new even where it was told lately.
  func say(_ level: Logger.Level, _ text: String, isChange: Bool = false) {
    let now = Clock.monotonic
    if var last = told[text], now - last.since < Self.quietNanoseconds {
      if isChange, last.tellings < Self.returnsToldMax {
        last.tellings += 1
        logger.log(level: level, "\(text)")
      } else {
        last.repeats += 1
        logger.debug("\(text)")
      }
      told[text] = last
      return
    }
    let repeats = told[text]?.repeats ?? 0
    logger.log(
      level: level, "\(text)\(repeats > 0 ? " (\(repeats) more times since last told)" : "")")
    if told.count >= Self.sentencesMax { told.removeAll() }
    told[text] = Sentence(since: now)
  }
}
