import Frames
import Imaging
import Journal
import Logging
import Meters
import Motion
import Settings

/// Lets a camera's pictures through while something moves and for a while after it, and few of them otherwise. While nothing
/// moves pictures wait here until they are too old to have been just before a motion: then they are published or left out.
/// So what is published stays in order, and what comes before a motion is there. In the ledger what waits is in the pipeline.
/// On the camera's thread alone.
final class StillGate {
  /// A picture that waits, or goes on.
  struct Passage {
    var picture: Picture
    var time: FrameTime
    /// Whether it has waited, by intention.
    var hasWaited: Bool
  }

  /// Memory that is lent may be so much larger than what is in it, in percent, before a picture is copied for waiting.
  private static let slackPercent = 25
  /// Frames are left out from being looked at where there are so many looks within the time that they wait.
  private static let checksBefore = 3.0

  private let hold: UInt64
  private let before: UInt64
  private let memoryMax: Int
  private let masks: [Rectangle]
  private let meters: CameraMeters
  private let faults: FaultLog
  private let reader: GreyReader
  private let detector = MotionDetector()
  private let pool = BytePool()

  private var stillCap: RateCap
  /// Nil where each frame is looked at.
  private var checkCap: RateCap?
  private var isLookedAt = true
  private var grey = GreyPicture(size: FrameSize(width: 1, height: 1))
  /// The size of the frame that `grey` was made of; nil where it is yet to be made of the JPEG.
  private var greyOf: FrameSize?
  /// Until when pictures go on for what moved; nil while nothing does.
  private var movingUntil: UInt64?
  /// The oldest first, from `firstHeld` on.
  private var held: [Passage?] = []
  private var firstHeld = 0
  private var heldBytes = 0

  /// - Parameter masks: in pixels of the captured frame.
  /// - Returns: nil where the settings leave nothing out while nothing moves.
  init?(
    _ settings: PublishSettings, masks: [Rectangle], meters: CameraMeters, faults: FaultLog
  ) throws(ImagingError) {
    guard let stillRate = settings.stillRate else { return nil }
    hold = UInt64(settings.hold * 1e9)
    before = UInt64(settings.before * 1e9)
    memoryMax = settings.memoryMax
    stillCap = RateCap(rate: stillRate)
    // What is not looked at must wait until the next that is: it may have been the first of a motion.
    let waitsForCheck = settings.before * settings.checkRate >= Self.checksBefore
    checkCap = waitsForCheck ? RateCap(rate: settings.checkRate) : nil
    self.masks = masks
    self.meters = meters
    self.faults = faults
    reader = try GreyReader()
  }

  /// Looks at a raw frame while it is there, if it is to be looked at; a JPEG is looked at as it is published.
  func look(at frame: borrowing Frame) {
    greyOf = nil
    isLookedAt = checkCap?.admits(frame.time.monotonic) ?? true
    if isLookedAt, reader.read(frame, masks: masks, into: &grey) { greyOf = frame.layout.size }
  }

  /// Takes the picture of the frame that was looked at.
  /// - Parameter publish: is given what is to be published now, in order.
  func take(_ picture: Picture, _ time: FrameTime, publish: (Passage) -> Void) {
    let isMotion = isLookedAt && showsMotion(picture, time.monotonic)
    pass(picture, time, isMotion: isMotion, publish: publish)
  }

  /// - Parameter isMotion: whether something moves in it.
  func pass(
    _ picture: Picture, _ time: FrameTime, isMotion: Bool, publish: (Passage) -> Void
  ) {
    let now = time.monotonic
    if isMotion {
      movingUntil = now &+ hold
      while let passage = popHeld() {
        publish(passage)
        meters.addHeld(-1)
      }
      publish(Passage(picture: picture, time: time, hasWaited: false))
      return
    }
    if let until = movingUntil, now < until {
      publish(Passage(picture: picture, time: time, hasWaited: false))
      return
    }
    movingUntil = nil
    wait(picture, time)
    while firstHeld < held.count, let first = held[firstHeld],
      heldBytes > memoryMax || before == 0 || now &- first.time.monotonic > before
    {
      leaveOut(publish)
    }
  }

  /// Publishes or leaves out all that waits: no more comes after it.
  func settle(publish: (Passage) -> Void) {
    while firstHeld < held.count { leaveOut(publish) }
  }

  /// Where nobody can tell whether something moves, something does.
  private func showsMotion(_ picture: Picture, _ now: UInt64) -> Bool {
    var size = picture.size
    if let greyOf {
      size = greyOf
    } else {
      do {
        size = try picture.bytes.withSpan { jpeg throws(ImagingError) in
          try reader.read(jpeg: jpeg, into: &grey)
        }
      } catch {
        faults.tell(
          "motion", .warning, "a picture cannot be looked at, and is published: \(error)")
        return true
      }
    }
    return detector.look(at: grey, frame: size, time: now).isMotion
  }

  private func wait(_ picture: Picture, _ time: FrameTime) {
    var picture = picture
    let count = picture.bytes.count
    // What waits is counted by the memory that it takes.
    if picture.bytes.capacity > count + count * Self.slackPercent / 100 + 4096 {
      let copy = pool.take(capacity: count)
      picture.bytes.withSpan { copy.append($0) }
      picture.bytes = copy
    }
    held.append(Passage(picture: picture, time: time, hasWaited: true))
    heldBytes += picture.bytes.capacity
    meters.addHeld(1)
  }

  private func popHeld() -> Passage? {
    guard firstHeld < held.count, let passage = held[firstHeld] else { return nil }
    held[firstHeld] = nil
    firstHeld += 1
    heldBytes -= passage.picture.bytes.capacity
    if firstHeld == held.count {
      held.removeAll(keepingCapacity: true)
      firstHeld = 0
    } else if firstHeld >= 64, firstHeld * 2 >= held.count {
      held.removeFirst(firstHeld)
      firstHeld = 0
    }
    return passage
  }

  /// The oldest that waits goes: published, as one of the few, or not.
  private func leaveOut(_ publish: (Passage) -> Void) {
    guard let passage = popHeld() else { return }
    if stillCap.admits(passage.time.monotonic) {
      publish(passage)
    } else {
      meters.ledger.move(.inPipeline, to: .dropped(.still))
    }
    meters.addHeld(-1)
  }
}
