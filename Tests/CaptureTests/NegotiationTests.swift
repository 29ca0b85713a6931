import Logging
import Synchronization
import CV4L2
import Frames
import Glibc
import Meters
import Testing

@testable import Capture

/// What is asked of a device, and what is made of its answer.
@Suite struct NegotiationTests {
  private static let vga = FrameSize(width: 640, height: 480)
  private static let hd = FrameSize(width: 1920, height: 1080)

  /// As webcams are: raw frames are slow when they are large.
  private static func webcam(_ current: Int = 0) -> FakeCamera {
    FakeCamera { state in
      state.modes = [
        .init(fourCC: "YUYV", size: vga, rates: [30, 15]),
        .init(fourCC: "YUYV", size: hd, rates: [5]),
        .init(fourCC: "MJPG", size: vga, rates: [30]),
        .init(fourCC: "MJPG", size: hd, rates: [30]),
      ]
      state.current = current
      state.planes = [(stride: 0, bytes: 1920 * 1080 * 2)]
    }
  }

  private static func negotiate(_ fake: FakeCamera, _ change: (inout DeviceRequest) -> Void)
    throws(CaptureError) -> Negotiated
  {
    var request = DeviceRequest(device: "/dev/fake")
    change(&request)
    return try Device(path: "/dev/fake", calls: fake).negotiate(request, isConverting: false)
  }

  @Test(
    arguments: [
      (vga, nil, .yuyv), (hd, nil, .mjpeg), (hd, 5, .yuyv), (hd, 60, .mjpeg), (vga, 30, .yuyv),
      (FrameSize(width: 320, height: 200), nil, .yuyv),
    ] as [(FrameSize, Double?, PixelFormat)])
  func `Raw frames are taken where they reach size and rate, else MJPEG`(
    size: FrameSize, rate: Double?, format: PixelFormat
  ) throws {
    let negotiated = try Self.negotiate(Self.webcam()) {
      $0.size = size
      $0.rate = rate
    }
    #expect(negotiated.layout.format == format)
  }

  @Test func `With no size asked, the one that the device is set to decides`() throws {
    #expect(try Self.negotiate(Self.webcam(0)) { _ in }.layout.format == .yuyv)
    let large = try Self.negotiate(Self.webcam(3)) { _ in }
    #expect(large.layout.format == .mjpeg)
    #expect(large.layout.size == Self.hd)
  }

  @Test func `A format that is not there is refused with those that are`() {
    #expect {
      try Self.negotiate(Self.webcam()) { $0.format = "nv12" }
    } throws: { error in
      "\(error)" == "/dev/fake (Fake Camera) has no nv12; it has yuyv, mjpeg"
    }
  }

  @Test func `The format is set before the rate, and both are read back`() async throws {
    let fake = Self.webcam()
    let bench = try Bench(fake) {
      $0.format = "mjpeg"
      $0.size = Self.hd
      $0.rate = 29.97
    }
    defer { bench.end() }
    try await eventually { bench.meters.current.negotiated != nil }
    let picture = bench.meters.current
    #expect(
      picture.requested == StreamSetting(format: "mjpeg", width: 1920, height: 1080, rate: 29.97))
    #expect(
      picture.negotiated
        == StreamSetting(format: "mjpeg", width: 1920, height: 1080, rate: 30_000 / 1001))
    fake.state.withLock { state in
      #expect(state.interval == (1001, 30_000))
      let format = state.calls.firstIndex(of: VP_S_FMT)
      let rate = state.calls.firstIndex(of: VP_S_PARM)
      #expect((format ?? .max) < (rate ?? 0))
    }
    #expect(
      bench.log.from(.info).contains(
        "/dev/fake (Fake Camera): asked for mjpeg 1920x1080 at 29.97 fps, given mjpeg 1920x1080 at "
          + "29.97 fps, full range, 4 buffers"))
  }

  @Test func `Formats that are not read go through libv4l2, which is said`() async throws {
    let size = FrameSize(width: 4, height: 2)
    let bare = FakeCamera { $0.modes = [.init(fourCC: "BA81", size: size, rates: [30])] }
    let converting = FakeCamera { state in
      state.modes = [.init(fourCC: "RGB3", size: size, rates: [30])]
      state.planes = [(stride: 12, bytes: 24)]
    }
    converting.feed(0...0)
    let bench = try Bench(
      .device(DeviceRequest(device: "/dev/fake")), VideoSystem(kernel: bare, converting: converting)
    )
    defer { bench.end() }
    try await eventually { bench.sink.taken.count == 1 }
    #expect(bench.sink.taken[0].layout.format == .rgb24)
    // A busy machine has other things to say besides.
    #expect(bench.log.from(.notice).count { $0.contains("libv4l2 converts to rgb24") } == 1)
    #expect(bare.state.withLock { $0.openCount } == 0)
  }

  @Test func `Conversion of a format that the device lacks is refused`() async throws {
    let bench = try Bench(Self.webcam()) { $0.format = "fourcc:BA81" }
    defer { bench.end() }
    try await eventually { bench.meters.current.detail != nil }
    #expect(
      bench.meters.current.detail == "/dev/fake (Fake Camera) has no BA81; it has yuyv, mjpeg")
  }

  @Test(
    arguments: [
      (30, 1, 30), (29.97, 1001, 30_000), (59.94, 1001, 60_000), (23.976, 1001, 24_000),
      (12.5, 1000, 12_500), (7.5, 1000, 7500), (0.5, 1000, 500), (0.00001, 1000, 1), (1, 1, 1),
    ] as [(Double, UInt32, UInt32)])
  func `Rates become fractions`(rate: Double, numerator: UInt32, denominator: UInt32) {
    #expect(Device.interval(of: rate) == (numerator, denominator))
  }

  @Test(arguments: [
    (PixelFormat.yuyv, V4L2_COLORSPACE_SRGB, V4L2_QUANTIZATION_DEFAULT, false),
    (.yuyv, V4L2_COLORSPACE_JPEG, V4L2_QUANTIZATION_DEFAULT, true),
    (.nv12, V4L2_COLORSPACE_REC709, V4L2_QUANTIZATION_FULL_RANGE, true),
    (.yuyv, V4L2_COLORSPACE_JPEG, V4L2_QUANTIZATION_LIM_RANGE, false),
    (.rgb24, V4L2_COLORSPACE_SRGB, V4L2_QUANTIZATION_DEFAULT, true),
    (.rgb24, V4L2_COLORSPACE_SRGB, V4L2_QUANTIZATION_LIM_RANGE, false),
    (.mjpeg, V4L2_COLORSPACE_SRGB, V4L2_QUANTIZATION_DEFAULT, true),
    (.grey, V4L2_COLORSPACE_SRGB, V4L2_QUANTIZATION_DEFAULT, true),
  ])
  func `The range is the driver's, by the kernel's rule where it leaves it open`(
    format: PixelFormat, space: v4l2_colorspace, quantization: v4l2_quantization, isFull: Bool
  ) {
    #expect(
      Device.isFullRange(
        format, colorspace: space.rawValue, quantization: quantization.rawValue) == isFull)
  }

  @Test(arguments: [
    (PixelFormat.yuyv, V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_DEFAULT, ColourMatrix.bt601),
    (.yuyv, V4L2_COLORSPACE_DEFAULT, V4L2_YCBCR_ENC_DEFAULT, .bt601),
    (.nv12, V4L2_COLORSPACE_SMPTE170M, V4L2_YCBCR_ENC_DEFAULT, .bt601),
    (.nv12, V4L2_COLORSPACE_JPEG, V4L2_YCBCR_ENC_DEFAULT, .bt601),
    (.nv12, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_DEFAULT, .bt709),
    (.nv12, V4L2_COLORSPACE_DCI_P3, V4L2_YCBCR_ENC_DEFAULT, .bt709),
    (.nv16, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_601, .bt601),
    (.nv16, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_XV601, .bt601),
    (.uyvy, V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_709, .bt709),
    (.yu12, V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_XV709, .bt709),
    (.rgb24, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_DEFAULT, .bt601),
    (.mjpeg, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_709, .bt601),
    (.grey, V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_709, .bt601),
  ])
  func `The matrix is the driver's, by the kernel's rule where it leaves it open`(
    format: PixelFormat, space: v4l2_colorspace, encoding: v4l2_ycbcr_encoding, matrix: ColourMatrix
  ) throws {
    let code = try #require(
      [
        PixelFormat.yuyv: "YUYV", .uyvy: "UYVY", .nv12: "NV12", .nv16: "NV16", .yu12: "YU12",
        .rgb24: "RGB3", .mjpeg: "MJPG", .grey: "GREY",
      ][format])
    for isMultiplanar in [false, true] {
      let fake = FakeCamera { state in
        state.modes = [.init(fourCC: code, size: Self.vga, rates: [30])]
        state.planes = [(stride: 0, bytes: 640 * 480 * 3)]
        state.isMultiplanar = isMultiplanar
        state.colorspace = space.rawValue
        state.encoding = encoding.rawValue
      }
      #expect(try Self.negotiate(fake) { _ in }.layout.matrix == matrix)
    }
  }

  @Test func `BT.709 is told of`() async throws {
    let fake = FakeCamera { $0.encoding = V4L2_YCBCR_ENC_709.rawValue }
    let bench = try Bench(fake)
    defer { bench.end() }
    try await eventually { bench.log.from(.info).count == 1 }
    #expect(bench.log.from(.info)[0].contains("limited range, BT.709 turned into BT.601, "))
  }

  @Test func `A range in the configuration overrules the driver`() throws {
    let fake = FakeCamera { $0.quantization = V4L2_QUANTIZATION_LIM_RANGE.rawValue }
    #expect(try Self.negotiate(fake) { $0.range = .full }.layout.range == .full)
    #expect(try Self.negotiate(fake) { _ in }.layout.range == .limited)
  }

  @Test(arguments: PixelFormat.allCases)
  func `Strides are never less than a row, and cover all planes`(format: PixelFormat) {
    let size = FrameSize(width: 5, height: 3)
    for given in [[], [0], [64], [64, 64], [1, 1, 1]] {
      let strides = Device.strides(given, format, size)
      #expect(strides.count == format.planeCount)
      for (plane, stride) in strides.enumerated() {
        #expect(stride >= format.rowBytes(plane: plane, width: size.width))
      }
    }
    if format == .yu12 { #expect(Device.strides([64], format, size) == [64, 32, 32]) }
    if format == .nv12 { #expect(Device.strides([64], format, size) == [64, 64]) }
  }

  @Test func `Codes are four characters, and those of several planes are known`() {
    #expect(FourCC("YUYV").code == 0x5659_5559)
    #expect(FourCC("Y8").description == "Y8  ")
    #expect(FourCC("NM12").pixelFormat == .nv12)
    #expect(FourCC("BA81").pixelFormat == nil)
    for format in PixelFormat.allCases {
      let (first, second) = format.traits.codes
      for code in [first, second].compactMap({ $0 }) {
        #expect(FourCC("\(code)").pixelFormat == format)
      }
    }
  }
}
