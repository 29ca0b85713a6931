import CDlib

/// Follows one face by dlib's correlation tracker. One thread at a time.
@safe
final class FaceTracker {
  private let tracker: OpaquePointer

  init() throws(FacesError) {
    var error = vd_error()
    guard let tracker = unsafe vd_tracker_new(0, &error) else {
      throw FacesError(Int32(VD_FAILED), error, during: "a tracker cannot be set up")
    }
    unsafe self.tracker = unsafe tracker
  }

  deinit { unsafe vd_tracker_free(tracker) }

  func start(_ box: FaceBox, in luma: RawSpan, _ layout: PixelLayout) throws(FacesError) {
    try unsafe layout.withImage(luma) { image throws(FacesError) in
      var image = unsafe image
      var box = box.forDlib
      var error = vd_error()
      let status = unsafe vd_tracker_start(tracker, &image, &box, &error)
      guard status == VD_OK else { throw FacesError(status, error, during: "tracking") }
    }
  }

  /// Where the face is now, and how sure that is: dlib's peak to side lobe ratio.
  func update(
    in luma: RawSpan, _ layout: PixelLayout
  ) throws(FacesError) -> (box: FaceBox, confidence: Double) {
    try unsafe layout.withImage(luma) { image throws(FacesError) in
      var image = unsafe image
      var box = vd_box()
      var confidence = 0.0
      var error = vd_error()
      let status = unsafe vd_tracker_update(tracker, &image, &box, &confidence, &error)
      guard status == VD_OK else { throw FacesError(status, error, during: "tracking") }
      return (FaceBox(box), confidence)
    }
  }
}
