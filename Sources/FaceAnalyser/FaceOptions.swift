import Analysis
import Faces
import Gallery
package import Keys

/// What is done about faces in a camera's pictures.
package struct FaceOptions: AnalyserOptions {
  package enum Detector: String, CaseIterable, Sendable {
    /// Histograms of oriented gradients: frontal faces, fast.
    case hog
    /// A network: finds more, and takes seconds a picture without a GPU.
    case cnn
  }

  package enum Landmarks: String, CaseIterable, Sendable {
    case five = "5"
    /// Not for commercial use: so its licence says.
    case sixtyEight = "68"
  }

  package enum Identify: String, CaseIterable, Sendable {
    case off
    /// The person of the nearest encoding.
    case nearest
    /// The classifier that was trained on the gallery.
    case regression
  }

  package enum Chips: String, CaseIterable, Sendable {
    case off
    /// With what is around the face.
    case crop
    /// Black around the face.
    case cutout
  }

  package var detector = Detector.hog
  package var detectEvery = TrackingOptions().detectEvery
  package var rate: Double?
  package var upsample = DetectorOptions().upsampling
  package var minSize = DetectorOptions().widthMin
  package var score = DetectorOptions().thresholdOffset
  /// In pixels of the published picture; nil for everywhere.
  package var region: KeyArea?
  package var landmarks = Landmarks.five
  package var jitters = EncoderOptions().jitters
  package var identify = Identify.nearest
  package var distance = MatchSettings().threshold
  package var probability = MatchSettings().probability
  package var annotate = true
  package var chips = Chips.off
  package init() {}

  package static let name = "faces"
  package static let summary = "finds faces, follows them and tells whose they are"

  package static let keys: [Key<FaceOptions>] = [
    .choice("detector", \.detector, "hog (frontal, fast), cnn (finds more; seconds a picture)"),
    .integer(
      "detect_every", \.detectEvery, 1...1000,
      "pictures; in those between faces are followed"),
    .rate("rate", \.rate, "pictures looked at per second, at most"),
    .integer(
      "upsample", \.upsample, 0...2,
      "each doubles the picture, and finds faces half as large: 80 pixels, 40, 20"),
    .integer("min_size", \.minSize, 0...10_000, "pixels of width"),
    .number("score", \.score, -2...5, "more finds fewer faces, less finds more"),
    .area("region", \.region, "where to look, in pixels of the picture that is sent"),
    .choice("landmarks", \.landmarks, "or 68, which is not for commercial use"),
    .integer(
      "jitters", \.jitters, 1...100, "encodings are the mean of so many distorted copies"),
    .choice(
      "identify", \.identify,
      "nearest (to a face in the gallery), regression (vedette gallery train), off"),
    .number(
      "distance", \.distance, 0...2, "up to which a face is the gallery's: less is stricter"),
    .number("probability", \.probability, 0...1, "the same for regression: more is stricter"),
    .flag("annotate", \.annotate, "send pictures with boxes and names"),
    .choice("chips", \.chips, "send faces cut out: crop, or cutout (black around the face)"),
  ]
}
