import Analysis
import Capture
import Control
import Delivery
import Frames
import Imaging
import Journal
import Kafka
import Logging
import Meters
import Settings
import Synchronization
import Threads

/// One camera's way from frame to record: rate cap, JPEG, what is left out while nothing moves, headers, Delivery. All of it runs on the
/// camera's thread; only the last picture is read from others.
final class Pipeline: FrameSink, @unchecked Sendable {
  /// Frames after which the cost of decoding and re-encoding is logged.
  private static let costSample = 30

  let meters: CameraMeters
  private let settings: CameraAssembly
  private let stream: PictureStream?
  private let delivery: Delivery
  /// Looks at what is published; never blocks.
  private let look: (@Sendable (PublishedPicture) -> Void)?
  private let logger: Logger
  private let faults: FaultLog
  private let latest = Mutex<PooledBytes?>(nil)

  // Used by the camera's thread alone.
  private let compressor: Compressor
  private var cap: RateCap?
  /// Nil where as much is published while nothing moves as otherwise.
  private let gate: StillGate?
  private var layout: FrameLayout?
  private var framesOfLayout = 0

  /// - Parameters:
  ///   - topic: where frames go; nil where they are switched off.
  ///   - look: is given each picture that is published, or would be.
  init(
    _ settings: CameraAssembly, identity: NodeIdentity, topic: String?, delivery: Delivery,
    meters: CameraMeters, numbers: NumberBook, look: (@Sendable (PublishedPicture) -> Void)?,
    logger: Logger
  ) throws(ImagingError) {
    self.settings = settings
    stream = topic.map {
      PictureStream(
        identity, camera: settings.name, topic: $0, type: .frame, meters: meters.frames,
        numbers: numbers)
    }
    self.delivery = delivery
    self.look = look
    self.meters = meters
    var logger = logger
    logger[metadataKey: "camera"] = "\(settings.name)"
    self.logger = logger
    faults = FaultLog(logger: logger)
    compressor = try Compressor(options: settings.picture, pool: BytePool())
    cap = settings.publish.rate.map { RateCap(rate: $0) }
    gate = try StillGate(
      settings.publish, masks: compressor.options.masks, meters: meters, faults: faults)
  }

  /// The last JPEG that was made.
  var latestPicture: PooledBytes? { latest.withLock { $0 } }

  func streamBegan(_ layout: FrameLayout) {
    // A replay of pictures of several sizes calls this for each size.
    if layout.format != self.layout?.format { framesOfLayout = 0 }
    self.layout = layout
  }

  func streamEnded() { gate?.settle { publish($0) } }

  func canTake(_ size: FrameSize) -> Bool {
    compressor.options.masks.allSatisfy { $0.lies(within: size) }
  }

  func take(_ frame: consuming Frame) {
    if cap?.admits(frame.time.monotonic) == false {
      meters.ledger.move(.inPipeline, to: .dropped(.rate))
      return
    }
    delivery.bookArrivals()
    let began = Clock.monotonic
    let time = frame.time
    let picture: Picture
    do {
      picture = try compressor.picture(of: frame)
    } catch {
      meters.ledger.move(.inPipeline, to: .dropped(.corrupt))
      meters.frames.explain(DropReason.corrupt.rawValue, error.description)
      faults.tell("picture", .warning, "a frame was dropped: \(error)")
      return
    }
    gate?.look(at: frame)
    // The driver has its buffer back before anything else is done.
    _ = consume frame
    meters.encodeTime.record(microseconds: (Clock.monotonic - began) / 1000)
    if picture.isRepaired { meters.update { $0.repaired += 1 } }
    if !picture.isPassedThrough { tellCost() }
    latest.withLock { $0 = picture.bytes }
    guard let gate else { return publish(picture, time) }
    gate.take(picture, time) { publish($0) }
  }

  private func publish(_ passage: StillGate.Passage) {
    publish(passage.picture, passage.time, hasWaited: passage.hasWaited)
  }

  /// - Parameter hasWaited: by intention, so that its age says nothing of how Delivery fares.
  private func publish(_ picture: Picture, _ time: FrameTime, hasWaited: Bool = false) {
    guard let stream else {
      meters.ledger.move(.inPipeline, to: .dropped(.topicOff))
      look?(PublishedPicture(jpeg: picture.bytes, size: picture.size, time: time, sequence: nil))
      return
    }
    var record = stream.record(
      picture.bytes, byteCount: picture.bytes.count, time, size: picture.size)
    if hasWaited { record.capturedAt = Clock.monotonic }
    delivery.submit(record)
    look?(
      PublishedPicture(
        jpeg: picture.bytes, size: picture.size, time: time, sequence: record.sequence))
  }

  /// JPEGs that must be masked or scaled are decoded and re-encoded: the cost is logged once.
  private func tellCost() {
    framesOfLayout += 1
    guard framesOfLayout == Self.costSample, layout?.format == .mjpeg,
      let mean = meters.encodeTime.mean
    else { return }
    let tenths = Int((mean / 100).rounded())
    let why =
      settings.picture.masks.isEmpty
      ? settings.picture.scale == nil ? "turned upright" : "scaled" : "masked"
    logger.notice(
      """
      the camera's JPEGs are \(why), so each is decoded and re-encoded: \
      \(tenths / 10).\(tenths % 10) ms a frame
      """)
  }
}
