package import Analysis
import Documents
import Faces
import Frames
import Gallery
import Imaging
import Keys

/// Finds the faces of a camera's pictures, follows them, and tells whose they are.
package final class FaceAnalyser: Analyser {
  package typealias Options = FaceOptions

  package static let outputs = [
    AnalyserOutput("faces-events", topic: "events", type: "vedette.faces.v1", .event),
    AnalyserOutput("annotated", topic: "annotated", type: "vedette.annotated.v1", .copy),
    AnalyserOutput("faces", topic: "faces", type: "vedette.face.v1", .chip),
  ]
  package static let counters = [AnalyserCounter("faces", help: "Faces that were found.")]
  package static let rows = [AnalyserRow("people", title: "Faces", empty: .words([]))]
  package static let models = FaceModels.File.allCases.map { AnalyserModel($0) }
  package static let failure = "faces are not looked for"

  /// What is shown of the last picture, at most.
  private static let peopleMax = 32
  /// Tracks remembered beyond those that are there, at most.
  private static let tracksMax = 256
  /// How much better a face must be seen than before to be cut out again.
  private static let chipGain = 1.25

  /// What is remembered of a track.
  private struct Seen {
    var encoding: Encoding?
    var identity: Identity?
    /// How well the best view was that was cut out.
    var chipGrade = 0.0
  }

  /// What a thread's analysers share.
  private final class Desk {
    let engine: FaceEngine

    init(_ tools: AnalysisTools) {
      let stop = FaceStop()
      tools.stop.onSet { stop.set() }
      engine = FaceEngine(models: FaceModels(folder: tools.models), stop: stop)
    }
  }

  private var options = FaceOptions()
  private var quality = 80
  private let camera = FaceCamera()
  private var seen: [Int: Seen] = [:]
  private var comparedWith: GallerySnapshot?
  /// Whether the last event told of any face: that there are none left is told once.
  private var hadFaces = false

  package static func usesGallery(_ options: FaceOptions) -> Bool { options.identify != .off }

  package static func models(_ options: FaceOptions) -> [AnalyserModel] {
    FaceModels.File.needed(by: FaceSettings(options)).map { AnalyserModel($0) }
  }

  package init() {}

  package func adopt(_ options: FaceOptions, quality: Int) {
    self.options = options
    self.quality = quality
  }

  package func look(
    at picture: DecodedPicture, with tools: AnalysisTools, into report: inout AnalysisReport
  ) throws {
    let planes = try picture.planes
    var settings = FaceSettings(options)
    settings.region = options.region.map { FaceBox($0, in: planes.size) }
    let found: FaceAnalysis
    do throws(FacesError) {
      let engine = tools.shared { Desk($0) }.engine
      found = try planes.withLuma { luma, stride throws(FacesError) in
        try engine.analyse(
          luma: luma, PixelLayout(.luma, size: planes.size, stride: stride), camera: camera,
          settings: settings
        ) { planes.patch($0) }
      }
    } catch {
      throw AnalyserFault(error)
    }
    let isRenamed = identify(found.faces, tools.people)
    let faces = name(found.faces)
    if found.work == .detected { report.counts["faces"] = faces.count }
    report.rows["people"] = .words(
      faces.prefix(Self.peopleMax).map { $0.label?.text ?? "Unknown" })
    if found.work == .detected || isRenamed { tell(faces, &report) }
    forgetGone(found.faces)
    if options.annotate {
      // Others look at the picture, too.
      let canvas = tools.canvas(planes)
      canvas.draw { $0.draw(faces.map(\.mark)) }
      let jpeg = try tools.encoder.jpeg(of: canvas, quality: quality)
      report.records.append(AnalyserRecord("annotated", .jpeg(jpeg, planes.size)))
    }
    if options.chips != .off { try cut(faces, planes, tools, &report) }
  }

  /// Pictures with news of faces, and the first one without any.
  private func tell(_ faces: [SeenFace], _ report: inout AnalysisReport) {
    defer { hadFaces = !faces.isEmpty }
    guard hadFaces || !faces.isEmpty else { return }
    report.records.append(
      AnalyserRecord("faces-events", .json([("faces", .array(faces.map(\.json)))])))
  }

  private func name(_ faces: [AnalysedFace]) -> [SeenFace] {
    faces.map { face in
      let vote = face.track.flatMap { camera.name(ofTrack: $0) }
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
    guard let match = MatchSettings(options), let snapshot = people,
      let model = try? ModelName(FaceModels.encoderIdentity)
    else { return false }
    let isAnother = snapshot !== comparedWith
    if isAnother { camera.forgetNames() }
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
      camera.vote(identity.name?.text, forTrack: one.track, weight: one.face.box.area)
    }
    return isAnother
  }

  private func forgetGone(_ faces: [AnalysedFace]) {
    guard seen.count > Self.tracksMax else { return }
    let here = Set(faces.compactMap(\.track))
    seen = seen.filter { here.contains($0.key) }
  }

  /// The first good view of each track, and those that are clearly better.
  private func cut(
    _ faces: [SeenFace], _ planes: PlanarPicture, _ tools: AnalysisTools,
    _ report: inout AnalysisReport
  ) throws {
    for seen in faces {
      guard let track = seen.face.track, let landmarks = seen.face.landmarks,
        let quality = seen.face.quality, quality.failed.isEmpty
      else { continue }
      let grade = quality.width * min(quality.sharpness, 200).squareRoot()
      guard grade > (self.seen[track]?.chipGrade ?? 0) * Self.chipGain else { continue }
      self.seen[track, default: Seen()].chipGrade = grade
      guard let patch = planes.patch(seen.face.box.grown(by: 1)) else { continue }
      let portrait: FacePortrait
      do throws(FacesError) {
        portrait = try FacePortrait(
          landmarks.moved(x: -patch.corner.x, y: -patch.corner.y), in: patch,
          removesBackground: options.chips == .cutout)
      } catch {
        throw AnalyserFault(error)
      }
      let size = FrameSize(width: FacePortrait.size, height: FacePortrait.size)
      var headers = [("ce_track", String(track))]
      if let label = seen.label { headers.append(("ce_label", label.text)) }
      report.records.append(
        AnalyserRecord(
          "faces", .jpeg(try tools.encoder.jpeg(ofRGB: portrait.rgb, size, quality: 90), size),
          headers: headers))
    }
  }
}
