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
