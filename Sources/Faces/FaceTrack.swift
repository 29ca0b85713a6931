/// One face over a camera's pictures.
final class FaceTrack {
  let id: Int
  var box: FaceBox
  var score: Double
  var vote = NameVote()
  /// The last encoding, by which a face that was lost is known again.
  var encoding: [Float]?
  /// Searches since the face was last found by one.
  var misses = 0
  /// Searches that found it.
  var searches = 0
  var tracker: FaceTracker?

  init(id: Int, box: FaceBox, score: Double) {
    self.id = id
    self.box = box
    self.score = score
  }

  /// Whether the search that found it now is one whose face is encoded.
  func isDue(_ options: TrackingOptions) -> Bool {
    searches <= options.encodesFirst
      || (searches - options.encodesFirst) % max(1, options.encodeEvery) == 0
  }

  /// False where the face is lost.
  func follow(
    in luma: RawSpan, _ layout: PixelLayout, _ options: TrackingOptions
  ) throws(FacesError) -> Bool {
    guard let tracker else { return false }
    let (place, confidence) = try tracker.update(in: luma, layout)
    let inside = place.intersection(FaceBox(whole: layout.size)).area
    guard confidence >= options.confidenceMin, place.area > 0, inside >= place.area / 3 else {
      return false
    }
    box = place
    return true
  }

  func startFollowing(in luma: RawSpan, _ layout: PixelLayout) throws(FacesError) {
    if let tracker {
      try tracker.start(box, in: luma, layout)
    } else {
      let made = try FaceTracker()
      try made.start(box, in: luma, layout)
      tracker = made
    }
  }

  var asFace: AnalysedFace {
    var face = AnalysedFace(box: box, score: score)
    face.track = id
    face.isFollowed = true
    return face
  }
}
