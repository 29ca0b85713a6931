import Frames

/// Finds and encodes faces: one a worker, used by one thread at a time. It holds the models, loaded when first
/// needed (some 50 MB), and no state of any camera: that is in `FaceCamera`, which any engine may continue.
package final class FaceEngine {
  package let models: FaceModels
  private var detector: FaceDetector?
  private var encoder: FaceEncoder?
  private let stop: FaceStop?

  /// - Parameter stop: ends whatever is at hand, and all that comes after it; nil for nothing.
  package init(models: FaceModels = FaceModels(), stop: FaceStop? = nil) {
    self.models = models
    self.stop = stop
  }

  /// Loads what `settings` need, so that the first picture does not wait for it.
  package func prepare(_ settings: FaceSettings) throws(FacesError) {
    _ = try detector(for: settings)
    if settings.encodes { _ = try encoder(for: settings) }
  }

  /// Searches a picture, or follows what was found before where `camera` says that this is enough.
  /// - Parameters:
  ///   - luma: 8 bits a pixel, in `layout`: the Y plane as it is.
  ///   - camera: the state of the camera that the picture is of; nil for a picture by itself.
  ///   - colour: gives RGB of at least a part of the picture, or nil, whereupon luma is used. The networks were
  ///     trained on it: asked for each face that is encoded, and for the whole picture where the CNN searches.
  package func analyse(
    luma: RawSpan, _ layout: PixelLayout, camera: FaceCamera? = nil,
    settings: FaceSettings = FaceSettings(),
    colour: (FaceBox) throws(FacesError) -> FacePatch? = { _ in nil }
  ) throws(FacesError) -> FaceAnalysis {
    guard let camera else {
      var faces = try search(luma, layout, settings, colour)
      for index in faces.indices {
        try describe(&faces[index], luma, layout, settings, encodes: settings.encodes, colour)
      }
      return FaceAnalysis(work: .detected, faces: faces)
    }
    return try camera.analyse(luma, layout, by: self, settings, colour)
  }

  func search(
    _ luma: RawSpan, _ layout: PixelLayout, _ settings: FaceSettings,
    _ colour: (FaceBox) throws(FacesError) -> FacePatch?
  ) throws(FacesError) -> [AnalysedFace] {
    try stop?.check()
    let size = layout.size
    let region = settings.region.map {
      FaceBox(
        x: $0.x * Double(size.width), y: $0.y * Double(size.height),
        width: $0.width * Double(size.width), height: $0.height * Double(size.height))
    }
    let detector = try detector(for: settings)
    let found: [FoundFace]
    if settings.detector.kind == .cnn, let patch = try colour(region ?? FaceBox(whole: size)) {
      let corner = patch.corner
      found = try detector.faces(
        in: unsafe patch.pixels.span.bytes, patch.layout,
        region: region?.moved(x: -corner.x, y: -corner.y)
      ).map { FoundFace(box: $0.box.moved(x: corner.x, y: corner.y), score: $0.score) }
    } else {
      found = try detector.faces(in: luma, layout, region: region)
    }
    return found.map { AnalysedFace(box: $0.box, score: $0.score) }
  }

  /// Adds landmarks and quality, and the encoding where it is asked for. Without the models for that, where
  /// nothing is to be encoded, a face stays as it is.
  func describe(
    _ face: inout AnalysedFace, _ luma: RawSpan, _ layout: PixelLayout, _ settings: FaceSettings,
    encodes: Bool, _ colour: (FaceBox) throws(FacesError) -> FacePatch?
  ) throws(FacesError) {
    guard settings.encodes else { return }
    try stop?.check()
    let encoder = try encoder(for: settings)
    let patch = encodes ? try colour(face.box.grown(by: 1)) : nil
    let landmarks: Landmarks
    let chip: [UInt8]
    if let patch {
      let box = face.box.moved(x: -patch.corner.x, y: -patch.corner.y)
      let inPatch = try encoder.landmarks(of: box, in: patch)
      chip = try FaceEncoder.chip(inPatch, in: patch)
      landmarks = inPatch.moved(x: patch.corner.x, y: patch.corner.y)
    } else {
      landmarks = try encoder.landmarks(of: face.box, in: luma, layout)
      chip = try FaceEncoder.chip(landmarks, in: luma, layout)
    }
    face.landmarks = landmarks
    let quality = FaceQuality(
      box: face.box, landmarks: landmarks, chip: chip, in: layout.size, limits: settings.quality)
    face.quality = quality
    if encodes, quality.failed.isEmpty || settings.encodesPoorOnes {
      face.encoding = try encoder.encoding(of: chip)
    }
  }

  private func detector(for settings: FaceSettings) throws(FacesError) -> FaceDetector {
    if let detector, detector.options.kind == settings.detector.kind {
      detector.options = settings.detector
      return detector
    }
    detector = nil
    let made = try FaceDetector(settings.detector, models: models, stop: stop)
    detector = made
    return made
  }

  private func encoder(for settings: FaceSettings) throws(FacesError) -> FaceEncoder {
    if let encoder, encoder.options.uses68Landmarks == settings.encoder.uses68Landmarks {
      encoder.options = settings.encoder
      return encoder
    }
    encoder = nil
    let made = try FaceEncoder(settings.encoder, models: models, stop: stop)
    encoder = made
    return made
  }
}
