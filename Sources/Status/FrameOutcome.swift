package import Meters

/// What became of one camera's frames lately: by this a camera is judged, not by whether it streams.
package struct FrameOutcome: Sendable, Equatable {
  /// Why frames did not get through.
  package enum Cause: Hashable, Sendable {
    case dropped(DropReason)
    /// No broker will ever take them.
    case dead
    /// Captured and never booked: a fault of the agent.
    case unbooked
    /// The driver lost them before they were captured.
    case lostByDriver

    /// As in the ledger, or beside it.
    package var name: String {
      switch self {
      case .dropped(let reason): reason.rawValue
      case .dead: "dead"
      case .unbooked: "in_pipeline"
      case .lostByDriver: CameraMeters.lostByDriver
      }
    }
  }

  /// The seconds that this covers.
  package var seconds = 0.0
  /// Frames that were captured, or that the driver lost, and are not left out by intention.
  package var wanted = 0
  package var delivered = 0
  /// Given up though nobody wanted that: of these frames, or of older ones that waited.
  package var lost = 0
  /// Those of them that the driver lost.
  package var lostByDriver = 0
  /// What took most of those.
  package var cause: Cause?
  /// What was last said of that cause.
  package var detail: String?

  package init() {}

  /// Of the frames that were to get through, 0…1.
  package var share: Double {
    lost > 0 ? min(1, Double(lost) / Double(max(wanted, 1))) : 0
  }

  /// Frames a second that are lost.
  package var rate: Double { seconds > 0 ? Double(lost) / seconds : 0 }

  /// The same of frames that were captured.
  package var rateOfCaptured: Double {
    seconds > 0 ? Double(lost - lostByDriver) / seconds : 0
  }

  /// Whether next to none gets through: neither what is captured, nor what was.
  package var isTotal: Bool {
    share > 0.95
      && (cause == .dropped(.corrupt) || Double(delivered) <= 0.05 * Double(max(wanted, 1)))
  }
}

extension DropReason {
  /// Whether frames are left out so because somebody wanted it.
  var isIntended: Bool {
    switch self {
    case .rate, .still, .topicOff, .discarded: true
    case .decimated, .corrupt, .oversize, .quota, .overload, .age, .ioError, .shutdown, .crash:
      false
    }
  }
}

extension DropReason {
  /// Whether frames are left out so before anybody waits for them.
  fileprivate var isLeftOut: Bool { self == .rate || self == .still || self == .topicOff }
}

extension FrameOutcome.Cause {
  /// What to do about it.
  var remedy: String {
    switch self {
    case .dropped(.corrupt):
      "check its cable, hub and driver, and whether its masks and size fit the picture"
    case .dropped(.oversize):
      "lower its quality or scale, or raise the topic's max.message.bytes"
    case .dropped(.quota): "end the outage, or raise spool.quota or delivery.memory"
    case .dropped(.overload):
      "give delivery.memory more, take a faster disk, or lower its rate or quality"
    case .dropped(.decimated): "end the outage, or raise spool.quota"
    case .dropped(.age): "end the outage, or raise delivery.age_max and spool.frames_age_max"
    case .dropped(.ioError): "mend the disk under the spool"
    case .dead:
      "no broker will ever take them: mend the topic or its policy, then see vedette spool"
    case .unbooked: "a fault of the agent: restart it and report it"
    case .lostByDriver:
      "set format: mjpeg, a smaller size or a lower rate, use a port of another USB controller, raise buffers, or relieve the processor"
    case .dropped: "the log says why"
    }
  }
}

/// Keeps what each camera's ledger said over the last half minute.
package struct OutcomeBook: Sendable {
  /// What is judged, in seconds.
  package static let window = 30.0
  /// Of the frames that were captured: where more are left out by intention, the driver's are not missed.
  private static let leftOutMax = 0.05
  /// So many frames may be on their way through the pipeline at once.
  private static let pipelineMax = 16

  private struct Sample {
    var time: Double
    var counts: LedgerCounts
    var lostByDriver: Int
    var held: Int
  }

  private var samples: [String: [Sample]] = [:]

  package init() {}

  /// Takes a camera's counts in.
  /// - Parameters:
  ///   - time: in seconds, on a clock that only goes on.
  ///   - lostByDriver: frames that the driver has lost so far.
  ///   - held: how many of those in the pipeline wait there by intention.
  ///   - details: what was last said of each cause, by its name.
  package mutating func note(
    _ camera: String, _ counts: LedgerCounts, lostByDriver: Int = 0, held: Int = 0, at time: Double,
    details: [String: String] = [:]
  ) -> FrameOutcome {
    var own =
      samples[camera] ?? [Sample(time: time, counts: LedgerCounts(), lostByDriver: 0, held: 0)]
    own.append(Sample(time: time, counts: counts, lostByDriver: lostByDriver, held: held))
    // One from before the window stays, so that all of the window is covered.
    while own.count > 2, own[1].time <= time - Self.window { own.removeFirst() }
    samples[camera] = own
    return Self.outcome(from: own[0], to: own[own.count - 1], details)
  }

  private static func outcome(
    from first: Sample, to last: Sample, _ details: [String: String]
  ) -> FrameOutcome {
    var outcome = FrameOutcome()
    outcome.seconds = last.time - first.time
    var (intended, leftOut) = (0, 0)
    var lost: [(cause: FrameOutcome.Cause, count: Int)] = []
    for reason in DropReason.allCases {
      let count =
        last.counts.dropped(reason) - last.counts.inheritedDrops(reason)
        - first.counts.dropped(reason) + first.counts.inheritedDrops(reason)
      if reason.isIntended { intended += count } else { lost.append((.dropped(reason), count)) }
      if reason.isLeftOut { leftOut += count }
    }
    lost.append((.dead, last.counts.dead - first.counts.dead))
    func unbooked(_ sample: Sample) -> Int {
      max(0, sample.counts.inPipeline - sample.held - pipelineMax)
    }
    lost.append((.unbooked, max(0, unbooked(last) - unbooked(first))))
    let captured = last.counts.capturedHere - first.counts.capturedHere
    outcome.wanted = max(0, captured - intended)
    outcome.delivered = max(0, last.counts.delivered - first.counts.delivered)
    outcome.lost = lost.reduce(0) { $0 + max(0, $1.count) }
    let most = lost.filter { $0.count > 0 }.max { $0.count < $1.count }
    outcome.cause = most?.cause
    // Where none of those that were captured gets through, that is what to mend first.
    let isHopeless = outcome.lost > 0 && outcome.share > 0.95
    if Double(leftOut) <= leftOutMax * Double(captured) {
      outcome.lostByDriver = max(0, last.lostByDriver - first.lostByDriver)
      outcome.wanted += outcome.lostByDriver
      outcome.lost += outcome.lostByDriver
      if !isHopeless, outcome.lostByDriver > most?.count ?? 0 { outcome.cause = .lostByDriver }
    }
    outcome.detail = outcome.cause.flatMap { details[$0.name] }
    return outcome
  }
}
