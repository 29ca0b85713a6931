import Colours
import Faces
import Frames
import Gallery
import Imaging
import Synchronization

/// One camera's analysis: its plan, and what is remembered from picture to picture. Pictures are given to it by
/// one worker at a time, as the pool sees to.
final class CameraAnalysis: @unchecked Sendable {
  /// How long faces are not sought after a fault that will come again, such as a model that is missing, in
  /// nanoseconds.
  private static let pauseNanoseconds: UInt64 = 30_000_000_000

  private let current: Mutex<CameraPlan>
  let meters = AnalysisMeters()
  let faceCamera = FaceCamera()

  /// What is remembered of a track.
  private struct Seen {
    var encoding: Encoding?
    var identity: Identity?
    /// How well the best view was that was cut out.
    var chipGrade = 0.0
  }

  // Used by the worker whose turn it is.
  private var plan: CameraPlan
  private var facesCap: RateCap?
  private var coloursCap: RateCap?
  private var clusteredCap: RateCap?
  private var clusterer = ColourClusterer()
  private var painted: [UInt8] = []
  private var seen: [Int: Seen] = [:]
  private var comparedWith: GallerySnapshot?
  private var facesPausedUntil: UInt64 = 0

  init(_ plan: CameraPlan) {
    current = Mutex(plan)
    self.plan = plan
    adopt(plan)
  }

  /// Takes effect with the next picture.
  func set(_ plan: CameraPlan) { current.withLock { $0 = plan } }

  private func adopt(_ plan: CameraPlan) {
    self.plan = plan
    facesCap = plan.facesRate.map { RateCap(rate: $0) }
    coloursCap = plan.coloursRate.map { RateCap(rate: $0) }
    clusteredCap = plan.clusteredRate.map { RateCap(rate: $0) }
    if let colours = plan.colours { clusterer.settings = colours }
    facesPausedUntil = 0
  }

  /// - Parameters:
  ///   - people: whom faces are compared with; nil where nobody is known.
  ///   - fail: is told what could not be done, and why; the rest is done all the same.
  /// - Returns: nil where nothing was due, or nothing could be done.
  func analyse(
    _ picture: PublishedPicture, by worker: AnalysisWorker, _ people: GallerySnapshot?,
    fail: (AnalysisError) -> Void
  ) -> AnalysisReport? {
    let wanted = current.withLock { $0 }
    if wanted != plan { adopt(wanted) }
    let time = picture.time.monotonic
    let decoded = worker.decoded(picture.jpeg)
    var report = AnalysisReport()
    if let settings = plan.faces, time >= facesPausedUntil, facesCap?.admits(time) != false {
      do {
        try seekFaces(decoded, settings, worker, people, &report)
      } catch let error as FacesError where error.code == .cancelled {
        return nil
      } catch {
        meters.noteFailed()
        var text = "faces are not looked for: \(error)"
        if let error = error as? FacesError, error.isLasting {
          facesPausedUntil = time + Self.pauseNanoseconds
          text += "; tried again in \(Self.pauseNanoseconds / 1_000_000_000) s"
        }
        fail(AnalysisError(text))
      }
    }
    if plan.colours != nil, coloursCap?.admits(time) != false {
      do {
        try seekColours(decoded, picture.time, worker, &report)
      } catch let error as ColoursError where error.code == .cancelled {
        return report.faces == nil ? nil : report
      } catch {
        meters.noteFailed()
        fail(AnalysisError("colours are not clustered: \(error)"))
      }
    }
    return report.faces == nil && report.colours == nil ? nil : report
  }

  // MARK: Faces

  private func seekFaces(
    _ picture: DecodedPicture, _ settings: FaceSettings, _ worker: AnalysisWorker,
    _ people: GallerySnapshot?, _ report: inout AnalysisReport
  ) throws {
    let planes = try picture.planes
    var settings = settings
    settings.region = plan.facesRegion.map { FaceBox($0, in: planes.size) }
    let found = try planes.withLuma { luma, stride throws(FacesError) in
      try worker.engine.analyse(
        luma: luma, PixelLayout(.luma, size: planes.size, stride: stride), camera: faceCamera,
        settings: settings
      ) { planes.patch($0) }
    }
    let isRenamed = identify(found.faces, people)
    let faces = name(found.faces)
    report.faces = FacesReport(
      work: found.work, isNews: found.work == .detected || isRenamed, faces: faces)
    forgetGone(found.faces)
    if plan.chips != .off { report.chips = try chips(faces, planes, worker) }
    if plan.annotates {
      // Others look at the picture, too.
      let canvas = worker.canvas(planes)
      canvas.draw { $0.draw(faces.map(\.mark)) }
      report.annotated = try worker.encoder.jpeg(of: canvas, quality: plan.quality)
    }
  }

  private func name(_ faces: [AnalysedFace]) -> [SeenFace] {
    faces.map { face in
      let vote = face.track.flatMap { faceCamera.name(ofTrack: $0) }
      let identity = face.track.flatMap { seen[$0]?.identity }
      let label = vote?.name.flatMap { try? PersonName($0) }
      return SeenFace(face: face, label: label, share: vote?.share, identity: identity)
    }
  }

  /// Compares new encodings with the gallery, and lets each vote on its track's name. Where the gallery is another
  /// than before, all votes are void, and the last encodings of those who are there vote anew.
  /// - Returns: whether it was another.
  private func identify(_ faces: [AnalysedFace], _ people: GallerySnapshot?) -> Bool {
    var fresh: Set<Int> = []
    // Remembered though there may be no gallery yet: it is opened beside the first pictures.
    for face in faces {
      guard let track = face.track, let numbers = face.encoding,
        let encoding = try? Encoding(numbers)
      else { continue }
      seen[track, default: Seen()].encoding = encoding
      fresh.insert(track)
    }
    guard let match = plan.match, let snapshot = people,
      let model = try? ModelName(FaceModels.encoderIdentity)
    else { return false }
    let isAnother = snapshot !== comparedWith
    if isAnother { faceCamera.forgetNames() }
    comparedWith = snapshot
    var encoded: [(face: AnalysedFace, track: Int, encoding: Encoding)] = []
    for face in faces {
      guard let track = face.track, isAnother || fresh.contains(track),
        let encoding = seen[track]?.encoding
      else { continue }
      encoded.append((face, track, encoding))
    }
    guard !encoded.isEmpty else { return false }
    let found = snapshot.match(encoded.map(\.encoding), model: model, settings: match)
    for (one, identity) in zip(encoded, found) {
      seen[one.track]?.identity = identity
      faceCamera.vote(identity.name?.text, forTrack: one.track, weight: one.face.box.area)
    }
    return isAnother
  }

  private func forgetGone(_ faces: [AnalysedFace]) {
    guard seen.count > Self.tracksMax else { return }
    let here = Set(faces.compactMap(\.track))
    seen = seen.filter { here.contains($0.key) }
  }

  /// Tracks remembered beyond those that are there, at most.
  private static let tracksMax = 256
  /// How much better a face must be seen than before to be cut out again.
  private static let chipGain = 1.25

  /// The first good view of each track, and those that are clearly better.
  private func chips(
    _ faces: [SeenFace], _ planes: PlanarPicture, _ worker: AnalysisWorker
  ) throws -> [FaceChip] {
    var chips: [FaceChip] = []
    for seen in faces {
      guard let track = seen.face.track, let landmarks = seen.face.landmarks,
        let quality = seen.face.quality, quality.failed.isEmpty
      else { continue }
      let grade = quality.width * min(quality.sharpness, 200).squareRoot()
      guard grade > (self.seen[track]?.chipGrade ?? 0) * Self.chipGain else { continue }
      self.seen[track, default: Seen()].chipGrade = grade
      guard let patch = planes.patch(seen.face.box.grown(by: 1)) else { continue }
      let portrait = try FacePortrait(
        landmarks.moved(x: -patch.corner.x, y: -patch.corner.y), in: patch,
        removesBackground: plan.chips == .cutout)
      let size = FrameSize(width: FacePortrait.size, height: FacePortrait.size)
      chips.append(
        FaceChip(
          jpeg: try worker.encoder.jpeg(ofRGB: portrait.rgb, size, quality: 90), track: track,
          label: seen.label))
    }
    return chips
  }

  // MARK: Colours

  private func seekColours(
    _ picture: DecodedPicture, _ time: FrameTime, _ worker: AnalysisWorker,
    _ report: inout AnalysisReport
  ) throws {
    let (size, pixels) = try picture.rgb
    let stop = worker.stop
    clusterer.isCancelled = { stop.isSet }
    report.colours = try clusterer.cluster(
      rgb: pixels.span, width: size.width, height: size.height)
    guard clusteredCap?.admits(time.monotonic) == true else { return }
    try clusterer.paint(
      rgb: pixels.span, width: size.width, height: size.height, into: &painted)
    report.clustered = try worker.encoder.jpeg(ofRGB: painted, size, quality: plan.quality)
  }
}

extension FacesError {
  /// Whether the next picture will fail for the same reason.
  fileprivate var isLasting: Bool { code != .badInput }
}

extension FaceBox {
  /// An area of pixels in parts of a picture's width and height.
  fileprivate init(_ area: Rectangle, in size: FrameSize) {
    let (width, height) = (Double(size.width), Double(size.height))
    self.init(
      x: Double(area.x) / width, y: Double(area.y) / height, width: Double(area.width) / width,
      height: Double(area.height) / height)
  }
}

extension PlanarPicture {
  /// The part of the picture under a box, in colour.
  fileprivate func patch(_ box: FaceBox) -> FacePatch? {
    let left = Int(box.x.rounded(.down))
    let top = Int(box.y.rounded(.down))
    let (area, pixels) = rgb(
      in: Rectangle(
        x: left, y: top, width: Int((box.x + box.width).rounded(.up)) - left,
        height: Int((box.y + box.height).rounded(.up)) - top))
    guard area.width > 0, area.height > 0 else { return nil }
    return FacePatch(
      pixels: pixels,
      layout: PixelLayout(.rgb, size: FrameSize(width: area.width, height: area.height)),
      corner: FacePoint(x: Double(area.x), y: Double(area.y)))
  }
}

extension SeenFace {
  private static let known = Colour(red: 60, green: 200, blue: 90)
  private static let unknown = Colour(red: 240, green: 180, blue: 40)

  /// What is drawn of it. The distance stands beside a name, so that a doubtful one is seen to be.
  fileprivate var mark: Mark {
    let box = face.box
    var text = label?.text ?? "Unknown"
    if label != nil, let distance = identity?.distance {
      let hundredths = Int((distance * 100).rounded())
      text += " 0.\(hundredths < 10 ? "0" : "")\(hundredths)"
    }
    return Mark(
      box: Rectangle(
        x: Int(box.x.rounded()), y: Int(box.y.rounded()), width: Int(box.width.rounded()),
        height: Int(box.height.rounded())),
      label: text, colour: label == nil ? Self.unknown : Self.known)
  }
}
