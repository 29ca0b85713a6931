import Frames
import Journal
import Logging
import Meters
import Motion
import Settings
import TestDice
import TestFetching
import TestScenes
import Testing

@testable import Agent
@testable import Imaging

private let photographs = Fetched.folder("photographs")

/// A camera of 30 frames a second that gives pictures to a gate.
private final class GatedCamera {
  let meters = CameraMeters(name: "front")
  let gate: StillGate
  private let pool = BytePool()
  /// The numbers of what was published, in its order.
  private(set) var published: [Int] = []
  /// Of those, what had waited.
  private(set) var waited: Set<Int> = []
  private(set) var count = 0

  init(_ change: (inout PublishSettings) -> Void = { _ in }) throws {
    var settings = PublishSettings()
    settings.stillRate = 1
    change(&settings)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    gate = try #require(
      try StillGate(settings, masks: [], meters: meters, faults: FaultLog(logger: logger)))
  }

  private func picture(_ bytes: Int) -> Picture {
    let memory = pool.take(capacity: bytes)
    for _ in 0..<bytes / 64 { memory.append(unsafe [UInt8](repeating: 7, count: 64).span.bytes) }
    return Picture(bytes: memory, size: FrameSize(width: 1280, height: 720))
  }

  private lazy var small = picture(64)

  private func capture() -> FrameTime {
    let number = count
    count += 1
    meters.ledger.capture()
    return FrameTime(monotonic: UInt64(1e9 + Double(number) * 1e9 / 30), wall: Int64(number))
  }

  /// A picture in which something moves, or not.
  func give(isMotion: Bool, bytes: Int = 64) {
    gate.pass(bytes == 64 ? small : picture(bytes), capture(), isMotion: isMotion) { note($0) }
  }

  /// A frame that the gate looks at itself.
  func give(_ pixels: [UInt8], _ format: PixelFormat, _ size: FrameSize) {
    let time = capture()
    let frame = Frame(
      copying: [pixels], layout: FrameLayout(format: format, size: size, range: .full), time: time)
    gate.look(at: frame)
    gate.take(small, time) { note($0) }
  }

  func settle() { gate.settle { note($0) } }

  private func note(_ passage: StillGate.Passage) {
    meters.ledger.move(.inPipeline, to: .delivered)
    published.append(Int(passage.time.wall))
    if passage.hasWaited { waited.insert(Int(passage.time.wall)) }
  }

  /// Nothing is lost, nothing is counted twice, and what waits is in the pipeline.
  func expectBalance(_ where: SourceLocation = #_sourceLocation) {
    let counts = meters.ledger.snapshot
    #expect(counts.isBalanced, sourceLocation: `where`)
    #expect(counts.captured == count, sourceLocation: `where`)
    #expect(counts.delivered == published.count, sourceLocation: `where`)
    #expect(counts.inPipeline == meters.held, sourceLocation: `where`)
    #expect(counts.dropped(.still) == counts.droppedInAll, sourceLocation: `where`)
    #expect(zip(published, published.dropFirst()).allSatisfy { $0 < $1 }, sourceLocation: `where`)
  }
}

@Suite(.timeLimit(.minutes(10))) struct StillGateTests {
  @Test(.enabled("photographs can be fetched") { photographs != nil })
  func `Of a mostly still scene a tenth is sent, and of 50 movements none is missed`() throws {
    let folder = try #require(photographs)
    var scene = try Scene("china", in: folder, deviation: 4)
    let other = try Scene("flower", in: folder, deviation: 4)
    var dice = Dice(seed: 50)
    let still = (0..<64).map { _ in scene.grey() }
    let camera = try GatedCamera()
    let detector = MotionDetector()
    func look(_ grey: GreyPicture) {
      let time = UInt64(1e9 + Double(camera.count) * 1e9 / 30)
      let finding = detector.look(at: grey, frame: Scene.size, time: time)
      camera.give(isMotion: finding.isMotion)
    }
    var begun: [Int] = []
    for number in 0..<50 {
      // Nearly two minutes in which nothing moves.
      for _ in 0..<3300 { look(still[Int.random(in: still.indices, using: &dice)]) }
      camera.expectBalance()
      let side = number < 25 ? 12 : Int.random(in: 12...80, using: &dice)
      let patch = scene.patch(side, side, of: other, contrast: 25, &dice)
      begun.append(camera.count)
      for _ in 0..<Int.random(in: 1...4, using: &dice) { look(scene.grey(with: [patch])) }
      camera.expectBalance()
    }
    camera.settle()
    camera.expectBalance()
    #expect(camera.meters.ledger.snapshot.inPipeline == 0)
    let published = Set(camera.published)
    for first in begun {
      let missing = (first - 60...first).filter { !published.contains($0) }
      #expect(missing.isEmpty, "of the movement that began with \(first)")
    }
    let share = Double(camera.published.count) / Double(camera.count)
    #expect(share < 0.1, "\(camera.published.count) of \(camera.count) were sent")
    #expect(share > 0.05, "each second has its picture")
  }

  @Test func `Before a movement its two seconds are sent, after it the five of hold, in order`()
    throws
  {
    let camera = try GatedCamera()
    for number in 0..<900 {
      camera.give(isMotion: number == 400)
      camera.expectBalance()
    }
    camera.settle()
    camera.expectBalance()
    let published = Set(camera.published)
    #expect(published.isSuperset(of: 340..<550))
    #expect(camera.waited.isSuperset(of: 340..<400) && camera.waited.isDisjoint(with: 400..<550))
    // One a second of all others.
    #expect((22...26).contains(published.count - 210))
    #expect(camera.meters.held == 0)
  }

  @Test func `What waits takes no more memory than it may, and what is pushed out is counted`()
    throws
  {
    let camera = try GatedCamera { $0.memoryMax = 1 << 20 }
    for _ in 0..<90 {
      camera.give(isMotion: false, bytes: 100_032)
      camera.expectBalance()
      #expect(camera.meters.held <= 10)
    }
    camera.give(isMotion: true)
    camera.expectBalance()
    #expect(Set(camera.published).isSuperset(of: 81...90))
    #expect(camera.published.count < 16)
    #expect(camera.meters.ledger.snapshot.dropped(.still) > 70)
  }

  @Test func `Without before nothing waits`() throws {
    let camera = try GatedCamera { $0.before = 0 }
    for number in 0..<300 {
      camera.give(isMotion: number == 200)
      #expect(camera.meters.ledger.snapshot.inPipeline == 0)
    }
    camera.expectBalance()
    #expect(Set(camera.published).isSuperset(of: 200..<300))
    #expect(camera.published.first == 0)
    #expect((107...109).contains(camera.published.count))
  }

  @Test func `A picture that cannot be looked at is published`() throws {
    let camera = try GatedCamera()
    for _ in 0..<10 { camera.give([1, 2, 3], .mjpeg, FrameSize(width: 320, height: 240)) }
    camera.expectBalance()
    #expect(camera.published == Array(0..<10))
  }

  @Test(arguments: [0, 1], [2.0, 0.1, 0])
  func `A movement that begins between two looks is sent from its first frame`(
    offset: Int, before: Double
  ) throws {
    let camera = try GatedCamera {
      ($0.before, $0.hold, $0.checkRate) = (before, 0.2, 15)
    }
    let size = FrameSize(width: 320, height: 240)
    let still = [UInt8](repeating: 80, count: 320 * 240)
    var moving = still
    for row in 100..<132 { for column in 160..<192 { moving[row * 320 + column] = 200 } }
    let first = 120 + offset
    for number in 0..<200 {
      camera.give((first..<first + 4).contains(number) ? moving : still, .grey, size)
      camera.expectBalance()
    }
    #expect(Set(camera.published).isSuperset(of: first - Int(before * 29)...first + 3))
    #expect(camera.published.count < 100)
  }

  @Test func `Without a still rate there is no gate`() throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let gate = try StillGate(
      PublishSettings(), masks: [], meters: CameraMeters(name: "front"),
      faults: FaultLog(logger: logger))
    #expect(gate == nil)
  }
}
