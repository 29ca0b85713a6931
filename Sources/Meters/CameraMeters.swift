import Synchronization

/// What a camera is doing, in the words that an operator reads.
package enum CameraState: String, CaseIterable, Sendable {
  /// Being opened and negotiated with.
  case opening
  /// Frames arrive.
  case streaming
  /// The device is not there; it is awaited.
  case noDevice = "no_device"
  /// The device is there but gives no frames.
  case noData = "no_data"
  /// The device is there but refuses; tried again.
  case failed
  /// A replay that was to play once has ended.
  case ended
  case stopped
}

/// What was asked of a camera or what it gave: sizes in pixels, rate in frames per second.
package struct StreamSetting: Equatable, Sendable {
  package var format: String
  package var width: Int
  package var height: Int
  package var rate: Double

  package init(format: String, width: Int, height: Int, rate: Double) {
    self.format = format
    self.width = width
    self.height = height
    self.rate = rate
  }
}

/// All that is counted of one camera: what it does, and the fate of its frames. Any thread may write.
package final class CameraMeters: Sendable {
  /// What changes seldom, read together.
  package struct Picture: Sendable {
    package var state = CameraState.opening
    /// Why the state is as it is: a sentence for the operator, or nil.
    package var detail: String?
    /// The device node or file in use.
    package var device: String?
    package var requested: StreamSetting?
    package var negotiated: StreamSetting?
    /// Frames that the driver lost before they reached us (gaps in its sequence).
    package var lostByDriver = 0
    /// Buffers that the driver flagged as in error.
    package var flaggedByDriver = 0
    /// Pictures that were published though the camera's JPEG had to be cut to what belongs to it, or given
    /// tables that it lacked.
    package var repaired = 0
    /// How often the device was opened again after it had failed or gone.
    package var reopened = 0
    /// Capture time of the last good frame, nanoseconds of CLOCK_MONOTONIC.
    package var lastFrame: UInt64?
    /// The measured rate in frames per second over the last seconds.
    package var measuredRate = 0.0
  }

  /// What `explain` calls frames that the driver lost, which no ledger has.
  package static let lostByDriver = "lost_by_driver"

  /// What becomes of its frames.
  package let frames: StreamMeters
  /// That of `frames`.
  package let ledger: Ledger
  /// From the driver's buffer to a JPEG.
  package let encodeTime = LatencyHistogram()
  private let heldCount = Atomic(0)
  private let picture = Mutex(Picture())

  package init(name: String) {
    frames = StreamMeters(name: name)
    ledger = frames.ledger
  }

  package var name: String { frames.name }

  package var current: Picture { picture.withLock { $0 } }

  /// Of the frames in the pipeline, those that wait there by intention: what comes before a motion, should there be one.
  package var held: Int { heldCount.load(ordering: .acquiring) }

  /// Counts frames that begin to wait, or no longer do.
  package func addHeld(_ count: Int) { heldCount.add(count, ordering: .releasing) }

  package func update(_ change: (inout sending Picture) -> Void) {
    picture.withLock { change(&$0) }
  }
}
