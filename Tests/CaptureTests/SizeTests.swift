import CV4L2
import Frames
import Glibc
import Logging
import Meters
import Synchronization
import Testing

@testable import Capture

/// Cameras whose pictures get another size than was agreed to, and cameras that are slower than they say.
@Suite struct SizeTests {
  static let agreed = FrameSize(width: 640, height: 480)
  static let other = FrameSize(width: 320, height: 240)

  private func camera() -> FakeCamera {
    FakeCamera { state in
      state.modes = [.init(fourCC: "MJPG", size: Self.agreed, rates: [30])]
      state.planes = [(stride: 0, bytes: 4000)]
    }
  }

  /// As much of a JPEG as tells its size.
  private func jpeg(_ size: FrameSize) -> [UInt8] {
    let header = [size.height >> 8, size.height & 255, size.width >> 8, size.width & 255]
    return [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 11, 8] + header.map { UInt8($0) }
      + [1, 1, 0x11, 0, 0xFF, 0xD9]
  }

  private func feed(_ fake: FakeCamera, _ size: FrameSize, _ numbers: ClosedRange<UInt32>) {
    fake.feed(numbers.map { .init(sequence: $0, planes: [jpeg(size)]) })
  }

  @Test func `Pictures of another size are taken as they are, and that is said once`() async throws
  {
    let fake = camera()
    let bench = try Bench(fake)
    defer { bench.end() }
    feed(fake, Self.agreed, 0...2)
    feed(fake, Self.other, 3...12)
    try await eventually { bench.sink.taken.count == 13 }
    #expect(bench.meters.current.reopened == 0)
    #expect(
      bench.log.from(.notice) == [
        "/dev/fake was set to 640x480 and gives pictures of 320x240; they are taken as they are"
      ])
    #expect(bench.meters.current.negotiated?.width == 320)
  }

  @Test func `A damaged size here and there is not believed`() async throws {
    let fake = camera()
    let bench = try Bench(fake)
    defer { bench.end() }
    for round in 0..<UInt32(4) {
      feed(fake, Self.agreed, round * 2...round * 2)
      feed(fake, Self.other, round * 2 + 1...round * 2 + 1)
    }
    try await eventually { bench.sink.taken.count == 8 }
    #expect(bench.log.from(.notice).isEmpty)
  }

  @Test func `Where masks do not fit, the camera is opened again, once`() async throws {
    let fake = camera()
    let bench = try Bench(fake, refused: [Self.other])
    defer { bench.end() }
    feed(fake, Self.other, 0...40)
    try await eventually { bench.sink.taken.count == 41 }
    #expect(bench.meters.current.reopened == 1)
    #expect(fake.state.withLock { $0.opens } == 2)
    #expect(bench.log.from(.error).count == 1)
    #expect(bench.log.from(.error)[0].contains("which its masks do not fit"))
    try await eventually {
      !bench.log.from(.warning).filter { $0.contains("though it was") }.isEmpty
    }
  }

  @Test func `A driver that tells of another source is negotiated with anew`() async throws {
    let fake = FakeCamera { $0.hasEvents = true }
    let bench = try Bench(fake)
    defer { bench.end() }
    fake.feed(0...1)
    try await eventually { bench.sink.taken.count == 2 }
    let size = FrameSize(width: 8, height: 2)
    fake.change(
      to: .init(fourCC: "YUYV", size: size, rates: [30]), planes: [(stride: 16, bytes: 32)])
    try await eventually { bench.sink.layouts.count == 2 }
    #expect(bench.sink.layouts[1].size == size)
    fake.feed(0...1)
    try await eventually { bench.sink.taken.count == 4 }
    #expect(bench.sink.taken[3].layout.size == size)
    #expect(bench.meters.current.reopened == 1)
    #expect(bench.log.from(.error).isEmpty)
    #expect(bench.log.from(.notice).filter { $0.contains("changed") }.count == 1)
  }

  /// Frames every `interval` seconds from each opening on, until so many came; how often it was reopened.
  private func reopenings(every interval: Double, frames: Int, _ patience: inout Patience) -> Int {
    var (count, taken, now) = (0, 0, 0.0)
    while taken < frames, count < 100 {
      patience.opened()
      var hasFrames = false
      while taken < frames {
        let limit = patience.limit(interval: 1 / 30, hasFrames: hasFrames)
        guard interval < limit else {
          now += limit
          patience.noteTimeout(limit, hasFrames: hasFrames)
          count += 1
          break
        }
        now += interval
        taken += 1
        hasFrames = true
        patience.noteFrame(at: now)
      }
    }
    return count
  }

  @Test(arguments: [(0.03, 0), (1, 0), (4, 0), (8, 1), (12, 3), (19, 3), (35, 6)])
  func `A camera that is slower than it says is opened again a few times, then waited for`(
    interval: Double, most: Int
  ) {
    var patience = Patience(configured: nil)
    #expect(reopenings(every: interval, frames: 200, &patience) <= most)
    // And no more.
    #expect(reopenings(every: interval, frames: 200, &patience) == 0)
    // When it is fast again, it is not waited for as long.
    #expect(reopenings(every: 0.03, frames: 200, &patience) == 0)
    #expect(patience.limit(interval: 1 / 30, hasFrames: true) == 5)
  }

  @Test func `A dead camera is opened again at least every minute; a configured time holds`() {
    var patience = Patience(configured: nil)
    for _ in 0..<20 {
      for hasFrames in [true, false] {
        let limit = patience.limit(interval: 0, hasFrames: hasFrames)
        #expect(limit <= 60)
        patience.noteTimeout(limit, hasFrames: hasFrames)
      }
    }
    var configured = Patience(configured: 20)
    configured.noteTimeout(20, hasFrames: true)
    #expect(configured.limit(interval: 60, hasFrames: true) == 20)
  }

  @Test func `A slow camera streams on, and its sentence names the setting`() async throws {
    let fake = FakeCamera()
    let bench = try Bench(fake, silenceSecondsMin: 0.2)
    defer { bench.end() }
    fake.feed(0...0)
    try await eventually { bench.log.from(.error).count == 1 }
    #expect(bench.log.from(.error)[0].contains("set `timeout`"))
  }
}
