/// The threads that look at pictures, and what they need.
package struct AnalysisSettings: Equatable, Sendable {
  /// Threads; nil for one less than there are processors, at least one.
  package var workers: Int?
  /// How far they stand back behind all else: 0…19.
  package var nice = 10
  /// A folder with the models of faces.
  package var models = "/usr/share/vedette/models"
  /// The file of known people.
  package var gallery = "/var/lib/vedette/gallery.sqlite"
  package init() {}
}

/// What is done about faces in a camera's pictures.
package struct FacesSettings: Equatable, Sendable {
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
  /// Every such picture is searched; in those between faces are followed.
  package var detectEvery = 5
  /// Pictures looked at per second, at most; nil for all that time allows.
  package var rate: Double?
  /// How often the picture is doubled before it is searched: 0…2.
  package var upsample = 0
  /// Width in pixels below which a face is none.
  package var minSize = 0
  /// Added to the detector's own threshold: above 0 fewer faces are found, below more.
  package var score = 0.0
  /// Where faces are sought, in pixels of the published picture; nil for everywhere.
  package var region: CameraSettings.Mask?
  package var landmarks = Landmarks.five
  /// Distorted copies that an encoding is the mean of: 1…100.
  package var jitters = 1
  package var identify = Identify.nearest
  /// The distance up to which a face is the gallery's.
  package var distance = 0.6
  /// The probability from which the classifier's word is taken.
  package var probability = 0.8
  /// Whether pictures with boxes and names are sent.
  package var annotate = true
  package var chips = Chips.off
  package init() {}
}

/// What is done about the colours of a camera's pictures.
package struct ColoursSettings: Equatable, Sendable {
  package enum Coreset: Equatable, Sendable {
    case histogram, exact
    /// So many colours, drawn.
    case sample(Int)
  }

  package enum Space: String, CaseIterable, Sendable { case rgb, lab }

  /// How far a colour must be from every other to found a cluster: 0…1000.
  package var lambda = 50.0
  package var coreset = Coreset.histogram
  package var space = Space.rgb
  /// Pictures looked at per second, at most; nil for all that time allows.
  package var rate: Double? = 5
  /// Pictures in their palette's colours sent per second, at most; nil for none.
  package var clusteredRate: Double? = 1
  package init() {}
}
