import CV4L2
import Frames
import Glibc
import Meters
import Testing
import Threads

@testable import Capture

/// Numbers that no driver should say, and that fit no arithmetic.
@Suite struct ExtremeAnswerTests {
  @Test(
    arguments: [
      (Int.max, 0), (Int.max / 1_000_000_000, Int.max), (0, Int.max), (-1, 0), (0, -1),
      (Int.min, Int.min), (18_446_744_073, 709_552),
    ])
  func `A time that is none is not believed, and the frame is kept`(
    seconds: Int, micros: Int
  ) async throws {
    let fake = FakeCamera()
    let bench = try Bench(fake)
    defer { bench.end() }
    let before = Clock.monotonic
    fake.feed([
      .init(
        sequence: 0, stamp: timeval(tv_sec: seconds, tv_usec: micros),
        planes: [[UInt8](repeating: 7, count: 16)])
    ])
    try await eventually { bench.sink.taken.count == 1 }
    let time = try #require(bench.sink.taken.first?.time.monotonic)
    #expect(time >= before && time <= Clock.monotonic)
    #expect(
      MappedBuffers.nanoseconds(timeval(tv_sec: seconds, tv_usec: micros)) == .max)
  }

  @Test func `A menu from the least to the largest number has no items`() throws {
    let fake = FakeCamera { state in
      state.controls = [
        .init(
          name: "Mode", type: V4L2_CTRL_TYPE_MENU, minimum: .min, maximum: .max, items: ["a"])
      ]
    }
    let controls = try Device(path: "/dev/fake", calls: fake).controls()
    #expect(controls.map(\.name) == ["mode"] && controls[0].items.isEmpty)
  }

  @Test(arguments: [1 << 20 + 1, Int(Int32.max), Int(UInt32.max)])
  func `Rows farther apart than any picture is wide are refused`(stride: Int) throws {
    let fake = FakeCamera { $0.planes = [(stride: stride, bytes: 16)] }
    let device = try Device(path: "/dev/fake", calls: fake)
    #expect {
      _ = try device.negotiate(DeviceRequest(device: "/dev/fake"), isConverting: false)
    } throws: { error in
      let error = error as? CaptureError
      return error?.code == .unsuitable && error?.sentence.contains("impossible") == true
    }
  }

  @Test func `Of four thousand million buffers as many are mapped as a driver can have`() throws {
    let fake = FakeCamera { $0.buffersGiven = .max }
    let device = try Device(path: "/dev/fake", calls: fake)
    let buffers = try MappedBuffers(device, count: 4, memoryPlanes: 1)
    let count = buffers.count
    #expect(count == 64)
  }
}
