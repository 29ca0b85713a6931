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

@Suite(.timeLimit(.minutes(10))) struct StillGateTests {
  /// A scene's picture as a camera makes it: luma alone.
  private func jpeg(_ pixels: [UInt8], _ compressor: Compressor) throws -> Picture {
    let layout = FrameLayout(format: .grey, size: Scene.size, range: .full)
    return try compressor.picture(
      of: Frame(copying: [pixels], layout: layout, time: FrameTime(monotonic: 0, wall: 0)))
  }

  @Test(.enabled("photographs can be fetched") { photographs != nil })
  func `Of the JPEGs of a mostly still scene a tenth is sent, and of 50 movements none is missed`()
    throws
  {
    let folder = try #require(photographs)
    var scene = try Scene("china", in: folder, deviation: 4)
    let other = try Scene("flower", in: folder, deviation: 4)
    var dice = Dice(seed: 50)
    var options = PictureOptions()
    options.quality = 40
    let compressor = try Compressor(options: options, pool: BytePool())
    let still = try (0..<48).map { _ in try jpeg(scene.picture(), compressor) }
    let camera = try GatedCamera { $0.hold = 1 }
    var begun: [Int] = []
    for number in 0..<50 {
      // Most of a minute in which nothing moves.
      for _ in 0..<1500 { camera.give(still[Int.random(in: still.indices, using: &dice)]) }
      camera.expectBalance()
      let side = number < 25 ? 12 : Int.random(in: 12...80, using: &dice)
      let patch = scene.patch(side, side, of: other, contrast: 20, &dice)
      begun.append(camera.count)
      // Two pictures and more: at 15 looks a second one of them is looked at.
      for _ in 0..<Int.random(in: 2...5, using: &dice) {
        camera.give(try jpeg(scene.picture(with: [patch]), compressor))
      }
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
    #expect(camera.publishedBytes * 10 < camera.capturedBytes)
    // Each second has its picture all the same, and nothing was sent for what was no movement.
    #expect(camera.published.count > camera.count / 30)
    let wanted = 50 * (60 + 30 + 5) + camera.count / 30
    #expect(camera.published.count < wanted + wanted / 20)
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
