import Logging
import Synchronization
import CV4L2
import Foundation
import Frames
import Glibc
import Meters
import Testing

@testable import Capture

/// What an operator is told when a device fails, and that the camera comes back.
@Suite struct FaultTests {
  struct Fault: CustomTestStringConvertible, Sendable {
    /// The ioctl; 0 for open, 1 for mmap.
    var call: UInt
    var errno: Int32
    var state: CameraState
    var words: [String]
    var testDescription: String { words[0] }
  }

  static let faults = [
    Fault(call: 0, errno: ENOENT, state: .noDevice, words: ["is not there", "vedette cameras"]),
    Fault(call: 0, errno: ENODEV, state: .noDevice, words: ["is not there", "plugged in"]),
    Fault(call: 0, errno: EACCES, state: .failed, words: ["may not be opened", "group `video`"]),
    Fault(
      call: 0, errno: EPERM, state: .failed, words: ["DeviceAllow=char-video4linux rw"]),
    Fault(call: 0, errno: EBUSY, state: .failed, words: ["is in use by"]),
    Fault(call: VP_QUERYCAP, errno: ENOTTY, state: .failed, words: ["is no video device"]),
    Fault(call: VP_QUERYCAP, errno: ENODEV, state: .noDevice, words: ["No such device"]),
    Fault(call: VP_G_FMT, errno: EINVAL, state: .failed, words: ["tells no format"]),
    Fault(call: VP_S_FMT, errno: EBUSY, state: .failed, words: ["is in use by", "VIDIOC_S_FMT"]),
    Fault(call: VP_S_FMT, errno: EINVAL, state: .failed, words: ["does not take the format YUYV"]),
    Fault(call: VP_REQBUFS, errno: EBUSY, state: .failed, words: ["is streaming already by"]),
    Fault(call: VP_REQBUFS, errno: ENOMEM, state: .failed, words: ["gives no 4 buffers"]),
    Fault(call: VP_QUERYBUF, errno: EINVAL, state: .failed, words: ["does not tell its buffers"]),
    Fault(call: 1, errno: ENOMEM, state: .failed, words: ["cannot be mapped", "mmap"]),
    Fault(call: VP_QBUF, errno: EINVAL, state: .failed, words: ["does not take a buffer"]),
    Fault(
      call: VP_STREAMON, errno: ENOSPC, state: .failed,
      words: ["USB bus has no bandwidth", "4x2", "mjpeg", "smaller size", "another USB controller"]),
    Fault(call: VP_STREAMON, errno: EBUSY, state: .failed, words: ["is streaming already by"]),
    Fault(call: VP_STREAMON, errno: EIO, state: .failed, words: ["does not start"]),
    Fault(call: VP_STREAMON, errno: ENODEV, state: .noDevice, words: ["does not start"]),
  ]

  @Test(arguments: faults)
  func `A fault at the start is explained once, and overcome when it has gone`(fault: Fault)
    async throws
  {
    let fake = FakeCamera { state in
      switch fault.call {
      case 0: state.openFailure = fault.errno
      case 1: state.mapFailure = fault.errno
      default: state.failures[fault.call] = fault.errno
      }
    }
    fake.feed(0...2)
    let bench = try Bench(fake)
    defer { bench.end() }
    try await eventually("the fault is told") { bench.meters.current.detail != nil }
    let detail = try #require(bench.meters.current.detail)
    #expect(bench.meters.current.state == fault.state)
    #expect(detail.contains("/dev/fake"))
    for word in fault.words { #expect(detail.contains(word)) }
    try await eventually("it is tried again") { bench.log.from(.debug).count > 1 }
    #expect(bench.log.from(.error) == [detail])
    #expect(bench.meters.current.reopened == 0)

    fake.mend()
    try await eventually("frames come") { bench.sink.taken.count == 3 }
    let picture = bench.meters.current
    #expect(picture.state == .streaming)
    #expect(picture.detail == nil)
    #expect(picture.reopened == 1)
    #expect(bench.log.from(.notice).filter { $0 == "the camera is back" }.count == 1)
    #expect(fake.state.withLock { $0.openMax } == 1)
  }

  @Test(arguments: [
    (EIO, CameraState.failed, "failed while streaming; it is opened again"),
    (EINVAL, .failed, "failed while streaming; it is opened again"),
    (ENODEV, .noDevice, "was unplugged"),
  ])
  func `A stream that breaks is closed whole and opened again`(
    errno: Int32, state: CameraState, words: String
  ) async throws {
    let fake = FakeCamera()
    fake.feed(0...4)
    let bench = try Bench(fake)
    defer { bench.end() }
    try await eventually { bench.sink.taken.count == 5 }
    // It does not come back before it is mended.
    fake.state.withLock { $0.openFailure = errno }
    fake.fail(VP_DQBUF, errno)
    try await eventually { bench.meters.current.state == state }
    #expect(bench.log.from(.error).first?.contains(words) == true)
    try await eventually { fake.state.withLock { $0.openCount == 0 } }
    fake.mend()
    fake.feed(0...4)
    try await eventually { bench.sink.taken.count == 10 }
    #expect(bench.meters.current.reopened == 1)
    // The numbers began again: nothing was lost.
    #expect(bench.meters.current.lostByDriver == 0)
    #expect(bench.sink.layouts.count == 2)
    fake.state.withLock { state in
      #expect(state.openMax == 1)
      #expect(!state.wasOpenedWhileMapped)
      #expect(state.calls.contains(VP_STREAMOFF))
    }
  }

  @Test func `A camera that comes and goes is told of each time, but not without end`() throws {
    let log = LogLines()
    let trouble = Trouble(meters: CameraMeters(name: "test"), logger: log.logger)
    for round in 1...20 {
      trouble.report(CaptureError(.absent, "unplugged"))
      trouble.report(CaptureError(.absent, "unplugged"))
      #expect(trouble.failures == 2)
      trouble.recovered()
      #expect(log.from(.notice).count == min(round, 5) * 2)
    }
    #expect(log.from(.debug).count == 60)
  }

  @Test func `A camera that falls silent is told of and opened again`() async throws {
    let fake = FakeCamera()
    fake.feed(0...1)
    let bench = try Bench(fake) { $0.timeout = 0.2 }
    defer { bench.end() }
    try await eventually { bench.meters.current.state == .noData }
    #expect(bench.meters.current.detail?.contains("has given no frame for 0.2 s") == true)
    #expect(bench.meters.current.measuredRate == 0)
    fake.feed(0...1)
    try await eventually { bench.sink.taken.count == 4 }
    // By now it may have fallen silent again.
    #expect(bench.log.from(.notice).contains("the camera is back"))
    #expect(bench.meters.current.reopened >= 1)
  }

  @Test func `A camera that gives only errors is no camera that streams`() async throws {
    let fake = FakeCamera()
    fake.feed(0...0)
    // Where errors come too seldom, since the test has no turn, it is opened again, and judged again.
    let bench = try Bench(fake, firstFrameSecondsMin: 1) { $0.timeout = 1 }
    defer { bench.end() }
    try await eventually { bench.sink.taken.count == 1 }
    var sequence: UInt32 = 1
    try await eventually {
      fake.feed([
        FakeCamera.Buffer(flags: VP_BUF_FLAG_ERROR, sequence: sequence, planes: [[1, 2]])
      ])
      sequence += 1
      return bench.meters.current.detail?.contains("only buffers in error") == true
    }
    #expect(bench.meters.current.state == .noData)
    #expect(bench.sink.taken.count == 1)
  }

  @Test func `A device that opens but gives nothing is never said to be back`() async throws {
    let fake = FakeCamera { $0.failures[VP_DQBUF] = EIO }
    let bench = try Bench(fake)
    defer { bench.end() }
    try await eventually { fake.state.withLock { $0.opens } >= 3 }
    #expect(!bench.log.from(.notice).contains("the camera is back"))
    #expect(bench.log.from(.error).count == 1)
    #expect(bench.meters.current.reopened == 0)
  }

  @Test func `A node that captures nothing points to the list of cameras`() async throws {
    let fake = FakeCamera { state in
      state.nodes = ["/dev/fake": (card: "Metadata", capabilities: VP_CAP_STREAMING)]
    }
    let bench = try Bench(fake)
    defer { bench.end() }
    try await eventually { bench.meters.current.detail != nil }
    #expect(
      bench.meters.current.detail
        == "/dev/fake (Metadata) captures no video; many cameras have a second node for that: "
        + "see `vedette cameras`")
  }

  @Test func `Whoever holds a device is named`() async throws {
    let path = FileManager.default.temporaryDirectory.path + "/vedette-held-\(UUID().uuidString)"
    #expect(FileManager.default.createFile(atPath: path, contents: Data()))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let holder = Process()
    holder.executableURL = URL(fileURLWithPath: "/bin/sleep")
    holder.arguments = ["120"]
    holder.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    try holder.run()
    defer {
      // SIGTERM may be blocked in what a test starts.
      kill(holder.processIdentifier, SIGKILL)
      holder.waitUntilExit()
    }
    try await eventually {
      Holders.sentence(of: path) == " by sleep (pid \(holder.processIdentifier))"
    }
  }

  @Test func `Stop is heard while the device gives nothing, and between attempts`() async throws {
    let silent = try Bench(FakeCamera())
    try await eventually { silent.meters.current.device != nil }
    let absent = try Bench(FakeCamera { $0.openFailure = ENOENT })
    try await eventually { absent.meters.current.state == .noDevice }
    let clock = ContinuousClock()
    let time = clock.measure {
      silent.end()
      absent.end()
    }
    // Far less than the silence that is allowed or the time between attempts would add up to.
    #expect(time < .seconds(5))
    #expect(silent.meters.current.state == .stopped)
    #expect(absent.meters.current.state == .stopped)
  }
}
