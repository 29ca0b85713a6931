import Analysis
package import Faces
package import Gallery

extension MatchSettings {
  /// Nil where faces are not named.
  package init?(_ faces: FaceOptions) {
    self.init()
    switch faces.identify {
    case .off: return nil
    case .nearest: method = .nearest
    case .regression: method = .regression
    }
    threshold = faces.distance
    probability = faces.probability
  }
}

extension FaceSettings {
  package init(_ faces: FaceOptions) {
    self.init()
    detector.kind = faces.detector == .cnn ? .cnn : .hog
    detector.upsampling = faces.upsample
    detector.thresholdOffset = faces.score
    detector.widthMin = faces.minSize
    encoder.jitters = faces.jitters
    encoder.uses68Landmarks = faces.landmarks == .sixtyEight
    tracking.detectEvery = faces.detectEvery
    encodes = faces.identify != .off || faces.chips != .off
  }
}

extension FaceModels.File {
  static func needed(by settings: FaceSettings) -> [FaceModels.File] {
    var files: [FaceModels.File] = []
    if settings.encodes {
      files = [settings.encoder.uses68Landmarks ? .landmarks68 : .landmarks5, .encoder]
    }
    if settings.detector.kind == .cnn { files.append(.cnnDetector) }
    return files
  }
}

extension AnalyserModel {
  init(_ file: FaceModels.File) {
    self.init(file.name, use: file.use, licence: file.licence, source: file.source)
  }
}
