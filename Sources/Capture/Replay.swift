import CV4L2
import Frames
import Glibc
import Logging
import Meters
import Threads

/// Plays pictures from files at a steady rate, as a driver would: a late pipeline loses frames, which
/// are counted, and never gets a burst. On its camera's thread.
final class Replay {
  private let request: ReplayRequest
  private let meters: CameraMeters
  private let pictures: any PictureList
  private var rate = RateMeasure()

  /// - Throws: `.absent` or `.unsuitable`, saying what the path holds.
  init(_ request: ReplayRequest, _ meters: CameraMeters) throws(CaptureError) {
    self.request = request
    self.meters = meters
    pictures = try PictureLists.open(request)
  }

  func describe(_ logger: Logger) {
    logger.info(
      "replaying \(pictures.count) pictures of \(request.path) at \(request.rate) fps\(request.loop ? ", in a loop" : ", once")"
    )
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
    let period = UInt64(1e9 / request.rate)
    let start = Clock.monotonic
    var number: UInt32 = 0
    var tick: UInt64 = 0
    var index = 0
    var layout: FrameLayout?
    while !waker.isSet {
      if index == pictures.count {
        guard request.loop else { return true }
        index = 0
      }
      let due = start + tick * period
      let now = Clock.monotonic
      if now < due {
        if waker.wait(for: [], seconds: 0) || !sleep(until: due, waker) { return true }
      } else if now - due > 4 * period {
        // As with a driver of four buffers: what did not fit is lost, and time goes on.
        let lost = (now - due) / period
        tick += lost
        number &+= UInt32(truncatingIfNeeded: lost)
        meters.update { $0.lostByDriver += Int(lost) }
      }
      guard let frame = try next(index, number) else {
        meters.ledger.enter(.dropped(.corrupt))
        advance(&index, &tick, &number)
        continue
      }
      if layout != frame.layout {
        layout = frame.layout
        sink.streamBegan(frame.layout)
      }
      let measured = rate.add(frame.time.monotonic)
      let time = frame.time.monotonic
      meters.update { picture in
        picture.state = .streaming
        picture.detail = nil
        picture.lastFrame = time
        if let measured { picture.measuredRate = measured }
      }
      sink.take(frame)
      advance(&index, &tick, &number)
    }
    return true
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
    let time = FrameTime(monotonic: Clock.monotonic, wall: Clock.wall)
    if let format = request.format, format != .mjpeg, let size = request.size {
      let layout = FrameLayout(format: format, size: size, range: request.range ?? format.usualRange)
      return bytes.frame(layout, time, number)
    }
    guard let size = JPEGFiles.size(of: bytes) else { return nil }
    return bytes.frame(FrameLayout(format: .mjpeg, size: size, range: .full), time, number)
  }
}
