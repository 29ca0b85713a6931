import Frames
import Logging
import Meters
import Synchronization
import Testing

@testable import Capture

/// Keeps what a camera gives.
final class RecordingSink: FrameSink {
  struct Taken: Sendable {
    var layout: FrameLayout
    var time: FrameTime
    var sequence: UInt32
    var planes: [[UInt8]]
  }

  private struct State {
    var layouts: [FrameLayout] = []
    var taken: [Taken] = []
    var held: [HeldFrame] = []
  }

  private let state = Mutex(State())
  private let isHolding: Bool
  /// Sizes that masks do not allow.
  private let refused: Set<FrameSize>

  /// - Parameter isHolding: whether frames are kept with their buffers, not only their bytes.
  init(isHolding: Bool = false, refused: Set<FrameSize> = []) {
    self.isHolding = isHolding
    self.refused = refused
  }

  func canTake(_ size: FrameSize) -> Bool { !refused.contains(size) }

  func streamBegan(_ layout: FrameLayout) { state.withLock { $0.layouts.append(layout) } }

  func take(_ frame: consuming Frame) {
    let held = HeldFrame(frame)
    let taken = Taken(
      layout: held.frame.layout, time: held.frame.time, sequence: held.frame.driverSequence,
      planes: held.bytes)
    state.withLock { state in
      state.taken.append(taken)
      if isHolding { state.held.append(held) }
    }
  }

  var layouts: [FrameLayout] { state.withLock { $0.layouts } }
  var taken: [Taken] { state.withLock { $0.taken } }
  var held: [HeldFrame] { state.withLock { $0.held } }
  func letGo() {
    let held = state.withLock { state in
      defer { state.held = [] }
      return state.held
    }
    _ = held
  }
}

final class HeldFrame: Sendable {
  let frame: Frame
  init(_ frame: consuming Frame) { self.frame = frame }

  var bytes: [[UInt8]] {
    unsafe frame.withUnsafePlanes { planes in
      unsafe planes.map { unsafe [UInt8]($0) }
    }
  }
}

/// Keeps what is logged.
final class LogLines: Sendable {
  private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

  func add(_ level: Logger.Level, _ text: String) { lines.withLock { $0.append((level, text)) } }
  /// The lines at `level` or above.
  func from(_ level: Logger.Level) -> [String] {
    lines.withLock { $0.filter { $0.level >= level }.map(\.text) }
  }

  var logger: Logger { Logger(label: "test") { [self] _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add(event.level, "\(event.message)") }
  }
}

/// A camera under test with all that it writes to; stopped and joined when the test has ended.
final class Bench: Sendable {
  let sink: RecordingSink
  let meters = CameraMeters(name: "test")
  let log = LogLines()
  let camera: Camera

  init(
    _ source: CameraSource, _ system: VideoSystem = VideoSystem(), isHolding: Bool = false,
    refused: Set<FrameSize> = []
  ) throws {
    sink = RecordingSink(isHolding: isHolding, refused: refused)
    camera = Camera(
      name: "test", source: source, sink: sink, meters: meters, logger: log.logger, system: system)
    try camera.start()
  }

  convenience init(
    _ fake: FakeCamera, isHolding: Bool = false, refused: Set<FrameSize> = [],
    silenceSecondsMin: Double = 3600, firstFrameSecondsMin: Double = 3600,
    _ change: (inout DeviceRequest) -> Void = { _ in }
  ) throws {
    var request = DeviceRequest(device: "/dev/fake")
    change(&request)
    var system = VideoSystem(kernel: fake, converting: fake)
    // A busy machine is no silent camera.
    system.silenceSecondsMin = silenceSecondsMin
    system.firstFrameSecondsMin = firstFrameSecondsMin
    try self.init(.device(request), system, isHolding: isHolding, refused: refused)
  }

  func end() {
    camera.stop()
    camera.join()
  }
}

/// Waits until something is so; a minute at most, and so many looks at least: a machine that does much else may look seldom.
func eventually(
  _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(60)
  var looks = 0
  while !condition() {
    looks += 1
    guard clock.now < deadline || looks < 1000 else {
      Issue.record(comment ?? "this did not come about", sourceLocation: sourceLocation)
      throw CancellationError()
    }
    try await Task.sleep(for: .milliseconds(5))
  }
}
