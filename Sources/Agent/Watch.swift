import Control
import Delivery
import Documents
import Frames
import Logging
import Meters
import Settings
import Spool
import Status
import Synchronization
import Threads

/// Looks once a second how the box is, tells what is wrong by the log and by events, and keeps the picture for
/// whoever asks. On a thread of its own: a disk that does not answer holds up nothing else.
final class Watch: StatusSource, Service {
  private static let intervalMilliseconds: Int32 = 1000
  /// How often the system is asked, which costs more than all else together.
  private static let systemNanoseconds: UInt64 = 5_000_000_000
  /// The spool's way down is measured over so many looks.
  private static let samplesMax = 10
  private struct Sample {
    var time: Double
    var records: Int
    var replayedBytes: Int
  }

  private let agent: Agent
  private let logger: Logger
  private let probe: SystemProbe
  private let lastSystem = Mutex((next: UInt64(0), view: SystemView()))
  private let certificates: CertificateProbe
  private let began = Clock.monotonic
  private let kept: Mutex<BoxPicture>
  private let past = Mutex(History())
  private let stopping = Flag()
  private let signal = EventSignal()
  private let thread = Mutex<NamedThread?>(nil)

  init(_ agent: Agent, logger: Logger) {
    self.agent = agent
    self.logger = logger
    probe = SystemProbe(folder: agent.assembly.spool?.folder ?? "/")
    certificates = CertificateProbe(agent.assembly.connection.properties)
    kept = Mutex(BoxPicture())
    kept.withLock { $0.node = agent.identity.node }
  }

  let name = "watch"
  // It may wait for a disk: whatever it waits for, all frames are safe by then.
  let patience = StopPatience.beside(sends: false)

  /// Without it the agent does its work all the same.
  func start() {
    do {
      let started = try NamedThread("status") { [self] in run() }
      thread.withLock { $0 = started }
    } catch {
      logger.error("there is no status, and no alarm: \(error)")
    }
  }

  /// Tells nothing more.
  func beginStop() {
    _ = stopping.set(true)
    signal.set()
  }

  func stop(seconds: Double) {
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
  }

  var picture: BoxPicture {
    kept.withLock { $0 }.seen(at: Double(Clock.monotonic - began) / 1e9)
  }

  var json: String { picture.json.line }

  /// Not those of the last look, but of this moment.
  var ledgers: String {
    JSON.object([
      (
        "ledgers",
        .object(
          agent.allMeters.map { ($0.name, JSON.object($0.ledger.snapshot.members)) })
      )
    ]).line
  }

  var history: History { past.withLock { $0 } }

  func still(of camera: String) -> (any Still)? { agent.latestPicture(of: camera) }

  private func run() {
    var book = AlarmBook()
    var samples: [Sample] = []
    var outcomes = OutcomeBook()
    var pace = SpoolPace()
    var analysing = AnalysisPace()
    while !stopping.value {
      var picture = look(&samples)
      judge(&picture, &outcomes, &pace)
      if var analysis = picture.analysis {
        for index in analysis.cameras.indices {
          analysing.note(&analysis.cameras[index], at: picture.uptime)
        }
        picture.analysis = analysis
      }
      for news in book.update(picture, now: picture.uptime) { tell(news) }
      picture.alarms = book.raised
      let seen = picture
      kept.withLock { $0 = seen }
      past.withLock { $0.note(seen) }
      signal.wait(milliseconds: Self.intervalMilliseconds)
    }
  }

  /// Completes the picture by what only time tells: what became of frames, and how the spool fills.
  private func judge(
    _ picture: inout BoxPicture, _ outcomes: inout OutcomeBook, _ pace: inout SpoolPace
  ) {
    for (index, meters) in agent.meters.enumerated() where picture.cameras.indices.contains(index) {
      picture.cameras[index].outcome = outcomes.note(
        meters.name, picture.cameras[index].counts,
        lostByDriver: picture.cameras[index].lostByDriver, held: picture.cameras[index].held,
        at: picture.uptime, details: meters.frames.lossDetails)
    }
    picture.outputs = agent.otherMeters.map { meters in
      OutputView(
        name: meters.name,
        outcome: outcomes.note(
          meters.name, meters.ledger.snapshot, at: picture.uptime,
          details: meters.lossDetails))
    }
    guard var spool = picture.spool, spool.fault == nil else { return }
    let ledgers = agent.meters.map(\.frames) + agent.delivery.otherMeters
    let lost = ledgers.reduce(0) { sum, meters in
      let counts = meters.ledger.snapshot
      return sum
        + [DropReason.quota, .decimated].reduce(0) {
          $0 + counts.dropped($1) - counts.inheritedDrops($1)
        }
    }
    pace.note(&spool, lost: lost, at: picture.uptime)
    picture.spool = spool
  }

  /// Each alarm is a line in the log and an event, when it is raised and when it is cleared.
  private func tell(_ news: AlarmNews) {
    let alarm = news.alarm
    let level: Logger.Level =
      !news.isRaised ? .notice : alarm.severity == .critical ? .error : .warning
    var metadata: Logger.Metadata = ["alarm": "\(alarm.kind.rawValue)"]
    let isOfCamera = agent.meters.contains { $0.name == alarm.subject }
    if !alarm.subject.isEmpty {
      metadata[isOfCamera ? "camera" : "output"] = "\(alarm.subject)"
    }
    let sentence = news.isRaised ? "alarm: \(alarm.sentence)" : "alarm cleared"
    logger.log(level: level, "\(sentence)", metadata: metadata)
    let state = news.isRaised ? "raised" : "cleared"
    agent.announce(
      .alarm, camera: isOfCamera ? alarm.subject : "",
      [("state", .string(state))] + alarm.members)
  }

  private func look(_ samples: inout [Sample]) -> BoxPicture {
    let now = Clock.monotonic
    var picture = BoxPicture()
    picture.node = agent.identity.node
    picture.version = Version.text
    picture.wall = Clock.wall
    picture.uptime = Double(now - began) / 1e9
    picture.cameras = agent.meters.map { CameraView($0, now: now) }
    let delivery = agent.delivery.picture
    picture.delivery = DeliveryView(delivery, agent.assembly, now: now)
    picture.spool = spool(delivery, &samples, uptime: picture.uptime)
    picture.analysis = agent.analysisView
    picture.gallery = agent.galleryView
    let standing = agent.reconfigurer.standing
    let overlay = standing.inForce == [:] ? nil : standing.inForce
    picture.control = agent.commanded?.view(overlay: overlay)
    picture.configuration = ConfigurationView(standing)
    picture.certificates = certificates.look(now)
    picture.system = lastSystem.withLock { last in
      if now >= last.next { last = (now + Self.systemNanoseconds, probe.look()) }
      return last.view
    }
    return picture
  }

  private func spool(
    _ delivery: DeliveryPicture, _ samples: inout [Sample], uptime: Double
  ) -> SpoolView? {
    guard let use = agent.assembly.spool else { return nil }
    var view = SpoolView()
    view.folder = use.folder
    view.fault = delivery.spoolFault
    view.quota = Int(clamping: use.store.quotaBytes)
    guard let seen = agent.delivery.spoolPicture else { return view }
    view.bytes = seen.bytes
    view.quota = seen.quotaBytes
    view.deadRecords = seen.deadRecords
    view.framesBytes = seen.classes[.frames]?.bytes ?? 0
    view.framesQuota = use.store.classQuotaBytes[.frames].map { Int(clamping: $0) }
    view.records = seen.records
    view.waitingBytes = seen.bytesWaiting
    view.oldestAge = seen.classes.values.compactMap(\.oldestAge).max()
    if delivery.outageSince != nil { samples.removeAll() }
    samples.append(
      Sample(
        time: uptime, records: view.records, replayedBytes: delivery.replayedBytes))
    if samples.count > Self.samplesMax { samples.removeFirst() }
    guard let first = samples.first, view.records > 0, first.records > view.records,
      uptime > first.time
    else { return view }
    let rate = Double(first.records - view.records) / (uptime - first.time)
    let replayed = delivery.replayedBytes - first.replayedBytes
    view.replayRate = replayed > 0 ? Double(replayed) / (uptime - first.time) : nil
    view.timeToEmpty = Double(view.records) / rate
    return view
  }
}

extension CameraView {
  fileprivate init(_ meters: CameraMeters, now: UInt64) {
    self.init(name: meters.name)
    let seen = meters.current
    state = seen.state
    detail = seen.detail
    device = seen.device
    asked = seen.requested
    negotiated = seen.negotiated
    measuredRate = seen.measuredRate
    lastFrameAge = seen.lastFrame.map { Double(now - min(now, $0)) / 1e9 }
    // First, for what is let go meanwhile is then missed on neither side.
    held = meters.held
    counts = meters.ledger.snapshot
    latency = Timing(meters.frames.latency)
    encode = Timing(meters.encodeTime)
    lostByDriver = seen.lostByDriver
    flaggedByDriver = seen.flaggedByDriver
    repaired = seen.repaired
    reopened = seen.reopened
  }
}

extension ConfigurationView {
  fileprivate init(_ state: Reconfigurer.State) {
    self.init()
    fault = state.fault
    unapplied = state.unapplied.map { Unapplied(camera: $0.camera, sentence: $0.sentence) }
  }
}
