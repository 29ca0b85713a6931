import Capture
import Frames
import Imaging
import Logging
import Meters
import Synchronization
import Threads

/// Drivers that answer what no driver should: sizes, strides, offsets, numbers and times at their extremes, errors at any
/// moment. The camera opens, negotiates, maps, streams and encodes as ever; every frame is booked, every buffer unmapped.
struct DeviceFuzz: Fuzzer {
  private static let endSeconds = 8

  private let pool = BytePool()

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    (0..<Int.random(in: 8...160, using: &random)).map { _ in .random(in: 0...255, using: &random) }
  }

  mutating func run(_ input: [UInt8]) throws -> Bool {
    let device = ScriptedDevice(input)
    let meters = CameraMeters(name: "fuzz")
    let sink = try EncodingSink(meters, pool)
    let ended = EventSignal()
    let logger = Logger(label: "fuzz") { _ in EndHandler(ended: ended) }
    let camera = Camera(
      name: "fuzz", source: .device(device.request), sink: sink, meters: meters, logger: logger,
      system: VideoSystem(calls: device))
    try camera.start()
    ended.wait(milliseconds: Int32(Self.endSeconds * 1000))
    camera.stop()
    camera.join()
    let current = meters.current
    if let fault = sink.fault { throw BrokenPromise(description: fault) }
    guard current.state == .stopped, current.detail != nil else {
      throw BrokenPromise(description: "no end, though the device failed: \(current.state)")
    }
    guard meters.ledger.snapshot.isBalanced, meters.ledger.snapshot.inPipeline == 0 else {
      throw BrokenPromise(description: "frames that nobody booked: \(meters.ledger.snapshot)")
    }
    guard device.mappedCount == 0, device.openCount == 0 else {
      throw BrokenPromise(
        description: "\(device.mappedCount) buffers are mapped, \(device.openCount) devices open")
    }
    return sink.encoded > 0
  }
}

/// Tells when the camera has failed for the first time: the script is over then, or has ended it.
private struct EndHandler: LogHandler {
  let ended: EventSignal
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.error

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { if event.level >= .error { ended.set() } }
}

/// Encodes every frame, as a pipeline does, and books it. On the camera's thread.
private final class EncodingSink: FrameSink, @unchecked Sendable {
  private let meters: CameraMeters
  private let compressor: Compressor
  private let state = Mutex((encoded: 0, fault: String?.none))

  init(_ meters: CameraMeters, _ pool: BytePool) throws {
    self.meters = meters
    compressor = try Compressor(options: PictureOptions(), pool: pool)
  }

  var encoded: Int { state.withLock { $0.encoded } }
  var fault: String? { state.withLock { $0.fault } }

  func streamBegan(_ layout: FrameLayout) {}

  func take(_ frame: consuming Frame) {
    let now = Clock.monotonic
    let time = frame.time
    var fault: String?
    if !frame.isWhole { fault = "a frame that is not whole" }
    if time.monotonic > now || time.wall <= 0 { fault = "a frame of the time \(time)" }
    let isEncoded = (try? compressor.picture(of: frame)) != nil
    meters.ledger.move(.inPipeline, to: .dropped(isEncoded ? .rate : .corrupt))
    state.withLock { state in
      if isEncoded { state.encoded += 1 }
      state.fault = state.fault ?? fault
    }
  }
}
