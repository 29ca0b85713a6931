import Meters
import Testing

@testable import Status

/// A camera is judged by what becomes of its frames.
@Suite struct OutcomeTests {
  /// A box whose one camera streams 30 frames a second, and what an operator is told of it.
  private struct Watched {
    var ledger = Ledger()
    var outcomes = OutcomeBook()
    var alarms = AlarmBook()
    var box = healthyBox()
    var second = 0.0
    var lostByDriver = 0
    var held = 0

    /// Lets a second go by in which `fates` become of as many frames.
    mutating func pass(
      _ fates: [Fate], lostByDriver: Int = 0, detail: [String: String] = [:]
    ) -> [AlarmNews] {
      self.lostByDriver += lostByDriver
      for fate in fates {
        ledger.capture()
        if fate != .inPipeline { ledger.move(.inPipeline, to: fate) }
      }
      return look(detail)
    }

    mutating func look(_ detail: [String: String] = [:]) -> [AlarmNews] {
      second += 1
      box.cameras[0].counts = ledger.snapshot
      box.cameras[0].outcome = outcomes.note(
        "front", ledger.snapshot, lostByDriver: lostByDriver, held: held, at: second,
        details: detail)
      let news = alarms.update(box, now: second)
      box.alarms = alarms.raised
      return news
    }
  }

  @Test func `What waits for a motion is not missed, and what nobody books is`() {
    var watched = Watched()
    watched.held = 60
    var news = watched.pass(frames(.inPipeline, 60))
    for _ in 0..<40 { news += watched.pass(frames(.dropped(.still))) }
    #expect(news.isEmpty && watched.box.cameras[0].outcome.lost == 0)
    watched.held = 0
    _ = watched.look()
    #expect(watched.box.cameras[0].outcome.cause == .unbooked)
  }

  private func frames(_ fate: Fate, _ count: Int = 30) -> [Fate] {
    Array(repeating: fate, count: count)
  }

  @Test(
    arguments: [
      (.dropped(.corrupt), "corrupt"), (.dropped(.oversize), "oversize"), (.dead, "dead"),
      (.dropped(.ioError), "io_error"), (.dropped(.quota), "quota"), (.dropped(.age), "age"),
      (.inPipeline, "in_pipeline"),
    ] as [(Fate, String)])
  func
    `A camera that streams and none of whose frames gets through is critical, with reason and remedy`(
      fate: Fate, name: String
    ) throws
  {
    var watched = Watched()
    var news: [AlarmNews] = []
    for _ in 0..<15 { news += watched.pass(frames(fate), detail: [name: "it was so"]) }
    let alarm = try #require(news.first?.alarm)
    #expect(news.count == 1 && alarm.kind == .framesLost && alarm.subject == "front")
    #expect(watched.box.health == .critical)
    let sentence = watched.box.verdict
    #expect(sentence.hasPrefix("no frame of camera front gets through: \(name), "), "\(sentence)")
    #expect(sentence.contains("(it was so): "), "\(sentence)")
    #expect(watched.box.cameras[0].outcome.cause?.remedy.isEmpty == false)
    #expect(!Screen(watched.box).text.contains(" OK "))
    // All is well again: cleared once, after the half minute that is judged.
    news = []
    for _ in 0..<100 { news += watched.pass(frames(.delivered)) }
    #expect(news.map(\.isRaised) == [false])
    #expect(watched.box.health == .ok)
  }

  @Test(arguments: [(1, false), (3, true), (10, true)])
  func `One frame in thirty may be lost, three are a warning`(lost: Int, isRaised: Bool) {
    var watched = Watched()
    for _ in 0..<60 {
      _ = watched.pass(frames(.delivered, 30 - lost) + frames(.dropped(.corrupt), lost))
    }
    #expect(watched.box.alarms.map(\.severity) == (isRaised ? [.warning] : []))
    #expect(watched.box.health == (isRaised ? .warning : .ok))
  }

  @Test(arguments: [(1, nil), (3, Health.warning), (15, .warning), (600, .critical)])
  func `What the driver loses is told by its name, with the remedy, as what is lost later`(
    lost: Int, severity: Health?
  ) throws {
    var watched = Watched()
    var news: [AlarmNews] = []
    for _ in 0..<60 {
      news += watched.pass(
        frames(.delivered), lostByDriver: lost,
        detail: ["lost_by_driver": "driver uvcvideo, /dev/video0"])
    }
    #expect(watched.box.alarms.map(\.severity) == (severity.map { [$0] } ?? []))
    #expect(watched.box.health == severity ?? .ok)
    guard severity != nil else { return }
    #expect(news.count == 1 && news[0].alarm.kind == .framesLost)
    let verdict = watched.box.verdict
    for words in [
      "lost_by_driver, \(lost).0 a second (driver uvcvideo, /dev/video0): ", "format: mjpeg",
      "another USB controller",
    ] { #expect(verdict.contains(words), "\(verdict)") }
    #expect(watched.box.metrics.contains("vedette_camera_lost_ratio{camera=\"front\"} 0."))
    // Cleared once nothing is lost any more.
    news = []
    for _ in 0..<100 { news += watched.pass(frames(.delivered)) }
    #expect(news.map(\.isRaised) == [false] && watched.box.health == .ok)
  }

  @Test func `Where frames are left out anyway, those of the driver are not missed`() {
    var watched = Watched()
    for _ in 0..<60 {
      let fates = frames(.delivered, 10) + frames(.dropped(.rate), 5)
      #expect(watched.pass(fates, lostByDriver: 15).isEmpty)
    }
    #expect(watched.box.health == .ok)
  }

  @Test func `Where none of the captured frames gets through, that is told before the driver's`() {
    var watched = Watched()
    for _ in 0..<60 { _ = watched.pass(frames(.dropped(.oversize), 10), lostByDriver: 20) }
    #expect(watched.box.health == .critical)
    #expect(watched.box.verdict.hasPrefix("no frame of camera front gets through: oversize, "))
  }

  @Test(arguments: [.rate, .still, .topicOff, .discarded] as [DropReason])
  func `What is left out by intention is no loss`(reason: DropReason) {
    var watched = Watched()
    for _ in 0..<60 { #expect(watched.pass(frames(.dropped(reason))).isEmpty) }
    #expect(watched.box.health == .ok)
  }

  @Test func `Of a low publish rate all frames are lost, though they are few of those captured`() {
    var watched = Watched()
    for _ in 0..<20 {
      _ = watched.pass(frames(.dropped(.rate), 29) + frames(.dropped(.oversize), 1))
    }
    #expect(watched.box.health == .critical)
  }

  @Test(arguments: [.inMemory, .inFlight, .spooled] as [Fate])
  func `Frames that wait are not lost`(fate: Fate) {
    var watched = Watched()
    for _ in 0..<60 { #expect(watched.pass(frames(fate)).isEmpty) }
  }

  @Test func `What an earlier run left or lost is not held against this one`() {
    var watched = Watched()
    watched.ledger.enter(.spooled, count: 100_000)
    watched.ledger.enter(.dropped(.crash), count: 5000)
    watched.ledger.enter(.dropped(.corrupt), count: 5000)
    for _ in 0..<60 { #expect(watched.pass(frames(.delivered)).isEmpty) }
    // Nor does it hide what is lost now.
    watched.ledger.enter(.spooled, count: 100_000)
    for _ in 0..<20 { _ = watched.pass(frames(.dropped(.corrupt))) }
    #expect(watched.box.alarms.map(\.kind) == [.framesLost])
  }

  @Test func `Old frames that grow too old while new ones arrive are a warning, not critical`() {
    var watched = Watched()
    watched.ledger.enter(.spooled, count: 100_000)
    for _ in 0..<60 {
      watched.ledger.move(.spooled, to: .dropped(.age), count: 60)
      _ = watched.pass(frames(.delivered))
    }
    #expect(watched.box.alarms.map(\.severity) == [.warning])
  }

  @Test func `A camera with a frame a minute, all of them corrupt, is told of once`() {
    var watched = Watched()
    var news: [AlarmNews] = []
    for second in 0..<600 {
      news += watched.pass(second % 60 == 0 ? [.dropped(.corrupt)] : [])
    }
    #expect(news.map(\.isRaised) == [true])
    #expect(watched.box.health == .critical)
  }

  @Test func `A box that has delivered nothing does not say that brokers acknowledge`() {
    var box = healthyBox()
    box.cameras[0].counts = LedgerCounts()
    #expect(box.verdict == "1 of 1 cameras stream, nothing was delivered yet")
    box.cameras[0].outcome.lost = 900
    box.cameras[0].outcome.cause = .dropped(.corrupt)
    #expect(box.verdict == "0 of 1 cameras stream, nothing was delivered yet")
  }
}

/// What else can go wrong without a camera that shows it.
@Suite struct QuietLossTests {
  private func view(_ fate: Fate, _ outcomes: inout OutcomeBook, _ ledger: Ledger, at: Double)
    -> OutputView
  {
    for _ in 0..<5 {
      ledger.capture()
      ledger.move(.inPipeline, to: fate)
    }
    return OutputView(
      name: "front/annotated",
      outcome: outcomes.note(
        "front/annotated", ledger.snapshot, at: at, details: ["dead": "a policy"]))
  }

  @Test(
    arguments: [
      (.dead, "no record of front/annotated gets through: dead (a policy): "),
      (.dropped(.oversize), "no record of front/annotated gets through: oversize: "),
      (.dropped(.quota), nil), (.dropped(.discarded), nil), (.delivered, nil), (.spooled, nil),
    ] as [(Fate, String?)])
  func `What analysis makes is told where none of it gets through, though frames do`(
    fate: Fate, sentence: String?
  ) {
    var (outcomes, alarms) = (OutcomeBook(), AlarmBook())
    let ledger = Ledger()
    var box = healthyBox()
    for second in 0..<30 {
      box.outputs = [view(fate, &outcomes, ledger, at: Double(second))]
      _ = alarms.update(box, now: Double(second))
    }
    box.alarms = alarms.raised
    #expect(box.health == (sentence == nil ? .ok : .warning))
    #expect(box.alarms.map(\.subject) == (sentence == nil ? [] : ["front/annotated"]))
    if let sentence { #expect(box.verdict.hasPrefix(sentence), "\(box.verdict)") }
    // All is well again.
    for second in 30..<100 {
      box.outputs = [view(.delivered, &outcomes, ledger, at: Double(second))]
      _ = alarms.update(box, now: Double(second))
    }
    #expect(alarms.raised.isEmpty)
  }

  @Test func `An output with a record a minute, none of which gets through, is told of once`() {
    var (outcomes, alarms) = (OutcomeBook(), AlarmBook())
    let ledger = Ledger()
    var box = healthyBox()
    var news: [AlarmNews] = []
    for second in 0..<600 {
      if second % 60 == 0 {
        ledger.capture()
        ledger.move(.inPipeline, to: .dead)
      }
      let outcome = outcomes.note("events", ledger.snapshot, at: Double(second))
      box.outputs = [OutputView(name: "events", outcome: outcome)]
      news += alarms.update(box, now: Double(second))
    }
    #expect(news.map(\.isRaised) == [true])
  }

  @Test(arguments: [true, false])
  func `Analysis that stops after it has worked is told, whether it fails or hangs`(fails: Bool) {
    var (pace, alarms) = (AnalysisPace(), AlarmBook())
    var camera = AnalysisView.Camera(name: "front")
    func health(_ seconds: Range<Int>, _ change: (inout AnalysisView.Camera) -> Void) -> Health {
      var box = healthyBox()
      for second in seconds {
        change(&camera)
        pace.note(&camera, at: Double(second))
        box.analysis = AnalysisView()
        box.analysis?.cameras = [camera]
        _ = alarms.update(box, now: Double(second))
      }
      box.alarms = alarms.raised
      return box.health
    }
    #expect(health(0..<100) { $0.analysed += 1 } == .ok)
    #expect(health(100..<150) { _ in } == .ok)
    #expect(
      health(150..<250) { if fails { $0.failed += 1 } else { $0.skipped += 1 } } == .warning)
    #expect(alarms.raised.map(\.kind) == [.analysisFailing])
    #expect(health(250..<350) { $0.analysed += 1 } == .ok)
  }

  @Test(arguments: [true, false])
  func `A topic that brokers say is missing is told at once, one that only fails after a while`(
    isCertain: Bool
  ) {
    var alarms = AlarmBook()
    var box = healthyBox()
    box.delivery.blocked = [
      DeliveryView.Blocked(
        topic: "t", key: nil, age: 0, cause: nil, remedy: "create it", waiting: 0,
        isCertain: isCertain)
    ]
    #expect(alarms.update(box, now: 0).count == (isCertain ? 1 : 0))
    for second in 1..<7 { _ = alarms.update(box, now: Double(second)) }
    #expect(alarms.raised.map(\.kind) == [.topicBlocked])
  }

  @Test func `A status that is not looked after any more is no good one`() {
    var box = healthyBox()
    box.uptime = 100
    #expect(box.seen(at: 101).health == .ok && box.seen(at: 114).health == .ok)
    let old = box.seen(at: 400)
    #expect(old.health == .critical)
    #expect(old.verdict.hasPrefix("this is how the box was 5 min ago"), "\(old.verdict)")
    // Nor is one that was never looked at.
    #expect(BoxPicture().seen(at: 60).health == .critical)
  }
}

/// What is said of a spool that fills in an outage.
@Suite struct SpoolPaceTests {
  /// Lets an outage go on while 30 records of 100 kB come a second; room is made by whole files of 400 records.
  private func outage(
    seconds: Int, quota: Int, _ look: (Int, BoxPicture, [AlarmNews]) -> Void
  ) {
    var pace = SpoolPace()
    var alarms = AlarmBook()
    var (records, lost) = (0, 0)
    for second in 0..<seconds {
      records += 30
      while records * 100_000 > quota {
        records -= 400
        lost += 400
      }
      var box = healthyBox()
      box.delivery.outage = Double(second)
      var spool = SpoolView()
      spool.quota = quota
      spool.records = records
      spool.bytes = records * 100_000
      pace.note(&spool, lost: lost, at: Double(second))
      box.spool = spool
      let news = alarms.update(box, now: Double(second))
      box.alarms = alarms.raised
      look(second, box, news)
    }
  }

  @Test func `It is told when the spool will be full, then what is lost, and it stays critical`() {
    var told: [AlarmNews] = []
    var fullAt: Int?
    var (before, after): (String?, String?)
    // 200 MB: a file is a fifth of it, so that its share falls to 80 % with each.
    outage(seconds: 1200, quota: 200_000_000) { second, box, news in
      told += news
      let outage = box.alarms.first { $0.kind == .outage }?.sentence
      if second == 30 { before = outage }
      if box.spool?.isFull == true { fullAt = fullAt ?? second }
      guard let fullAt, second > fullAt else { return }
      #expect(box.health == .critical, "after \(second) s")
      #expect(box.alarms.allSatisfy { $0.severity == .critical })
      after = outage
    }
    #expect(told.map(\.alarm.kind) == [.outage, .spoolFilling])
    #expect(fullAt == 66)
    #expect(
      before?.contains("frames go to the spool, which is full in 36 s") == true, "\(before ?? "")")
    #expect(after?.contains("the spool is full, and ") == true, "\(after ?? "")")
    #expect(after?.contains("records a second are lost, the oldest first") == true)
  }

  @Test func `What is lost a second is what comes, however large the files are`() throws {
    var rates: [Double] = []
    outage(seconds: 1200, quota: 200_000_000) { second, box, _ in
      if second > 300, let rate = box.spool?.lossRate { rates.append(rate) }
    }
    // Files go whole: within one file of two minutes.
    #expect(rates.allSatisfy { abs($0 - 30) < 4 })
  }

  @Test func `An alarm that grows less grave is told so only after a while`() {
    var book = AlarmBook()
    func severity(_ wanted: Health, at second: Int) -> Health? {
      var condition = Condition(kind: .spoolFilling, severity: wanted, level: .bad)
      condition.sentence = "full"
      _ = book.update([condition], now: Double(second), wall: 0)
      return book.raised.first?.severity
    }
    #expect(severity(.warning, at: 0) == .warning)
    #expect(severity(.critical, at: 1) == .critical)
    for second in 2..<60 { #expect(severity(.warning, at: second) == .critical) }
    #expect(severity(.critical, at: 60) == .critical)
    for second in 61..<121 { #expect(severity(.warning, at: second) == .critical) }
    #expect(severity(.warning, at: 121) == .warning)
  }

  @Test func `Screen and sentence name what waits and what is on disk apart`() {
    var box = healthyBox()
    box.spool?.bytes = 17_000_000
    #expect(
      Screen(box, columns: 160).text.contains(
        "nothing waits, 17.0 MB of 2.0 GB on disk (1 % of spool.quota)"))
    box.spool?.records = 4186
    box.spool?.waitingBytes = 16_000_000
    let text = Screen(box, columns: 160).text
    #expect(
      text.contains("4186 records wait (16.0 MB), 17.0 MB of 2.0 GB on disk (1 % of spool.quota)"))
    #expect(text.contains("waiting 0 in memory, 4186 on disk"))
  }
  @Test
  func `Where the frames' own quota is nearer, it is what is told of and what is to be raised`() {
    var book = AlarmBook()
    var box = healthyBox()
    box.spool?.bytes = 205_000_000
    box.spool?.framesBytes = 198_000_000
    box.spool?.framesQuota = 200_000_000
    #expect(
      Screen(box, columns: 160).text.contains(
        "198 MB of 200 MB on disk (99 % of spool.frames_quota)"))
    _ = book.update(box, now: 0)
    #expect(book.raised.first?.sentence.contains("raise spool.frames_quota") == true)
    box.spool?.bytes = 1_990_000_000
    #expect(Screen(box, columns: 160).text.contains("of 2.0 GB on disk (100 % of spool.quota)"))

  }
}
