import Meters

extension BoxPicture {
  /// A camera that streams and yet gave no good frame for so many seconds is as good as lost.
  private static let frameAgeMax = 10.0
  /// No agent was made before 2025: a clock that says so is wrong. Microseconds since 1970.
  private static let wallMin: Int64 = 1_735_689_600_000_000
  /// What NTP may take after a start, in seconds.
  private static let synchronisationTime = 900.0
  /// Of the frames of half a minute: above the first the alarm is raised, below the second cleared.
  private static let lossHigh = 0.05
  private static let lossLow = 0.03
  /// Of the spool's quota: above the first the alarm is raised, below the second cleared.
  private static let spoolHigh = 0.8
  private static let spoolLow = 0.7
  private static let spoolFull = 0.95
  /// Of the disk, in bytes.
  private static let diskLow = 256 << 20
  private static let diskEnough = 512 << 20

  /// Before a certificate expires, in microseconds: two weeks.
  private static let certificateTime: Int64 = 14 * 86_400 * 1_000_000

  /// For how long it is told that messages were skipped, in microseconds: a day.
  private static let skippedTime: Int64 = 86_400 * 1_000_000

  /// All that may become an alarm, as it is now.
  var conditions: [Condition] {
    cameras.map(Self.lost) + cameras.map(Self.losing) + outputs.map(Self.losing) + [
      outageCondition, blockedCondition, diskCondition, clockCondition,
    ]
      + (spool.map { [Self.filling($0)] } ?? []) + (analysis?.cameras.map(failing) ?? [])
      + [certificateCondition]
      + (control.map { [Self.silent($0), Self.unavailable($0), skipping($0)] } ?? [])
      + configuration.conditions
  }

  private static func lost(_ camera: CameraView) -> Condition {
    var condition = Condition(
      kind: .cameraLost, subject: camera.name, severity: .critical, level: .good, raiseAfter: 5,
      clearAfter: 5)
    switch camera.state {
    case .ended, .stopped: break
    case .streaming:
      guard let age = camera.lastFrameAge, age > frameAgeMax else { break }
      condition.level = .bad
      condition.sentence =
        "camera \(camera.name) has given no good frame for \(Wording.duration(age)): look at it"
    case .opening, .noDevice, .noData, .failed:
      condition.level = .bad
      let detail = camera.detail ?? camera.state.rawValue.replacing("_", with: " ")
      let isTold = detail.contains(camera.name)
      condition.sentence =
        isTold ? "camera lost: \(detail)" : "camera \(camera.name) is lost: \(detail)"
    }
    return condition
  }

  /// A camera is judged by what becomes of its frames.
  private static func losing(_ camera: CameraView) -> Condition {
    let outcome = camera.outcome
    var condition = Condition(
      kind: .framesLost, subject: camera.name, severity: .warning, level: .good, raiseAfter: 10,
      clearAfter: 10)
    // Where nothing was to get through and nothing was lost there is nothing to judge by.
    if outcome.wanted == 0, outcome.lost == 0, camera.state == .streaming {
      condition.level = .between
    }
    guard let cause = outcome.cause, outcome.share > lossLow else { return condition }
    condition.level = outcome.share > lossHigh ? .bad : .between
    let why = outcome.detail.map { " (\($0))" } ?? ""
    let reason = "\(cause.name), \(Wording.tenths(outcome.rate)) a second\(why): \(cause.remedy)"
    if outcome.isTotal {
      condition.severity = .critical
      condition.raiseAfter = 5
      condition.sentence = "no frame of camera \(camera.name) gets through: \(reason)"
    } else {
      condition.sentence =
        "camera \(camera.name) loses \(Wording.percent(outcome.share)) of its frames: \(reason)"
    }
    return condition
  }

  /// What is no frame is judged where all of it is lost for a fault of its own: outages and full disks are told as such.
  private static func losing(_ output: OutputView) -> Condition {
    var condition = Condition(
      kind: .framesLost, subject: output.name, severity: .warning, level: .good, raiseAfter: 10,
      clearAfter: 10)
    let outcome = output.outcome
    // What is sent seldom is not well again by sending nothing.
    if outcome.wanted == 0, outcome.lost == 0 { condition.level = .between }
    switch outcome.cause {
    case .dead, .unbooked, .dropped(.oversize), .dropped(.corrupt): break
    case .dropped, .lostByDriver, nil: return condition
    }
    guard outcome.share > 0.95, let cause = outcome.cause else { return condition }
    condition.level = .bad
    let why = outcome.detail.map { " (\($0))" } ?? ""
    condition.sentence =
      "no record of \(output.name) gets through: \(cause.name)\(why): \(cause.remedy)"
    return condition
  }

  private var outageCondition: Condition {
    var condition = Condition(
      kind: .outage, severity: .critical, level: .good, clearAfter: 3)
    guard let outage = delivery.outage else { return condition }
    // What goes to a spool that works is not lost.
    let isKept = spool.map { $0.fault == nil } ?? false
    condition.severity = isKept && spool?.isFull != true ? .warning : .critical
    condition.level = .bad
    let fate = isKept ? spool.map(Self.fate) ?? "" : lossInMemory
    let cause = delivery.error.map { " (\($0))" } ?? ""
    condition.sentence =
      "no broker has acknowledged for \(Wording.duration(outage))\(cause); \(fate): check network and brokers"
    return condition
  }

  /// What becomes of frames in an outage, with a spool that works.
  private static func fate(_ spool: SpoolView) -> String {
    if spool.isFull { return lossWords(spool) }
    guard let time = spool.timeToFull else { return "frames go to the spool" }
    return "frames go to the spool, which is full in \(Wording.duration(time))"
  }

  private static func lossWords(_ spool: SpoolView) -> String {
    "the spool is full, and \(Wording.tenths(spool.lossRate)) records a second are lost, the oldest first"
  }

  private var lossInMemory: String {
    let rate = cameras.reduce(0) { $0 + $1.outcome.rateOfCaptured }
    return rate > 0
      ? "memory is full, and \(Wording.tenths(rate)) frames a second are lost, the oldest first"
      : "the oldest frames are lost when memory is full"
  }

  private var blockedCondition: Condition {
    var condition = Condition(
      kind: .topicBlocked, severity: .critical, level: .good, raiseAfter: 5, clearAfter: 5)
    let blocked = delivery.blocked
    guard
      let first = blocked.max(by: {
        ($0.isCertain ? 1 : 0, $0.age) < ($1.isCertain ? 1 : 0, $1.age)
      })
    else { return condition }
    // What brokers have said needs no time to show.
    if first.isCertain { condition.raiseAfter = 0 }
    let isKept = spool.map { $0.fault == nil } ?? false
    condition.severity = isKept ? .warning : .critical
    condition.level = .bad
    let cause = first.cause.map { " (\($0))" } ?? ""
    let more =
      blocked.count > 1 ? "; and \(blocked.count - 1) more like it" : ""
    let fate = isKept ? "its records wait in the spool" : "its oldest records are lost first"
    condition.sentence = "\(first.remedy)\(cause); \(fate), all others are sent\(more)"
    return condition
  }

  private static func filling(_ spool: SpoolView) -> Condition {
    var condition = Condition(kind: .spoolFilling, severity: .warning, level: .between)
    if spool.share > spoolHigh { condition.level = .bad }
    if spool.share < spoolLow { condition.level = .good }
    let remedy = "end the outage or raise \(spool.nearestLimit.option)"
    if spool.share > spoolFull { condition.severity = .critical }
    // Room is made by whole files: what is full stays so until nothing had to go for a while.
    if spool.isFull, spool.share > spoolLow {
      condition.level = .bad
      condition.severity = .critical
      condition.sentence = "\(lossWords(spool)): \(remedy)"
      return condition
    }
    let time = spool.timeToFull.map { " and will be full in \(Wording.duration($0))" } ?? ""
    condition.sentence =
      "the spool is \(Wording.percent(spool.share)) full\(time); then the oldest frames are lost: \(remedy)"
    return condition
  }

  private var diskCondition: Condition {
    var condition = Condition(
      kind: .diskFailing, severity: .critical, level: .good, clearAfter: 5)
    if let fault = spool?.fault {
      condition.level = .bad
      condition.sentence = "the spool cannot be used: \(fault)"
    } else if let free = system.diskFree, free < Self.diskEnough {
      condition.severity = .warning
      condition.level = free < Self.diskLow ? .bad : .between
      condition.sentence = "the disk has only \(Wording.bytes(free)) left: make room"
    }
    return condition
  }

  private var clockCondition: Condition {
    var condition = Condition(
      kind: .clockWrong, severity: .warning, level: .good, clearAfter: 5)
    if wall < Self.wallMin {
      condition.level = .bad
      condition.sentence =
        "the clock is years behind, and so are the times of frames: set it, and let NTP keep it"
    } else if system.isSynchronised == false {
      condition.level = .bad
      condition.raiseAfter = Self.synchronisationTime
      condition.sentence =
        "the clock is not synchronised: start systemd-timesyncd or chrony, and let it reach a server"
    }
    return condition
  }

  private var certificateCondition: Condition {
    var condition = Condition(kind: .certificateExpiring, severity: .warning, level: .good)
    guard let first = certificates.min(by: { $0.expires < $1.expires }),
      first.expires - wall < Self.certificateTime
    else { return condition }
    condition.level = .bad
    if first.expires <= wall {
      condition.severity = .critical
      condition.sentence =
        "a certificate of \(first.path) has expired: put a new one there and restart"
    } else {
      let rest = Double(first.expires - wall) / 1e6
      condition.sentence =
        "a certificate of \(first.path) expires in \(Wording.duration(rest)): put a new one there and restart"
    }
    return condition
  }

  private static func silent(_ control: ControlView) -> Condition {
    var condition = Condition(
      kind: .controlSilent, severity: .warning, level: control.isSilent ? .bad : .good)
    condition.sentence =
      "nothing signed comes on \(control.topic): somebody may be keeping commands back, or nobody sends any"
    return condition
  }

  private static func unavailable(_ control: ControlView) -> Condition {
    var condition = Condition(kind: .controlUnavailable, severity: .warning, level: .good)
    guard let fault = control.fault else { return condition }
    condition.level = .bad
    condition.sentence = "the box cannot be commanded, and it is tried again: \(fault)"
    return condition
  }

  /// Nobody else tells that a command may be missing, so it stays for a day.
  private func skipping(_ control: ControlView) -> Condition {
    var condition = Condition(kind: .controlSkipped, severity: .warning, level: .good)
    // Either way: the clock may have been set since.
    guard let skipped = control.skipped, abs(wall - skipped.at) < Self.skippedTime else {
      return condition
    }
    condition.level = .bad
    condition.sentence =
      "messages on \(control.topic) killed whatever read them and were skipped (partition \(skipped.partition), offsets \(skipped.from) to \(skipped.to)): find out who wrote them; commands among them are to be sent again"
    return condition
  }

  private func failing(_ camera: AnalysisView.Camera) -> Condition {
    var condition = Condition(
      kind: .analysisFailing, subject: camera.name, severity: .warning, level: .good,
      raiseAfter: 5, clearAfter: 5)
    if camera.failed > 0 && camera.analysed == 0 || camera.isFailing {
      condition.level = .bad
      condition.sentence =
        "no picture of camera \(camera.name) could be analysed (\(camera.failed) failed): the log says why; are the models installed?"
    }
    return condition
  }
}

extension ConfigurationView {
  fileprivate var conditions: [Condition] {
    var files = Condition(kind: .configurationRejected, severity: .warning, level: .good)
    if let fault {
      files.level = .bad
      files.sentence =
        "the configuration's files are wrong, and the box goes on with what it read before: \(fault): mend them and reload"
    }
    var byCamera: [String: Condition] = [:]
    for override in unapplied where byCamera[override.camera] == nil {
      var condition = Condition(
        kind: .overrideNotApplied, subject: override.camera,
        severity: override.camera.isEmpty ? .warning : .critical, level: .bad)
      condition.sentence = override.sentence
      byCamera[override.camera] = condition
    }
    return [files] + byCamera.values
  }
}
