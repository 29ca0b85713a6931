import Meters
import Logging
import Synchronization
import CV4L2
import Glibc
import Testing

@testable import Capture

/// Controls by name, and what is said of those that are not as wanted.
@Suite struct ControlTests {
  private static func camera() -> FakeCamera {
    FakeCamera { state in
      state.controls = [
        .init(name: "Brightness", value: 128),
        .init(name: "White Balance, Automatic", type: V4L2_CTRL_TYPE_BOOLEAN, maximum: 1, value: 1),
        .init(
          name: "Auto Exposure", type: V4L2_CTRL_TYPE_MENU, maximum: 3, value: 3,
          items: ["", "Manual Mode", "", "Aperture Priority Mode"]),
        .init(name: "Exposure Time, Absolute", minimum: 3, maximum: 2047, clamp: 3...1000),
        .init(name: "Temperature", flags: VP_CTRL_FLAG_READ_ONLY),
        .init(name: "Gain", flags: VP_CTRL_FLAG_INACTIVE),
        .init(name: "Sharpness", value: 3, atStart: 3),
      ]
    }
  }

  private static func apply(_ fake: FakeCamera, _ name: String, _ value: String) throws -> [String]
  {
    try Device(path: "/dev/fake", calls: fake).apply([.init(name: name, value: value)]).faults
  }

  @Test func `Names are as v4l2-ctl writes them`() throws {
    let names = try Device(path: "/dev/fake", calls: Self.camera()).controls().map(\.name)
    #expect(
      names == [
        "brightness", "white_balance_automatic", "auto_exposure", "exposure_time_absolute",
        "temperature", "gain", "sharpness",
      ])
  }

  @Test(
    arguments: [
      ("brightness", "200", 0, 200), ("white_balance_automatic", "off", 1, 0),
      ("white_balance_automatic", "true", 1, 1), ("White Balance, Automatic", "0", 1, 0),
      ("auto_exposure", "1", 2, 1), ("auto_exposure", "manual_mode", 2, 1),
      ("auto_exposure", "Aperture Priority Mode", 2, 3), ("exposure_time_absolute", "150", 3, 150),
    ] as [(String, String, Int, Int32)])
  func `Values are numbers, on or off, or a menu's items`(
    name: String, value: String, index: Int, given: Int32
  ) throws {
    let fake = Self.camera()
    #expect(try Self.apply(fake, name, value) == [])
    #expect(fake.state.withLock { $0.controls[index].value } == given)
  }

  @Test(arguments: [
    ("brightness", "300", "brightness cannot be \"300\"; it takes 0 to 255"),
    ("white_balance_automatic", "5", "white_balance_automatic cannot be \"5\"; it takes on or off"),
    (
      "auto_exposure", "2",
      "auto_exposure cannot be \"2\"; it takes Manual Mode (1), Aperture Priority Mode (3)"
    ),
    (
      "exposure_time_absolute", "1500",
      "exposure_time_absolute was set to 1500, but the camera says 1000"
    ),
    ("temperature", "20", "temperature can only be read"),
    (
      "gain", "20",
      "gain has no effect for now: another control, such as an automatic mode, governs it"
    ),
    (
      "exposure", "5",
      "the camera has no control \"exposure\"; near it: auto_exposure, exposure_time_absolute"
    ),
    (
      "zoom", "5",
      "the camera has no control \"zoom\"; it has brightness, white_balance_automatic, auto_exposure, "
        + "exposure_time_absolute, temperature, gain, sharpness"
    ),
  ])
  func `What cannot be set is said`(name: String, value: String, sentence: String) throws {
    #expect(try Self.apply(Self.camera(), name, value) == [sentence])
  }

  @Test func `A refusal of the camera is said, and frames come all the same`() async throws {
    let fake = Self.camera()
    fake.state.withLock { $0.failures[VP_S_CTRL] = EIO }
    fake.feed(0...0)
    let bench = try Bench(fake) { $0.controls = [.init(name: "brightness", value: "7")] }
    defer { bench.end() }
    try await eventually { bench.sink.taken.count == 1 }
    #expect(
      bench.log.from(.warning) == ["brightness could not be set to 7: Input/output error"])
  }

  @Test func `A control that the start of the stream resets is set again, which is said`()
    async throws
  {
    let fake = Self.camera()
    fake.feed(0...0)
    let bench = try Bench(fake) { $0.controls = [.init(name: "sharpness", value: "6")] }
    defer { bench.end() }
    try await eventually { bench.sink.taken.count == 1 }
    #expect(fake.state.withLock { $0.controls[6].value } == 6)
    #expect(
      bench.log.from(.warning) == [
        "the camera changed sharpness from 6 to 3 by itself; it is set again"
      ])
  }

  @Test func `Controls are set anew when the camera comes back`() async throws {
    let fake = Self.camera()
    fake.feed(0...0)
    let bench = try Bench(fake) { $0.controls = [.init(name: "brightness", value: "7")] }
    defer { bench.end() }
    try await eventually { bench.sink.taken.count == 1 }
    // It does not come back before it has lost its settings.
    fake.state.withLock { $0.openFailure = ENODEV }
    fake.fail(VP_DQBUF, ENODEV)
    try await eventually { bench.meters.current.state == .noDevice }
    fake.state.withLock { $0.controls[0].value = 128 }
    fake.mend()
    fake.feed(0...0)
    try await eventually { bench.sink.taken.count == 2 }
    #expect(fake.state.withLock { $0.controls[0].value } == 7)
  }
}
