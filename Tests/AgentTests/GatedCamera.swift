import Frames
import Journal
import Logging
import Meters
import Settings
import Testing

@testable import Agent
@testable import Imaging

/// A camera of 30 frames a second that gives pictures to a gate.
final class GatedCamera {
  let meters = CameraMeters(name: "front")
  let gate: StillGate
  private let pool = BytePool()
  /// The numbers of what was published, in its order.
  private(set) var published: [Int] = []
  /// What was captured came to, and what was published.
  private(set) var capturedBytes = 0
  private(set) var publishedBytes = 0
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

  /// A camera's JPEG, which the gate looks at as it is published.
  func give(_ jpeg: Picture) {
    capturedBytes += jpeg.bytes.count
    let time = capture()
    let layout = FrameLayout(format: .mjpeg, size: jpeg.size, range: .full)
    gate.look(at: Frame(copying: [[0xFF, 0xD8]], layout: layout, time: time))
    gate.take(jpeg, time) { note($0) }
  }

  func settle() { gate.settle { note($0) } }

  private func note(_ passage: StillGate.Passage) {
    meters.ledger.move(.inPipeline, to: .delivered)
    published.append(Int(passage.time.wall))
    publishedBytes += passage.picture.bytes.count
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
