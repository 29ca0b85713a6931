import Meters
import Testing

@testable import Status

/// A box with one camera that streams, a broker that acknowledges, and a spool.
func healthyBox() -> BoxPicture {
  var box = BoxPicture()
  box.node = "door-1"
  box.version = "0.1.0"
  box.wall = 1_790_000_000_000_000
  box.uptime = 11_520
  var camera = CameraView(name: "front")
  camera.state = .streaming
  camera.asked = StreamSetting(format: "mjpeg", width: 1280, height: 720, rate: 30)
  camera.negotiated = StreamSetting(format: "mjpeg", width: 1280, height: 720, rate: 30)
  camera.measuredRate = 29.97
  camera.lastFrameAge = 0.02
  let ledger = Ledger()
  for _ in 0..<900 {
    ledger.capture()
    ledger.move(.inPipeline, to: .delivered)
  }
  camera.counts = ledger.snapshot
  (camera.outcome.seconds, camera.outcome.wanted, camera.outcome.delivered) = (30, 900, 900)
  box.cameras = [camera]
  box.delivery.brokers = ["kafka-1:9092"]
  box.delivery.bytesMax = 32 << 20
  var spool = SpoolView()
  spool.quota = 2_000_000_000
  box.spool = spool
  box.system.isSynchronised = true
  box.system.diskFree = 12_300_000_000
  box.system.residentBytes = 23_000_000
  return box
}

@Suite struct AlarmTests {
  @Test func `A healthy box raises nothing and says so`() {
    var book = AlarmBook()
    var box = healthyBox()
    for second in 0..<100 { #expect(book.update(box, now: Double(second)).isEmpty) }
    box.alarms = book.raised
    #expect(box.health == .ok)
    #expect(box.verdict == "1 of 1 cameras stream, brokers acknowledge")
  }

  @Test func `A camera that is gone is told once after five seconds, and its return once`() {
    var book = AlarmBook()
    var box = healthyBox()
    box.cameras[0].state = .noDevice
    box.cameras[0].detail = "/dev/video0 is not there"
    var news: [(Int, AlarmNews)] = []
    for second in 0..<60 {
      if second == 30 { box = healthyBox() }
      news += book.update(box, now: Double(second)).map { (second, $0) }
    }
    #expect(news.map(\.0) == [5, 35])
    #expect(news.map(\.1.isRaised) == [true, false])
    #expect(news[0].1.alarm.severity == .critical)
    #expect(news[0].1.alarm.sentence == "camera front is lost: /dev/video0 is not there")
  }

  @Test func `A camera that flaps is lost once, not each time`() {
    var book = AlarmBook()
    var raised = 0
    for second in 0..<300 {
      var box = healthyBox()
      // Bad for eight seconds, good for two, again and again.
      if second % 10 < 8 { box.cameras[0].state = .noData }
      raised += book.update(box, now: Double(second)).count { $0.isRaised }
    }
    #expect(raised == 1)
    #expect(book.raised.count == 1)
  }

  @Test func `A camera that streams without a good frame is lost too`() {
    var book = AlarmBook()
    var box = healthyBox()
    box.cameras[0].lastFrameAge = 60
    _ = book.update(box, now: 0)
    #expect(book.update(box, now: 5).first?.alarm.kind == .cameraLost)
  }

  @Test(arguments: [CameraState.ended, .stopped])
  func `A camera that was to end is not lost`(state: CameraState) {
    var book = AlarmBook()
    var box = healthyBox()
    box.cameras[0].state = state
    box.cameras[0].lastFrameAge = 1000
    _ = book.update(box, now: 0)
    #expect(book.update(box, now: 100).isEmpty)
  }

  @Test func `An outage is a warning while a spool takes frames, and critical where none does`() {
    var box = healthyBox()
    box.delivery.outage = 12
    var book = AlarmBook()
    #expect(book.update(box, now: 0).first?.alarm.severity == .warning)
    box.spool?.fault = "read-only"
    var other = AlarmBook()
    let news = other.update(box, now: 0)
    #expect(Set(news.map(\.alarm.kind)) == [.outage, .diskFailing])
    #expect(news.allSatisfy { $0.alarm.severity == .critical })
    box.spool = nil
    var third = AlarmBook()
    #expect(third.update(box, now: 0).first?.alarm.severity == .critical)
  }

  @Test func `A spool around four fifths full is told once, until it is well below`() {
    var book = AlarmBook()
    var told: [Bool] = []
    for share in [0.5, 0.79, 0.81, 0.79, 0.82, 0.75, 0.71, 0.81, 0.69, 0.75, 0.81] {
      var box = healthyBox()
      box.spool?.bytes = Int(share * 2e9)
      told += book.update(box, now: Double(told.count)).map(\.isRaised)
    }
    #expect(told == [true, false, true])
  }

  @Test
  func `A clock before the agent was made is wrong at once, an unsynchronised one after a while`() {
    var box = healthyBox()
    box.wall = 0
    var book = AlarmBook()
    #expect(book.update(box, now: 0).first?.alarm.kind == .clockWrong)
    box = healthyBox()
    box.system.isSynchronised = false
    var other = AlarmBook()
    #expect(other.update(box, now: 0).isEmpty)
    #expect(other.update(box, now: 899).isEmpty)
    #expect(other.update(box, now: 900).first?.alarm.kind == .clockWrong)
  }

  @Test func `The gravest alarm comes first and gives the verdict`() {
    var box = healthyBox()
    box.delivery.outage = 3
    box.cameras[0].state = .failed
    var book = AlarmBook()
    _ = book.update(box, now: 0)
    _ = book.update(box, now: 10)
    box.alarms = book.raised
    #expect(box.alarms.map(\.kind) == [.cameraLost, .outage])
    #expect(box.health == .critical)
    #expect(box.verdict.hasSuffix("(and 1 more)"))
  }

  @Test func `A camera that leaves the configuration takes its alarm along`() {
    var book = AlarmBook()
    var box = healthyBox()
    box.cameras[0].state = .failed
    _ = book.update(box, now: 0)
    _ = book.update(box, now: 10)
    box.cameras = []
    #expect(book.update(box, now: 11).map(\.isRaised) == [false])
    #expect(book.raised.isEmpty)
  }

  private static func broken(_ kind: AlarmKind) -> BoxPicture {
    var box = healthyBox()
    switch kind {
    case .cameraLost: box.cameras[0].state = .noDevice
    case .framesLost:
      (box.cameras[0].outcome.lost, box.cameras[0].outcome.cause) = (90, .dropped(.corrupt))
    case .outage: box.delivery.outage = 10
    case .topicBlocked:
      box.delivery.blocked = [
        .init(
          topic: "vedette.metrics", key: nil, age: 10, cause: "Unknown topic",
          remedy: "the topic vedette.metrics does not exist: create it", waiting: 3)
      ]
    case .spoolFilling: box.spool?.bytes = 1_700_000_000
    case .diskFailing: box.spool?.fault = "Input/output error"
    case .clockWrong: box.system.isSynchronised = false
    case .analysisFailing:
      var camera = AnalysisView.Camera(name: box.cameras[0].name)
      camera.failed = 3
      box.analysis = AnalysisView()
      box.analysis?.cameras = [camera]
    case .certificateExpiring:
      box.certificates = [
        CertificateView(path: "new.pem", expires: box.wall + 90 * 86_400_000_000),
        CertificateView(path: "old.pem", expires: box.wall + 13 * 86_400_000_000),
      ]
    case .controlSilent:
      box.control = ControlView()
      box.control?.isSilent = true
    case .controlUnavailable:
      box.control = ControlView()
      box.control?.fault = "the gallery is locked"
    case .controlSkipped:
      box.control = ControlView()
      box.control?.skipped = .init(partition: 1, from: 5, to: 9, at: box.wall)
    case .overrideNotApplied:
      box.configuration.unapplied = [.init(camera: "front", sentence: "camera front is stopped")]
    case .configurationRejected: box.configuration.fault = "vedette.yaml:3:1: no such key"
    }
    return box
  }

  @Test(arguments: AlarmKind.allCases)
  func `Each alarm is raised once and cleared once, however long it lasts`(kind: AlarmKind) {
    var book = AlarmBook()
    var told: [Bool] = []
    for second in 0..<3000 {
      let box = (100..<2000).contains(second) ? Self.broken(kind) : healthyBox()
      for news in book.update(box, now: Double(second)) {
        #expect(news.alarm.kind == kind)
        #expect(!news.alarm.sentence.isEmpty)
        told.append(news.isRaised)
      }
      if second == 1999 { #expect(book.raised.map(\.kind) == [kind]) }
    }
    #expect(told == [true, false])
    #expect(book.raised.isEmpty)
  }
}
