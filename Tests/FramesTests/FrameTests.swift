import Synchronization
import Testing

@testable import Frames

@Suite struct FrameTests {
  private final class Owner: FrameOwner {
    let released = Mutex<[Int]>([])
    func release(buffer index: Int) { released.withLock { $0.append(index) } }
  }

  @Test func `A buffer goes back once, when its frame goes`() {
    let owner = Owner()
    let layout = FrameLayout(format: .grey, size: FrameSize(width: 2, height: 2))
    do {
      let frame = unsafe Frame(
        layout: layout, time: FrameTime(monotonic: 1, wall: 2), driverSequence: 3, planes: [],
        owner: owner, buffer: 7)
      #expect(frame.driverSequence == 3)
      #expect(owner.released.withLock { $0 } == [])
    }
    #expect(owner.released.withLock { $0 } == [7])
  }

  @Test(arguments: PixelFormat.allCases.filter { !$0.isCompressed })
  func `Layouts add up for odd sizes`(format: PixelFormat) {
    let layout = FrameLayout(format: format, size: FrameSize(width: 5, height: 3))
    let sum = (0..<format.planeCount).reduce(0) { $0 + layout.byteCount(plane: $1) }
    #expect(sum == layout.packedByteCount)
    #expect(layout.contiguousOffsets.first == 0)
  }

  /// By the V4L2 documentation of each format.
  @Test(
    arguments: [
      (.yuyv, [12]), (.uyvy, [12]), (.yvyu, [12]), (.nv16, [5, 6]), (.nv12, [5, 6]),
      (.nv21, [5, 6]), (.yu12, [5, 3, 3]), (.bgr24, [15]), (.rgb24, [15]), (.mjpeg, [0]),
      (.grey, [5]),
    ] as [(PixelFormat, [Int])])
  func `Rows of five pixels take the bytes that V4L2 gives them`(
    format: PixelFormat, bytes: [Int]
  ) {
    #expect(
      (0..<format.planeCount).map { format.rowBytes(plane: $0, width: 5) } == bytes)
  }

  @Test func `Each format has codes of its own`() {
    let codes = PixelFormat.allCases.flatMap { format in
      [format.traits.codes.0, format.traits.codes.1].compactMap { $0.map { "\($0)" } }
    }
    #expect(codes.allSatisfy { $0.utf8.count == 4 })
    #expect(Set(codes).count == codes.count)
  }
}

@Suite struct BytePoolTests {
  @Test func `Memory comes back, and grows without losing what is there`() {
    let pool = BytePool()
    let first = pool.take(capacity: 10)
    let text = Array("abcdefgh".utf8)
    for _ in 0..<10_000 { unsafe first.append(text.span.bytes) }
    #expect(first.count == 80_000)
    let last = first.withSpan { unsafe $0.unsafeLoad(fromByteOffset: 79_999, as: UInt8.self) }
    #expect(last == UInt8(ascii: "h"))
  }

  @Test func `Free memory is bounded`() {
    let pool = BytePool(freeBytesMax: 1 << 20)
    var lent = (0..<100).map { _ in pool.take(capacity: 100_000) }
    lent.removeAll()
    #expect(pool.freeByteCount <= 1 << 20)
    #expect(pool.freeByteCount > 800_000)
  }
}
