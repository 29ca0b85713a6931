import CMotion
package import Frames
import Glibc

/// A rectangle of the frame in which something moves, in pixels.
package struct MotionBox: Equatable, Sendable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }
}

/// What a picture shows.
package struct MotionFinding: Equatable, Sendable {
  /// What moves, the largest first; boxes that touch are one.
  package var boxes: [MotionBox] = []
  /// The part of the picture that moves, 0…1.
  package var share = 0.0
  /// Whether the light changed.
  package var isLight = false
  /// Whether the camera shook.
  package var isShake = false

  package init() {}

  package var isMotion: Bool { !boxes.isEmpty }
}

/// Finds what moves in a camera's pictures, as small grey ones: each is compared with a background that follows slowly.
///
/// - Background and noise are running means of each pixel, as in sigma-delta background estimation (Manzanera and Richefeu
///   2007) and Stauffer and Grimson's mixtures (1999) with one mode; what differs by a multiple of the pixel's own noise
///   is marked, with two thresholds (Canny 1986), and marked pixels that touch make a part.
/// - A change of exposure and a camera that shakes are fitted to the whole picture and taken out; see `ViewFit`.
/// - A part whose texture stays as it was while its brightness changes is light or shadow, not motion (as in Jacques, Jung
///   and Musse 2005): its edges are those of the background.
/// - What stands still before the background for `absorbSeconds` becomes part of it.
///
/// One thread at a time. It allocates nothing while nothing moves.
package final class MotionDetector {
  /// After so long what stands still is background.
  package static let absorbSeconds = 10.0
  /// The background follows the picture with this time constant, in seconds.
  private static let backgroundSeconds = 8.0
  private static let noiseSeconds = 8.0
  /// The same of noise where something moves: what flickers without end is noise at last.
  private static let movingNoiseSeconds = 60.0
  /// While it learns.
  private static let learningSeconds = 0.5
  private static let learningFor = 2.0
  /// No more often than this are background and noise moved on, in seconds.
  private static let updateSeconds = 0.1
  /// A shift that lasts so long is the camera's new place.
  private static let shiftedFor = 2.0
  /// What noise is taken for at first, in 1/256 of a level.
  private static let noiseAtFirst: Int32 = 512
  private static let thresholds = vm_thresholds(
    low_least: 4 << 8, low_factor: 4, high_least: 7 << 8, high_factor: 8)
  /// The same where light or camera are not as they were.
  private static let strictThresholds = vm_thresholds(
    low_least: 8 << 8, low_factor: 4, high_least: 14 << 8, high_factor: 8)
  /// Where this part of the picture differs (one in so many pixels), light is looked for at first.
  private static let wideShare = 4
  /// Where this part of it (one in so many) is lit otherwise, the light of all of it is.
  private static let lightShare = 20
  /// The surroundings whose light is taken out, in small pixels.
  private static let lightRadius = 4
  /// While lamps go on or the camera shakes a part of fewer pixels does not count.
  private static let relitAreaMin = 3
  /// Parts of fewer pixels are never taken for light.
  private static let lightAreaMin = 24
  /// The part of a part's edges that must be as they were, for it to be the same thing in another light.
  private static let agreementMin = 0.75
  /// A part with fewer pixels at edges is smooth, as light is: whatever moves has an outline.
  private static let edgesMin = 8
  /// Boxes nearer to each other than this many small pixels are one.
  private static let gap = 2
  private static let boxesMax = 16

  private var planes: MotionPlanes?
  private var parts = MotionParts()
  private var frameSize = FrameSize(width: 0, height: 0)
  private var began: UInt64 = 0
  private var lastUpdate: UInt64 = 0
  private var shiftedSince: UInt64?
  private var hadMoving = false

  package init() {}

  /// Looks at the next picture. The first of a size has nothing to be compared with, and shows no motion; one that is too
  /// large to be kept shows motion all over.
  /// - Parameters:
  ///   - frame: the size of the frame that the picture is of.
  ///   - time: when it was captured, in nanoseconds of a clock that only goes on.
  package func look(at picture: GreyPicture, frame: FrameSize, time: UInt64) -> MotionFinding {
    var finding = MotionFinding()
    guard let planes, planes.size == picture.size else {
      begin(picture, time)
      frameSize = frame
      // Where nothing can be kept to compare with, nobody can tell that nothing moves.
      if self.planes == nil {
        finding.boxes = [MotionBox(x: 0, y: 0, width: frame.width, height: frame.height)]
        finding.share = 1
      }
      return finding
    }
    frameSize = frame
    planes.take(picture)
    var reference = MotionPlanes.Reference.background
    var view = MotionPlanes.View()
    let marked = planes.compare(with: .background, Self.thresholds)
    if marked.high > 0 {
      let pixels = picture.size.width * picture.size.height
      view = ViewFit.view(of: planes, isWide: marked.low > pixels / Self.wideShare) {
        $0.compare(with: .predicted, Self.thresholds).low
      }
      finding.isShake = view.isShifted
      finding.isLight = view.isRelit
      reference = .predicted
      if view.isShifted || view.isRelit {
        // A whole pixel makes of an edge whatever is beside it.
        let shift = max(abs(view.dx), abs(view.dy))
        planes.tolerate(view, edgeShare: min(512, 32 + 2 * shift))
        reference = .tolerant
      }
      if view != MotionPlanes.View() {
        let thresholds = view.isShifted ? Self.strictThresholds : Self.thresholds
        if planes.compare(with: reference, thresholds).high > 0 {
          find(planes, view, &finding)
        } else if view.isRelit {
          planes.adoptAll()
        }
      } else {
        find(planes, view, &finding)
      }
    }
    if hadMoving, finding.boxes.isEmpty { planes.clearMoving() }
    hadMoving = finding.isMotion
    follow(planes, reference, time, finding)
    return finding
  }

  private func begin(_ picture: GreyPicture, _ time: UInt64) {
    planes = MotionPlanes(picture.size)
    planes?.take(picture)
    planes?.begin(noise: Self.noiseAtFirst)
    (began, lastUpdate, shiftedSince) = (time, time, nil)
  }

  private func find(
    _ planes: MotionPlanes, _ view: MotionPlanes.View, _ finding: inout MotionFinding
  ) {
    parts.read(planes)
    var isMoving = parts.parts.map {
      $0.isSure && (!view.isShifted || $0.area >= Self.relitAreaMin)
    }
    let pixels = planes.size.width * planes.size.height
    let lit = leaveOutLight(planes, view, &isMoving)
    if view.isRelit || lit > pixels / Self.lightShare {
      findInOtherLight(planes, view, &isMoving)
      finding.isLight = true
    } else if lit > 0 {
      finding.isLight = true
    }
    planes.clearMoving()
    var area = 0
    for run in parts.runs where isMoving[run.part] {
      area += run.columns.count
      widen(planes, run)
    }
    if view.isRelit || lit > pixels / Self.lightShare { planes.adoptAll() }
    finding.share = Double(area) / Double(pixels)
    finding.boxes = boxes(zip(parts.parts, isMoving).filter { $0.1 }.map { $0.0 })
  }

  /// Takes parts that only the light changed out of what moves, and into the background.
  /// - Returns: their pixels.
  private func leaveOutLight(
    _ planes: MotionPlanes, _ view: MotionPlanes.View, _ isMoving: inout [Bool]
  ) -> Int {
    var agreements = [vm_agreement](repeating: vm_agreement(), count: isMoving.count)
    for run in parts.runs
    where isMoving[run.part] && parts.parts[run.part].area >= Self.lightAreaMin {
      planes.agree(row: run.row, run.columns, &agreements[run.part])
    }
    var isLit = [Bool](repeating: false, count: isMoving.count)
    var lit = 0
    for index in isMoving.indices where isMoving[index] {
      let area = parts.parts[index].area
      guard area >= Self.lightAreaMin, Self.isLight(agreements[index]) else { continue }
      isMoving[index] = false
      isLit[index] = true
      lit += area
    }
    guard lit > 0 else { return 0 }
    // Seen from elsewhere it would be put into the wrong place.
    guard !view.isShifted else { return lit }
    for run in parts.runs where isLit[run.part] { planes.adopt(row: run.row, run.columns) }
    return lit
  }

  /// When the lamps went on: what moves is what is not as it was even when the light of each place is taken out.
  private func findInOtherLight(
    _ planes: MotionPlanes, _ view: MotionPlanes.View, _ isMoving: inout [Bool]
  ) {
    planes.relight(radius: Self.lightRadius)
    planes.tolerate(view, edgeShare: 256)
    _ = planes.compare(with: .tolerant, Self.strictThresholds)
    parts.read(planes)
    isMoving = parts.parts.map { $0.isSure && $0.area >= Self.relitAreaMin }
  }

  /// The rim of what moves is partly of it.
  private func widen(_ planes: MotionPlanes, _ run: MotionParts.Run) {
    let columns =
      max(0, run.columns.lowerBound - 1)...min(planes.size.width - 1, run.columns.upperBound + 1)
    for row in max(0, run.row - 1)...min(planes.size.height - 1, run.row + 1) {
      planes.setMoving(row: row, columns)
    }
  }

  private static func isLight(_ edges: vm_agreement) -> Bool {
    edges.strong < edgesMin
      || Double(edges.agreeing) >= agreementMin * Double(edges.strong)
  }

  private func boxes(_ found: [MotionParts.Part]) -> [MotionBox] {
    var merged: [MotionParts.Part] = []
    for part in found {
      var part = part
      // What is merged may touch others that did not touch before.
      while let index = merged.firstIndex(where: { Self.isNear($0, part) }) {
        part = Self.union(merged.remove(at: index), part)
      }
      merged.append(part)
    }
    merged.sort { $0.area > $1.area }
    while merged.count > Self.boxesMax {
      let last = merged.removeLast()
      merged[merged.count - 1] = Self.union(merged[merged.count - 1], last)
    }
    return merged.map { part in
      let step = GreyPicture.step
      let x = part.columns.lowerBound * step
      let y = part.rows.lowerBound * step
      return MotionBox(
        x: x, y: y, width: min(part.columns.count * step, frameSize.width - x),
        height: min(part.rows.count * step, frameSize.height - y))
    }
  }

  private static func isNear(_ a: MotionParts.Part, _ b: MotionParts.Part) -> Bool {
    a.columns.lowerBound - gap <= b.columns.upperBound
      && b.columns.lowerBound - gap <= a.columns.upperBound
      && a.rows.lowerBound - gap <= b.rows.upperBound
      && b.rows.lowerBound - gap <= a.rows.upperBound
  }

  private static func union(_ a: MotionParts.Part, _ b: MotionParts.Part) -> MotionParts.Part {
    func spanning(_ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> ClosedRange<Int> {
      min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
    }
    return MotionParts.Part(
      area: a.area + b.area, isSure: true, columns: spanning(a.columns, b.columns),
      rows: spanning(a.rows, b.rows))
  }

  /// Moves background and noise on by the time that has passed.
  private func follow(
    _ planes: MotionPlanes, _ reference: MotionPlanes.Reference, _ time: UInt64,
    _ finding: MotionFinding
  ) {
    let seconds = Double(time > lastUpdate ? time - lastUpdate : 0) / 1e9
    guard seconds >= Self.updateSeconds else { return }
    lastUpdate = time
    guard !finding.isShake else {
      // Another view of the scene would blur the background, unless it stays.
      let since = shiftedSince ?? time
      shiftedSince = since
      if Double(time - since) / 1e9 >= Self.shiftedFor {
        planes.clearMoving()
        planes.adoptAll()
        shiftedSince = nil
      }
      return
    }
    shiftedSince = nil
    let isLearning = Double(time - began) / 1e9 < Self.learningFor
    func step(_ constant: Double) -> Int {
      let constant = isLearning ? Self.learningSeconds : constant
      return Int((1 - exp2(-1.4427 * min(seconds, 4) / constant)) * 65_536)
    }
    planes.update(
      from: reference, step: step(Self.backgroundSeconds),
      noiseStep: step(Self.noiseSeconds),
      movingNoiseStep: isLearning ? 0 : step(Self.movingNoiseSeconds),
      ageMax: Int(Self.absorbSeconds / max(Self.updateSeconds, min(seconds, 2))),
      Self.thresholds)
  }
}
