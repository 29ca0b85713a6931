/// How a camera's pictures are searched for faces. May be another with every picture.
package struct FaceSettings: Equatable, Sendable {
  package var detector = DetectorOptions()
  package var encoder = EncoderOptions()
  package var quality = QualityLimits()
  package var tracking = TrackingOptions()
  /// Where to look, in parts of the picture's width and height; nil for everywhere.
  package var region: FaceBox?
  /// Whether faces that pass the quality gates are turned into numbers.
  package var encodes = true
  /// Whether those are too that do not pass them: for photographs, of which there is no better one.
  package var encodesPoorOnes = false

  package init() {}
}

/// How a camera's pictures are gone through: not every one needs a search.
package struct TrackingOptions: Equatable, Sendable {
  /// One of so many pictures is searched; in between faces are followed. 1 searches all.
  package var detectEvery = 5
  /// A picture in which no cell changed by so many levels of luma since the last one is not looked at:
  /// faces are where they were. 0 looks at all.
  package var levelMin = 6
  /// A picture that changed in more than this part of its cells is another scene, and searched.
  package var sceneChangeMin = 0.6
  /// Peak to side lobe ratio of dlib's tracker below which a face counts as lost.
  package var confidenceMin = 7.0
  /// How many searches may miss a face that is still followed.
  package var missesMax = 2
  /// The first faces of a track that are encoded, one a search; then one of each `encodeEvery`.
  package var encodesFirst = 5
  package var encodeEvery = 5

  package init() {}
}
