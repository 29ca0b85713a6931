import Synchronization
import CV4L2
import Frames
import Glibc
import Logging
import Meters
import Testing
import Threads

@testable import Capture

/// What becomes of the driver's buffers.
@Suite struct StreamTests {
  @Test(
    arguments: [
      (nil, 17, nil), (4, 5, nil), (4, 4, nil), (4, 8, 3), (UInt32.max, 0, nil),
      (UInt32.max - 1, 1, 2), (100, 3, nil), (0, 2_000_000, nil),
    ] as [(UInt32?, UInt32, Int?)])
  func `Gaps in the numbers are lost frames; restarts and leaps are not`(
    last: UInt32?, next: UInt32, lost: Int?
  ) {
    #expect(Stream.lost(between: last, and: next) == lost)
  }

  @Test func `Every number that is missing is counted as lost by the driver`() async throws {
    let fake = FakeCamera()
    let bench = try Bench(fake)
    defer { bench.end() }
    fake.feed(UInt32.max - 1...UInt32.max)
    fake.feed(2...3)
    fake.feed(7...7)
    try await eventually { bench.sink.taken.count == 5 }
    #expect(bench.meters.current.lostByDriver == 2 + 3)
    #expect(
      bench.meters.frames.lossDetails["lost_by_driver"]?.hasSuffix(", /dev/fake") == true)
  }

  @Test func `Bad buffers are counted as corrupt and go back to the driver`() async throws {
    let fake = FakeCamera()
    let bench = try Bench(fake)
    defer { bench.end() }
    let whole = [[UInt8](repeating: 9, count: 16)]
    // More than there are buffers: they would run out if one were kept.
    for round in 0..<UInt32(4) {
      fake.feed([
        .init(flags: VP_BUF_FLAG_ERROR, sequence: round * 4, planes: whole),
        .init(sequence: round * 4 + 1, planes: [[1, 2, 3]]),
        .init(sequence: round * 4 + 2, planes: [[]]),
        .init(sequence: round * 4 + 3, planes: whole),
      ])
    }
    try await eventually { bench.sink.taken.count == 4 }
    #expect(bench.sink.taken.map(\.sequence) == [3, 7, 11, 15])
    #expect(bench.meters.current.flaggedByDriver == 4)
    // What the sink took is in the pipeline until somebody books it.
    let counts = bench.meters.ledger.snapshot
    #expect(counts.captured == 16 && counts.inPipeline == 4 && counts.dropped(.corrupt) == 12)
    #expect(counts.isBalanced && bench.meters.current.lostByDriver == 0)
  }

  @Test func `An MJPEG buffer has its own length, and none is corrupt`() async throws {
    let fake = FakeCamera { state in
      state.modes = [.init(fourCC: "MJPG", size: FrameSize(width: 64, height: 48), rates: [30])]
      state.planes = [(stride: 0, bytes: 4000)]
    }
    let bench = try Bench(fake)
    defer { bench.end() }
    fake.feed([
      .init(sequence: 0, planes: [[0xFF, 0xD8, 0xFF, 0xD9]]), .init(sequence: 1, planes: [[]]),
      .init(sequence: 2, planes: [[0xFF, 0xD8, 1, 0xFF, 0xD9, 0]]),
    ])
    try await eventually { bench.sink.taken.count == 2 }
    #expect(
      bench.sink.taken.map(\.planes) == [
        [[0xFF, 0xD8, 0xFF, 0xD9]], [[0xFF, 0xD8, 1, 0xFF, 0xD9, 0]],
      ])
    #expect(bench.sink.taken.allSatisfy { $0.layout.range == .full })
    #expect(bench.meters.ledger.snapshot.dropped(.corrupt) == 1)
  }

  @Test func `Padded rows and contiguous planes are found where the driver put them`() async throws
  {
    let size = FrameSize(width: 4, height: 2)
    let fake = FakeCamera { state in
      state.modes = [.init(fourCC: "NV12", size: size, rates: [30])]
      state.planes = [(stride: 6, bytes: 18)]
    }
    let bench = try Bench(fake)
    defer { bench.end() }
    let luma: [UInt8] = [1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0]
    let chroma: [UInt8] = [9, 10, 11, 12, 0, 0]
    fake.feed([.init(sequence: 0, planes: [luma + chroma])])
    try await eventually { bench.sink.taken.count == 1 }
    let frame = bench.sink.taken[0]
    #expect(frame.layout.strides == [6, 6])
    #expect(frame.planes[0].prefix(12) == luma[...])
    #expect(frame.planes[1] == chroma)
  }

  @Test(arguments: [0, 32])
  func `A buffer for each plane is read from its data offset`(offset: Int) async throws {
    let size = FrameSize(width: 4, height: 2)
    let fake = FakeCamera { state in
      state.isMultiplanar = true
      state.modes = [.init(fourCC: "NM12", size: size, rates: [30])]
      state.planes = [(stride: 4, bytes: 8 + 32), (stride: 4, bytes: 4 + 32)]
    }
    let bench = try Bench(fake)
    defer { bench.end() }
    let planes: [[UInt8]] = [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12]]
    fake.feed([
      .init(sequence: 0, planes: planes, dataOffset: offset),
      .init(sequence: 1, planes: [planes[0], [9, 10]], dataOffset: offset),
    ])
    try await eventually { bench.meters.ledger.snapshot.dropped(.corrupt) == 1 }
    #expect(bench.sink.taken.map(\.planes) == [planes])
    #expect(bench.sink.taken[0].layout.format == .nv12)
  }

  @Test func `The driver's time is kept and mapped to wall time; a doubtful one is replaced`()
    async throws
  {
    let fake = FakeCamera()
    let bench = try Bench(fake)
    defer { bench.end() }
    let whole = [[UInt8](repeating: 9, count: 16)]
    let before = Clock.monotonic
    let wallBefore = Clock.wall
    let captured = (before - 40_000_000) / 1000 * 1000
    fake.feed([
      .init(sequence: 0, time: captured, planes: whole),
      // Another clock, a time to come, and one long ago.
      .init(flags: 0, sequence: 1, time: captured, planes: whole),
      .init(sequence: 2, time: before + 3_600_000_000_000, planes: whole),
      .init(sequence: 3, time: 5, planes: whole),
    ])
    try await eventually { bench.sink.taken.count == 4 }
    let times = bench.sink.taken.map(\.time)
    let after = Clock.monotonic
    #expect(times[0].monotonic == captured)
    #expect(times[0].wall >= wallBefore - 41_000)
    #expect(times[0].wall <= Clock.wall - 40_000)
    for time in times.dropFirst() { #expect((before...after).contains(time.monotonic)) }
  }

  @Test func `Frames outlive their camera, and the memory goes with the last of them`() async throws
  {
    let fake = FakeCamera()
    let bench = try Bench(fake, isHolding: true)
    fake.feed(0...1)
    try await eventually { bench.sink.taken.count == 2 }
    bench.end()
    #expect(fake.state.withLock { $0.openCount } == 0)
    #expect(fake.state.withLock { $0.mapped.count } == 4)
    #expect(bench.sink.held.map(\.bytes) == [[UInt8](repeating: 7, count: 16)].map { [$0] } * 2)
    let queued = fake.state.withLock { $0.queued }
    bench.sink.letGo()
    #expect(fake.state.withLock { $0.mapped.count } == 0)
    // Given back to nobody: the device was closed.
    #expect(fake.state.withLock { $0.queued } == queued)
  }

  @Test func `A camera with all its buffers out waits, and goes on when they come back`()
    async throws
  {
    let fake = FakeCamera()
    let bench = try Bench(fake, isHolding: true)
    defer { bench.end() }
    fake.feed(0...9)
    try await eventually { bench.sink.taken.count == 4 }
    while bench.sink.taken.count < 10 {
      bench.sink.letGo()
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(bench.sink.taken.map(\.sequence) == Array(0...9))
    bench.sink.letGo()
  }

  @Test func `One camera's trouble leaves another alone`() async throws {
    let good = FakeCamera()
    let bad = FakeCamera { $0.failures[VP_STREAMON] = EIO }
    let first = try Bench(good)
    let second = try Bench(bad)
    defer {
      first.end()
      second.end()
    }
    try await eventually { second.meters.current.state == .failed }
    good.feed(0...99)
    try await eventually { first.sink.taken.count == 100 }
    #expect(first.log.from(.notice).isEmpty)
  }
}

private func * <Element>(list: [Element], count: Int) -> [Element] {
  (0..<count).flatMap { _ in list }
}
