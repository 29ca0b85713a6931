import CDlib
import Frames
import Paths

/// How faces are looked for.
package struct DetectorOptions: Equatable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    /// dlib's five HOG filters: upright faces from 80 pixels on, halved with each upsampling.
    case hog
    /// dlib's max-margin convolutional network: turned and hidden faces too, some forty times slower.
    case cnn
  }

  /// What upsampling more often than this would take: 64 times the memory and time.
  package static let upsamplingMax = 3

  package var kind = Kind.hog
  /// How often the picture is doubled before.
  package var upsampling = 0
  /// Added to the detector's own threshold: below 0 finds more, above 0 is surer.
  package var thresholdOffset = 0.0
  /// Narrower faces are not looked for, in pixels of the picture; it saves the time to look.
  package var widthMin = 0

  package init() {}
}

/// A face that a detector found.
package struct FoundFace: Equatable, Sendable {
  package var box: FaceBox
  /// How far above the detector's own threshold it is.
  package var score: Double

  package init(box: FaceBox, score: Double) {
    self.box = box
    self.score = score
  }
}

/// Finds faces. It holds memory for its pictures: one a worker, used by one thread at a time.
@safe
package final class FaceDetector {
  /// The kind stays what it was at the start; the rest may be changed.
  package internal(set) var options: DetectorOptions
  private let hog: OpaquePointer?
  private let cnn: OpaquePointer?
  /// What the HOG detector obeys, and so must stay.
  private let stop: FaceStop?

  /// - Parameters:
  ///   - models: where the CNN is; the HOG detector needs no file.
  ///   - usesNewInstructions: false to keep to those that every processor has, for comparison.
  package init(
    _ options: DetectorOptions = DetectorOptions(), models: FaceModels = FaceModels(),
    usesNewInstructions: Bool = true, stop: FaceStop? = nil
  ) throws(FacesError) {
    self.options = options
    self.stop = stop
    var error = vd_error()
    var hog: OpaquePointer?
    var cnn: OpaquePointer?
    switch options.kind {
    case .hog:
      unsafe hog = unsafe vd_hog_new(usesNewInstructions ? 0 : 1, &error)
      guard unsafe hog != nil else {
        throw FacesError(Int32(VD_FAILED), error, during: "the HOG detector cannot be set up")
      }
    case .cnn:
      let path = try models.path(of: .cnnDetector)
      let status = unsafe vd_cnn_new(path.pathBytes, &cnn, &error)
      guard status == VD_OK else {
        throw FacesError(status, error, during: "the model \(path) cannot be loaded")
      }
    }
    if let hog = unsafe hog { unsafe vd_hog_obey(hog, stop?.handle) }
    unsafe self.hog = unsafe hog
    unsafe self.cnn = unsafe cnn
  }

  deinit {
    unsafe vd_hog_free(hog)
    unsafe vd_cnn_free(cnn)
  }

  /// What the hot code is compiled for: "x86-64-v3" or "baseline".
  package static var variant: String { unsafe String(cString: vd_variant()) }

  /// The faces in `pixels`, surest first, in coordinates of the whole picture.
  /// - Parameters:
  ///   - pixels: luma; the CNN takes RGB too, and was trained on it.
  ///   - region: where to look; nil for everywhere. Faces must lie in it with some margin around them.
  package func faces(
    in pixels: RawSpan, _ layout: PixelLayout, region: FaceBox? = nil
  ) throws(FacesError) -> [FoundFace] {
    let options = options
    guard (0...DetectorOptions.upsamplingMax).contains(options.upsampling) else {
      throw FacesError(
        .badInput, "upsampling is 0 to \(DetectorOptions.upsamplingMax), not \(options.upsampling)")
    }
    return try unsafe layout.within(
      pixels, region ?? FaceBox(whole: layout.size)
    ) { image, corner throws(FacesError) in
      var image = unsafe image
      var error = vd_error()
      var found: UnsafePointer<vd_detection>?
      var count = 0
      let status =
        if let hog = unsafe hog {
          unsafe vd_hog_detect(
            hog, &image, Int32(options.upsampling), options.thresholdOffset,
            Int32(clamping: options.widthMin), &found, &count, &error)
        } else {
          unsafe vd_cnn_detect(
            cnn, &image, Int32(options.upsampling), options.thresholdOffset, &found, &count, &error)
        }
      guard status == VD_OK else { throw FacesError(status, error, during: "detection") }
      return unsafe UnsafeBufferPointer(start: found, count: count).map { one in
        FoundFace(box: FaceBox(one.box).moved(x: corner.x, y: corner.y), score: one.score)
      }.filter { $0.box.width >= Double(options.widthMin) }
    }
  }
}
