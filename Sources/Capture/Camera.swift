package import Logging
package import Meters
import Synchronization
package import Threads

/// A camera: one thread that opens its source, gives its frames to a sink, and when the source fails or
/// goes, tries again without end. Cameras share nothing, so a fault in one does not affect another.
package final class Camera: Sendable {
  /// Seconds between attempts, while nothing is announced.
  private static let retrySeconds: [Double] = [1, 2, 4, 8, 15]
  /// After an announcement links and permissions may still be on their way.
  private static let announcedSeconds: [Double] = [0, 0.1, 0.3, 0.5]

  private static let sourceChangeSeconds = 0.2

  package let name: String
  private let source: CameraSource
  private let sink: any FrameSink
  private let meters: CameraMeters
  private let logger: Logger
  private let waker = Waker()
  private let thread = Mutex<NamedThread?>(nil)
  private let system: VideoSystem

  package convenience init(
    name: String, source: CameraSource, sink: any FrameSink, meters: CameraMeters, logger: Logger
  ) {
    self.init(
      name: name, source: source, sink: sink, meters: meters, logger: logger, system: VideoSystem())
  }

  package init(
    name: String, source: CameraSource, sink: any FrameSink, meters: CameraMeters, logger: Logger,
    system: VideoSystem
  ) {
    self.system = system
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
    let trouble = Trouble(meters: meters, logger: logger, patience: patience)
    while !waker.isSet {
      do throws(CaptureError) {
        if trouble.failures == 0 { meters.update { $0.state = .opening } }
        let isOver = try attempt(trouble)
        if isOver { break }
      } catch {
        trouble.report(error)
        pause(trouble)
      }
    }
    meters.update { picture in
      if picture.state != .ended { picture.state = .stopped }
      picture.measuredRate = 0
    }
  }

  private var patience: Patience {
    guard case .device(let request) = source else { return Patience(configured: nil) }
    return Patience(
      configured: request.timeout, leastSeconds: system.silenceSecondsMin,
      leastFirstSeconds: system.firstFrameSecondsMin)
  }

  /// Runs the source once.
  /// - Returns: true where there is nothing more to come.
  private func attempt(_ trouble: Trouble) throws(CaptureError) -> Bool {
    defer { sink.streamEnded() }
    switch source {
    case .device(let request):
      let stream = try Stream(request, system, meters, trouble)
      if case .stopped = try stream.run(sink, waker) { return true }
      meters.update { $0.reopened += 1 }
      // A source that changes all the time does not keep a processor busy.
      _ = waker.wait(for: [], seconds: Self.sourceChangeSeconds)
      return false
    case .replay(let request):
      let replay = try Replay(request, meters, trouble)
      let isOver = try replay.run(sink, waker)
      if isOver, !waker.isSet {
        meters.update { $0.state = .ended }
        logger.info("\(request.path) was played to its end")
      }
      return isOver
    }
  }

  /// Waits until another attempt makes sense.
  private func pause(_ trouble: Trouble) {
    let delays = Self.retrySeconds
    let start = Clock.monotonic
    while !waker.isSet {
      let delay = delays[max(0, min(trouble.failures, delays.count) - 1)]
      let deadline = start + UInt64(delay * 1e9)
      let now = Clock.monotonic
      guard now < deadline else { return }
      let left = Double(deadline - now) / 1e9
      guard waker.wait(for: trouble.hotplug?.descriptors ?? [], seconds: left) else { continue }
      guard trouble.hotplug?.drain() == true else { continue }
      // Where it is slow to become ready, later looks are close together again.
      trouble.expectReturn()
      if isBackSoon() { return }
    }
  }

  /// After an announcement: whether the device can be opened within a moment.
  private func isBackSoon() -> Bool {
    guard case .device(let request) = source else { return false }
    for delay in Self.announcedSeconds {
      if delay > 0 { _ = waker.wait(for: [], seconds: delay) }
      if waker.isSet { return true }
      if let path = try? DeviceFinder.path(of: request.device, in: system),
        let device = try? Device(path: path, calls: system.kernel)
      {
        device.close()
        return true
      }
    }
    return false
  }
}
