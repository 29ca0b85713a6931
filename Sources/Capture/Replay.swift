import CPosix
import CV4L2
import Frames
import Glibc
import Logging
import Meters
import Threads

/// Plays pictures from files at a steady rate, as a driver would: a late pipeline loses frames, which
/// are counted, and never gets a burst. On its camera's thread.
final class Replay {
  /// A driver's usual number of buffers.
  private static let buffers = 4.0

  private let request: ReplayRequest
  private let meters: CameraMeters
  private let trouble: Trouble
  private let pictures: any PictureList
  private var rate = RateMeasure()
  private var layout: FrameLayout?
  /// Files in a row that were no picture.
  private var badCount = 0

  /// - Throws: `.absent` or `.unsuitable`, saying what the path holds.
  init(
    _ request: ReplayRequest, _ meters: CameraMeters, _ trouble: Trouble
  ) throws(CaptureError) {
    guard request.rate >= 0.001, request.rate <= 1000 else {
      throw CaptureError(.unsuitable, "\(request.rate) fps is no rate to replay at")
    }
    self.request = request
    self.meters = meters
    self.trouble = trouble
    pictures = try PictureLists.open(request)
    describe()
  }

  private func describe() {
    trouble.say(
      .info,
      """
      replaying \(pictures.count) pictures of \(request.path) at \(request.rate) fps\
      \(request.loop ? ", in a loop" : ", once")
      """)
    let size = request.size
    let setting = StreamSetting(
      format: request.format?.rawValue ?? "mjpeg", width: size?.width ?? 0,
      height: size?.height ?? 0,
      rate: request.rate)
    meters.update { picture in
      picture.device = request.path
      picture.requested = setting
      picture.negotiated = setting
    }
  }

  /// - Returns: true where the end was reached, or the camera is to stop.
  func run(_ sink: any FrameSink, _ waker: Waker) throws(CaptureError) -> Bool {
    let start = Clock.monotonic
    var number: UInt32 = 0
    var tick: UInt64 = 0
    var index = 0
    while !waker.isSet {
      if index == pictures.count {
        guard request.loop else { return true }
        index = 0
      }
      let due = start + UInt64(Double(tick) * 1e9 / request.rate)
      if Clock.monotonic < due {
        guard sleep(until: due, waker) else { return true }
      }
      let late = Double(Clock.monotonic - due) * request.rate / 1e9
      if late > Self.buffers {
        // As with a driver: what did not fit its buffers is lost, and time goes on.
        let lost = UInt64(late)
        tick += lost
        number &+= UInt32(truncatingIfNeeded: lost)
        meters.update { $0.lostByDriver += Int(lost) }
        meters.frames.explain(CameraMeters.lostByDriver, "replay of \(request.path)")
      }
      if let frame = try next(index, number) {
        deliver(frame, sink)
      } else {
        try reject(index)
      }
      advance(&index, &tick, &number)
    }
    return true
  }

  private func deliver(_ frame: consuming Frame, _ sink: any FrameSink) {
    badCount = 0
    if layout == nil { trouble.recovered() }
    if layout != frame.layout {
      layout = frame.layout
      sink.streamBegan(frame.layout)
    }
    let time = frame.time.monotonic
    let measured = rate.add(time)
    meters.update { picture in
      picture.lastFrame = time
      if let measured { picture.measuredRate = measured }
    }
    sink.take(frame)
  }

  /// - Throws: where not one of the pictures is sound.
  private func reject(_ index: Int) throws(CaptureError) {
    meters.ledger.move(.inPipeline, to: .dropped(.corrupt))
    meters.frames.explain(DropReason.corrupt.rawValue, "\(pictures.name(index)) is no JPEG")
    badCount += 1
    guard badCount < pictures.count else {
      throw CaptureError(
        .unsuitable,
        "\(request.path) holds no picture that is a JPEG; \(pictures.name(index)) for one is not")
    }
    trouble.say(.warning, "\(pictures.name(index)) is no JPEG and is left out")
  }

  private func advance(_ index: inout Int, _ tick: inout UInt64, _ number: inout UInt32) {
    index += 1
    tick += 1
    number &+= 1
  }

  /// - Returns: false where the camera is to stop.
  private func sleep(until due: UInt64, _ waker: Waker) -> Bool {
    while !waker.isSet {
      let now = Clock.monotonic
      guard now < due else { return true }
      // poll counts whole milliseconds; the rest is slept exactly.
      let left = due - now
      if left > 2_000_000 {
        _ = waker.wait(for: [], seconds: Double(left - 1_500_000) / 1e9)
      } else {
        var pause = timespec(tv_sec: 0, tv_nsec: Int(left))
        unsafe nanosleep(&pause, nil)
      }
    }
    return false
  }

  /// The picture as a frame of this moment; nil where it is none.
  private func next(_ index: Int, _ number: UInt32) throws(CaptureError) -> Frame? {
    let bytes = try pictures.picture(index)
    // Before anything can lose it.
    meters.ledger.capture()
    let time = FrameTime(monotonic: Clock.monotonic, wall: Clock.wall)
    if let format = request.format, format != .mjpeg, let size = request.size {
      let layout = FrameLayout(
        format: format, size: size, range: request.range ?? format.usualRange)
      return bytes.frame(layout, time, number)
    }
    guard let size = JPEGFiles.size(of: bytes) else { return nil }
    return bytes.frame(FrameLayout(format: .mjpeg, size: size, range: .full), time, number)
  }
}
