package import Logging
package import Meters
import Synchronization
package import Threads

/// A camera: one thread that opens its source, gives its frames to a sink, and when the source fails or
/// goes, comes back to it for ever. Cameras share nothing, so that none disturbs another.
package final class Camera: Sendable {
  /// Seconds between attempts, while nothing is announced.
  private static let retrySeconds: [Double] = [1, 2, 4, 8, 15]
  /// After an announcement links and permissions may still be on their way.
  private static let announcedSeconds: [Double] = [0, 0.1, 0.3, 0.5]

  package let name: String
  private let source: CameraSource
  private let sink: any FrameSink
  private let meters: CameraMeters
  private let logger: Logger
  private let waker = Waker()
  private let thread = Mutex<NamedThread?>(nil)

  package init(
    name: String, source: CameraSource, sink: any FrameSink, meters: CameraMeters, logger: Logger
  ) {
    self.name = name
    self.source = source
    self.sink = sink
    self.meters = meters
    var logger = logger
    logger[metadataKey: "camera"] = "\(name)"
    self.logger = logger
  }

  package func start() throws(ThreadError) {
    let started = try NamedThread("cam-\(name)") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Asks the thread to end; it does so after the frame at hand.
  package func stop() { waker.set() }

  /// Waits until the thread has ended.
  package func join() {
    let taken = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    taken?.join()
  }

  private func run() {
    var trouble = Trouble(meters: meters, logger: logger)
    while !waker.isSet {
      do {
        meters.update { if $0.state != .noDevice { $0.state = .opening } }
        let isOver = try attempt(&trouble)
        if isOver { break }
      } catch {
        trouble.report(error)
        pause(trouble.failures)
      }
    }
    meters.update { if $0.state != .ended { $0.state = .stopped } }
  }

  /// Runs the source once.
  /// - Returns: true where there is nothing more to come.
  private func attempt(_ trouble: inout Trouble) throws(CaptureError) -> Bool {
    switch source {
    case .device(let request):
      let stream = try Stream(request, meters, logger)
      trouble.recovered()
      try stream.run(sink, waker)
      return true
    case .replay(let request):
      let replay = try Replay(request, meters)
      replay.describe(logger)
      trouble.recovered()
      let isOver = try replay.run(sink, waker)
      if isOver, !waker.isSet {
        meters.update { $0.state = .ended }
        logger.info("\(request.path) was played to its end")
      }
      return isOver
    }
  }

  /// Waits until another attempt makes sense.
  private func pause(_ failures: Int) {
    // Opened before the next look at the device, so that nothing announced in between is missed.
    let hotplug = Hotplug()
    let delays = Self.retrySeconds
    let deadline =
      Clock.monotonic + UInt64(delays[min(failures - 1, delays.count - 1)] * 1e9)
    while !waker.isSet {
      let now = Clock.monotonic
      guard now < deadline else { return }
      guard waker.wait(for: hotplug.descriptors, seconds: Double(deadline - now) / 1e9) else {
        continue
      }
      if hotplug.drain(), isBackSoon() { return }
    }
  }

  /// After an announcement: whether the device can be opened within a moment.
  private func isBackSoon() -> Bool {
    guard case .device(let request) = source else { return false }
    for delay in Self.announcedSeconds {
      if delay > 0 { _ = waker.wait(for: [], seconds: delay) }
      if waker.isSet { return true }
      if let path = try? DeviceFinder.path(of: request.device),
        let device = try? Device(path: path, calls: KernelCalls())
      {
        device.close()
        return true
      }
    }
    return false
  }
}

/// Tells of a camera's trouble: each new sentence once, the same one again only at debug level, and the
/// return.
private struct Trouble {
  let meters: CameraMeters
  let logger: Logger
  private(set) var failures = 0
  private var told: String?

  init(meters: CameraMeters, logger: Logger) {
    self.meters = meters
    self.logger = logger
  }

  mutating func report(_ error: CaptureError) {
    failures += 1
    let text = error.description
    meters.update { picture in
      picture.detail = text
      picture.state =
        switch error.code {
        case .absent: .noDevice
        case .silent: .noData
        case .denied, .unsuitable, .failed: .failed
        }
    }
    if text == told {
      logger.debug("\(text)")
    } else {
      logger.error("\(text)")
      told = text
    }
  }

  mutating func recovered() {
    if failures > 0 {
      meters.update { $0.reopened += 1 }
      logger.notice("the camera is back")
    }
    failures = 0
    told = nil
  }
}
