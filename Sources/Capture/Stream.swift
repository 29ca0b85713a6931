import CV4L2
import Frames
import Glibc
import Logging
import Meters
import Threads

/// One run of a device from opening to its end. On its camera's thread.
final class Stream {
  /// A gap in the driver's numbers larger than this is a restart of its counter, not lost frames.
  private static let gapMax: UInt32 = 10_000
  /// Pictures in a row of another size than was agreed to, before it is believed.
  private static let sizeChangeFrames = 3

  private let device: Device
  private let negotiated: Negotiated
  private let buffers: MappedBuffers
  private let request: DeviceRequest
  private let meters: CameraMeters
  private let trouble: Trouble
  private let offsets: [Int]
  private var rate = RateMeasure()
  private var lastSequence: UInt32?
  private var hasFrames = false
  /// Buffers since the last good frame that held none.
  private var badCount = 0
  /// Windows of the rate's measure since the start.
  private var measures = 0
  /// A size that was not agreed to, and how many pictures in a row had it.
  private var otherSize: (size: FrameSize, count: Int)?
  /// Whether the driver tells when its source changes.
  private let hasSourceEvents: Bool

  /// How a run ends, if it does not fail.
  enum End { case stopped, sourceChanged }

  /// Opens, negotiates, maps and starts the device.
  init(
    _ request: DeviceRequest, _ system: VideoSystem, _ meters: CameraMeters, _ trouble: Trouble
  ) throws(CaptureError) {
    self.request = request
    self.meters = meters
    self.trouble = trouble
    let path = try DeviceFinder.path(of: request.device, in: system)
    (device, negotiated) = try Self.open(path, request, system, trouble)
    offsets = negotiated.layout.contiguousOffsets
    let before = device.apply(request.controls)
    for sentence in before.faults { trouble.say(.warning, sentence) }
    buffers = try MappedBuffers(
      device, count: request.buffers, memoryPlanes: negotiated.memoryPlanes)
    for index in 0..<buffers.count {
      let failure = buffers.queue(index)
      guard failure == 0 else {
        throw CaptureError(
          CaptureError.code(failure, otherwise: .failed), call: "VIDIOC_QBUF", errno: failure,
          "\(path) does not take a buffer")
      }
    }
    hasSourceEvents = device.subscribeToSourceChanges()
    try start()
    // Some cameras forget their settings at the start of a stream.
    let after = device.apply(request.controls, after: before.given)
    for sentence in after.faults where !before.faults.contains(sentence) {
      trouble.say(.warning, sentence)
    }
    describe()
  }

  deinit {
    buffers.stop()
    device.close()
  }

  private static func open(
    _ path: String, _ request: DeviceRequest, _ system: VideoSystem, _ trouble: Trouble
  ) throws(CaptureError) -> (Device, Negotiated) {
    let device = try Device(path: path, calls: system.kernel)
    let offered = device.formats()
    var reason = "has no format that is read directly"
    if let demanded = request.fourCC, demanded.pixelFormat == nil {
      guard offered.contains(demanded) else {
        throw CaptureError(
          .unsuitable,
          "\(path) (\(device.card)) has no \(demanded); it has \(Device.list(offered))")
      }
      reason = "is to give \(demanded), which is not read directly"
    } else if device.isMultiplanar || offered.contains(where: { $0.pixelFormat != nil }) {
      return (device, try device.negotiate(request, isConverting: false))
    }
    device.close()
    let converting = try Device(path: path, calls: system.converting)
    let negotiated = try converting.negotiate(request, isConverting: true)
    trouble.say(
      .notice,
      """
      \(path) (\(converting.card)) \(reason); libv4l2 converts to rgb24, which takes about as much \
      processor time as encoding
      """)
    return (converting, negotiated)
  }

  private func start() throws(CaptureError) {
    var type = Int32(bitPattern: device.bufferType)
    let failure = device.control(VP_STREAMON, &type)
    switch failure {
    case 0: return
    case ENOSPC:
      throw CaptureError(
        .unsuitable, call: "VIDIOC_STREAMON", errno: failure,
        """
        the USB bus has no bandwidth left for \(device.path) at \(negotiated.layout.size) \
        \(negotiated.layout.format.rawValue); set format: mjpeg, a smaller size or rate, or use a port \
        of another USB controller
        """)
    case EBUSY:
      throw CaptureError(
        .denied, call: "VIDIOC_STREAMON", errno: failure,
        "\(device.path) is streaming already\(Holders.sentence(of: device.path))")
    default:
      throw CaptureError(
        CaptureError.code(failure, otherwise: .failed), call: "VIDIOC_STREAMON", errno: failure,
        "\(device.path) does not start")
    }
  }

  private func describe() {
    let given = negotiated.setting
    let asked = StreamSetting(
      format: request.format ?? "any", width: request.size?.width ?? 0,
      height: request.size?.height ?? 0, rate: request.rate ?? 0)
    meters.update { picture in
      picture.device = device.path
      picture.requested = asked
      picture.negotiated = given
    }
    let size = request.size.map { "\($0)" } ?? "any size"
    let rate = request.rate.map { " at \(Self.short($0)) fps" } ?? ""
    let matrix = negotiated.layout.matrix
    let colours = matrix == .bt601 ? "" : ", \(matrix.rawValue) turned into BT.601"
    trouble.say(
      .info,
      """
      \(device.path) (\(device.card)): asked for \(asked.format) \(size)\(rate), given \
      \(given.format) \(negotiated.layout.size) at \(Self.short(given.rate)) fps, \
      \(negotiated.layout.range.rawValue) range\(colours), \(buffers.count) buffers
      """)
  }

  private static func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e9
      ? String(Int(value)) : String((value * 100).rounded() / 100)
  }

  /// Gives frames to `sink` until the camera is to stop, or its source is another.
  /// - Throws: where the device fails, goes, or is silent too long.
  func run(_ sink: any FrameSink, _ waker: Waker) throws(CaptureError) -> End {
    sink.streamBegan(negotiated.layout)
    trouble.patience.opened()
    let period = negotiated.rate > 0 ? 1 / negotiated.rate : 0
    let events = hasSourceEvents ? POLLIN | POLLPRI : POLLIN
    var lastFrame = Clock.monotonic
    while true {
      let limit = trouble.patience.limit(interval: period, hasFrames: hasFrames)
      let waited = Double(Clock.monotonic - lastFrame) / 1e9
      guard waited < limit else {
        trouble.patience.noteTimeout(limit, hasFrames: hasFrames)
        throw silence(limit)
      }
      let ready = waker.wait(for: device.fd, events: events, seconds: min(limit - waited, 1))
      if waker.isSet { return .stopped }
      guard ready else { continue }
      if hasSourceEvents, device.sourceHasChanged() {
        trouble.say(
          .notice,
          "the source of \(device.path) changed; the camera is opened again to negotiate its size")
        return .sourceChanged
      }
      if try takeNext(sink) {
        lastFrame = Clock.monotonic
        trouble.patience.noteFrame(at: Double(lastFrame) / 1e9)
      }
    }
  }

  private func silence(_ seconds: Double) -> CaptureError {
    let path = device.path
    guard badCount == 0 else {
      return CaptureError(
        .silent,
        """
        \(path) has given no good frame for \(Self.short(seconds)) s, only buffers in error or cut \
        short; check its cable and hub, or ask for a smaller size. It is opened again. \
        Where it is slow by design, set `timeout`
        """)
    }
    return CaptureError(
      .silent,
      """
      \(path) has given no frame for \(Self.short(seconds)) s; is its source connected and powered? \
      It is opened again. Where it gives frames more seldom, set `timeout`
      """)
  }

  /// Takes the buffer that poll told of; where more are filled, poll says so at once.
  /// - Returns: whether it held a good frame.
  private func takeNext(_ sink: any FrameSink) throws(CaptureError) -> Bool {
    let filled: MappedBuffers.Filled
    do {
      filled = try buffers.dequeue()
    } catch {
      switch error.code {
      case EAGAIN:
        // An error condition without a buffer would make poll return at once, each time.
        usleep(2000)
        return false
      case ENODEV, ENXIO, EBADF:
        throw CaptureError(
          .absent, call: "VIDIOC_DQBUF", errno: error.code, "\(device.path) was unplugged")
      default:
        throw CaptureError(
          .failed, call: "VIDIOC_DQBUF", errno: error.code,
          "\(device.path) failed while streaming; it is opened again")
      }
    }
    // Before anything can lose it.
    meters.ledger.capture()
    return try deliver(filled, sink)
  }

  /// - Returns: whether it was a good frame.
  private func deliver(
    _ filled: MappedBuffers.Filled, _ sink: any FrameSink
  ) throws(CaptureError) -> Bool {
    countLost(filled.sequence)
    let time = Self.time(filled)
    let frame = unsafe Frame(
      layout: negotiated.layout, time: time, driverSequence: filled.sequence,
      first: bytes(of: filled.first, filled.index, 0), others: otherPlanes(filled), owner: buffers,
      buffer: filled.index)
    let isFlagged = filled.flags & VP_BUF_FLAG_ERROR != 0
    guard !isFlagged, frame.isWhole else {
      meters.ledger.move(.inPipeline, to: .dropped(.corrupt))
      if isFlagged { meters.update { $0.flaggedByDriver += 1 } }
      meters.frames.explain(
        DropReason.corrupt.rawValue,
        isFlagged ? "the driver flags its buffers as in error" : "its buffers are cut short")
      badCount += 1
      return false
    }
    badCount = 0
    if !hasFrames { trouble.recovered() }
    hasFrames = true
    let measured = rate.add(time.monotonic)
    if let measured { noteRate(measured) }
    meters.update { picture in
      picture.lastFrame = time.monotonic
      if let measured { picture.measuredRate = measured }
    }
    let size = negotiated.layout.format.isCompressed ? JPEGFiles.size(of: frame) : nil
    sink.take(frame)
    if let size { try noteSize(size, sink) }
    return true
  }

  /// The size of a JPEG is its own. Where the camera was told another, that is said once; where masks do
  /// not allow the new one, the camera is opened again, which settles it for cameras that forgot their
  /// setting.
  private func noteSize(_ size: FrameSize, _ sink: any FrameSink) throws(CaptureError) {
    let agreed = negotiated.layout.size
    // Drivers round sizes to whole blocks.
    if abs(size.width - agreed.width) <= 16, abs(size.height - agreed.height) <= 16 {
      otherSize = nil
      trouble.sizeReopenedFor = nil
      return
    }
    let count = otherSize?.size == size ? (otherSize?.count ?? 0) + 1 : 1
    otherSize = (size, min(count, Self.sizeChangeFrames + 1))
    guard count == Self.sizeChangeFrames else { return }
    meters.update { picture in
      picture.negotiated?.width = size.width
      picture.negotiated?.height = size.height
    }
    let sentence = "\(device.path) was set to \(agreed) and gives pictures of \(size)"
    guard !sink.canTake(size) else {
      trouble.say(.notice, "\(sentence); they are taken as they are")
      return
    }
    guard trouble.sizeReopenedFor != size else {
      trouble.say(
        .warning, "\(sentence), though it was opened again; no mask fits: nothing is published")
      return
    }
    trouble.sizeReopenedFor = size
    throw CaptureError(
      .failed,
      "\(sentence), which its masks do not fit: nothing is published, and it is opened again")
  }

  /// Tells once of a camera that gives fewer frames than it agreed to. The first window is skipped:
  /// cameras start slowly.
  private func noteRate(_ measured: Double) {
    measures += 1
    guard measures == 2, negotiated.rate > 0, measured < negotiated.rate * 0.8 else { return }
    trouble.say(
      .notice,
      """
      \(device.path) agreed to \(Self.short(negotiated.rate)) fps and gives \(Self.short(measured)); \
      in the dark, automatic exposure does that
      """)
  }

  /// Gaps in the driver's numbers are frames that it had no buffer for, or lost before us.
  private func countLost(_ sequence: UInt32) {
    defer { lastSequence = sequence }
    guard let lost = Self.lost(between: lastSequence, and: sequence) else { return }
    meters.update { $0.lostByDriver += lost }
    meters.frames.explain(CameraMeters.lostByDriver, "driver \(device.driver), \(device.path)")
  }

  /// How many frames are missing between two of the driver's numbers, which wrap at 32 bits; nil for
  /// none.
  static func lost(between last: UInt32?, and sequence: UInt32) -> Int? {
    guard let last else { return nil }
    let step = sequence &- last
    guard step > 1, step <= gapMax else { return nil }
    return Int(step - 1)
  }

  /// The frame's time on both clocks. Drivers that stamp by another clock, or wildly, are not believed.
  private static func time(_ filled: MappedBuffers.Filled) -> FrameTime {
    let now = Clock.monotonic
    let wall = Clock.wall
    let isMonotonic =
      filled.flags & VP_BUF_FLAG_TIMESTAMP_MASK == VP_BUF_FLAG_TIMESTAMP_MONOTONIC
    guard isMonotonic, filled.timestamp <= now, now - filled.timestamp < 10_000_000_000 else {
      return FrameTime(monotonic: now, wall: wall)
    }
    return FrameTime(
      monotonic: filled.timestamp, wall: wall - Int64((now - filled.timestamp) / 1000))
  }

  /// What was filled of a memory plane, from a picture's plane that begins at `offset` in it.
  private func bytes(
    of part: MappedBuffers.Part, _ index: Int, _ plane: Int, from offset: Int = 0
  ) -> UnsafeRawBufferPointer {
    let start = min(offset, part.count)
    return unsafe UnsafeRawBufferPointer(
      start: buffers.start(of: index, plane: plane) + part.offset + start,
      count: part.count - start)
  }

  /// The picture's planes beyond the first: in memory planes of their own, or all in one.
  private func otherPlanes(_ filled: MappedBuffers.Filled) -> [UnsafeRawBufferPointer] {
    if !filled.others.isEmpty {
      return unsafe filled.others.enumerated().map { other, part in
        unsafe bytes(of: part, filled.index, other + 1)
      }
    }
    guard offsets.count > 1 else { return unsafe [] }
    return unsafe offsets.dropFirst().map { offset in
      unsafe bytes(of: filled.first, filled.index, 0, from: offset)
    }
  }
}
