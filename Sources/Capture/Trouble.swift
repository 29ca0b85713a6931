import Logging
import Meters
import Threads

/// A camera's trouble, told so that each change is read once and repeats do not fill the log. Used by
/// the camera's thread.
final class Trouble {
  /// The same sentence is told again after this long, with a count.
  private static let quietNanoseconds: UInt64 = 600_000_000_000
  /// A camera that streamed this long before it failed is told of anew.
  private static let steadyNanoseconds: UInt64 = 5_000_000_000
  private static let sentencesMax = 64

  private let meters: CameraMeters
  private let logger: Logger
  private(set) var failures = 0
  private var told: [String: (time: UInt64, repeats: Int)] = [:]
  private var recoveredAt: UInt64?
  /// Open while there is trouble, so that nothing announced between two looks is missed.
  private(set) var hotplug: Hotplug?

  init(meters: CameraMeters, logger: Logger) {
    self.meters = meters
    self.logger = logger
  }

  func report(_ error: CaptureError) {
    if let recoveredAt, Clock.monotonic - recoveredAt >= Self.steadyNanoseconds {
      told.removeAll()
    }
    recoveredAt = nil
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
    say(.error, text)
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
    if isReturn { say(.notice, "the camera is back") }
    failures = 0
    hotplug = nil
    recoveredAt = Clock.monotonic
  }

  /// Logs a sentence; the same one again only after a while.
  func say(_ level: Logger.Level, _ text: String) {
    let now = Clock.monotonic
    if let last = told[text], now - last.time < Self.quietNanoseconds {
      told[text] = (last.time, last.repeats + 1)
      logger.debug("\(text)")
      return
    }
    let repeats = told[text]?.repeats ?? 0
    logger.log(
      level: level, "\(text)\(repeats > 0 ? " (\(repeats) more times since last told)" : "")")
    if told.count >= Self.sentencesMax { told.removeAll() }
    told[text] = (now, 0)
  }
}
