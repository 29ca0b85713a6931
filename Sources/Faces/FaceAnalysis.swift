/// What was found in a picture.
package struct FaceAnalysis: Equatable, Sendable {
  package enum Work: String, Sendable {
    /// The picture was searched.
    case detected
    /// Faces were followed.
    case tracked
    /// Nothing had changed, so nothing was done.
    case unchanged
  }

  package var work: Work
  /// Surest first where searched, else by track.
  package var faces: [AnalysedFace]

  package init(work: Work, faces: [AnalysedFace]) {
    self.work = work
    self.faces = faces
  }
}

/// A face in a picture.
package struct AnalysedFace: Equatable, Sendable {
  /// In pixels of the picture.
  package var box: FaceBox
  /// The detector's, from when it last found the face.
  package var score: Double
  /// The same for one face from picture to picture; nil where no camera's state was given.
  package var track: Int?
  /// Whether it was followed to here rather than found.
  package var isFollowed = false
  /// Where it was found in this picture.
  package var landmarks: Landmarks?
  package var quality: FaceQuality?
  /// 128 numbers; nil where they were not asked for, not due, or the face is not good enough.
  package var encoding: [Float]?

  package init(box: FaceBox, score: Double) {
    self.box = box
    self.score = score
  }
}

/// Pixels in colour of at least the part of a picture that was asked for.
package struct FacePatch: Sendable {
  package var pixels: [UInt8]
  package var layout: PixelLayout
  /// Where its upper left corner lies in the picture.
  package var corner: FacePoint

  package init(
    pixels: [UInt8], layout: PixelLayout, corner: FacePoint = FacePoint(x: 0, y: 0)
  ) {
    self.pixels = pixels
    self.layout = layout
    self.corner = corner
  }
}
