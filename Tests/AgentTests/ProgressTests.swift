import Meters
import Testing

@testable import Agent

/// By this the watchdog is fed or not.
@Suite struct ProgressTests {
  /// Keeps the book where expectations may change it.
  private final class Watched {
    private var book = ProgressBook()
    func isMoving(_ meters: CameraMeters, timeout: Double?, now: Double) -> Bool {
      book.isMoving(meters, timeout: timeout, now: now)
    }
  }

  private func streaming() -> CameraMeters {
    let meters = CameraMeters(name: "front")
    meters.update { $0.state = .streaming }
    return meters
  }

  @Test func `A thread that hangs with a frame in the pipeline is stuck after 90 s`() {
    let meters = streaming()
    let book = Watched()
    for second in 0..<60 {
      meters.ledger.capture()
      meters.ledger.move(.inPipeline, to: .delivered)
      #expect(book.isMoving(meters, timeout: nil, now: Double(second)))
    }
    // It has left the driver, and nothing becomes of it.
    meters.ledger.capture()
    #expect(book.isMoving(meters, timeout: nil, now: 60))
    #expect(book.isMoving(meters, timeout: nil, now: 149))
    #expect(!book.isMoving(meters, timeout: nil, now: 150))
    #expect(book.isMoving(meters, timeout: 100, now: 150))
  }

  @Test func `Frames that are all corrupt are no sign of a thread that hangs`() {
    let meters = streaming()
    let book = Watched()
    for second in 0..<300 {
      meters.ledger.capture()
      meters.ledger.move(.inPipeline, to: .dropped(.corrupt))
      #expect(book.isMoving(meters, timeout: nil, now: Double(second)))
    }
  }

  @Test func `What the spool of an earlier run holds moves no camera`() {
    let meters = streaming()
    let book = Watched()
    #expect(book.isMoving(meters, timeout: nil, now: 0))
    meters.ledger.enter(.spooled, count: 1000)
    #expect(!book.isMoving(meters, timeout: nil, now: 90))
  }

  @Test func `A camera that is not there, or slow by agreement, is not stuck`() {
    let meters = streaming()
    let book = Watched()
    meters.update { $0.state = .noDevice }
    for second in 0..<300 { #expect(book.isMoving(meters, timeout: nil, now: Double(second))) }
    meters.update { picture in
      picture.state = .streaming
      picture.negotiated = StreamSetting(format: "mjpeg", width: 64, height: 48, rate: 0.02)
    }
    #expect(book.isMoving(meters, timeout: nil, now: 300))
    #expect(book.isMoving(meters, timeout: nil, now: 540))
    #expect(!book.isMoving(meters, timeout: nil, now: 550))
  }
}
