import CDlib
import Glibc
import Paths

/// How faces are turned into numbers.
package struct EncoderOptions: Equatable, Sendable {
  /// Copies of a face, slightly moved, turned and mirrored, whose mean is taken; 0 or 1 for the face as it is.
  package var jitters = 1
  /// 68 points instead of 5; that model is not for commercial use.
  package var uses68Landmarks = false

  package static let jittersMax = 1000

  package init() {}
}

/// Finds landmarks, cuts faces out upright, and turns them into 128 numbers: faces of one person are nearer
/// to each other than 0.6, mostly. Holds some 40 MB: one a worker, used by one thread at a time.
@safe
package final class FaceEncoder {
  /// How many numbers there are to a face.
  package static let count = 128
  /// Width and height of what the network takes, in pixels, and the margin around the face in it.
  package static let chipSize = 150
  package static let chipPadding = 0.25

  /// The landmarks' kind stays what it was at the start; the rest may be changed.
  package internal(set) var options: EncoderOptions
  private let shape: OpaquePointer
  private let network: OpaquePointer
  /// What the network obeys, and so must stay.
  private let stop: FaceStop?

  package init(
    _ options: EncoderOptions = EncoderOptions(), models: FaceModels, stop: FaceStop? = nil
  ) throws(FacesError) {
    self.options = options
    self.stop = stop
    let shapePath = try models.path(of: options.uses68Landmarks ? .landmarks68 : .landmarks5)
    let networkPath = try models.path(of: .encoder)
    var error = vd_error()
    var shape: OpaquePointer?
    var status = unsafe vd_shape_new(shapePath.pathBytes, &shape, &error)
    guard status == VD_OK, let shape = unsafe shape else {
      throw FacesError(status, error, during: "the model \(shapePath) cannot be loaded")
    }
    var network: OpaquePointer?
    status = unsafe vd_encoder_new(networkPath.pathBytes, &network, &error)
    guard status == VD_OK, let network = unsafe network else {
      unsafe vd_shape_free(shape)
      throw FacesError(status, error, during: "the model \(networkPath) cannot be loaded")
    }
    unsafe vd_encoder_obey(network, stop?.handle)
    unsafe self.shape = unsafe shape
    unsafe self.network = unsafe network
  }

  deinit {
    unsafe vd_shape_free(shape)
    unsafe vd_encoder_free(network)
  }

  /// The landmarks of the face in `box`.
  package func landmarks(
    of box: FaceBox, in pixels: RawSpan, _ layout: PixelLayout
  ) throws(FacesError) -> Landmarks {
    try unsafe layout.withImage(pixels) { image throws(FacesError) in
      var image = unsafe image
      var error = vd_error()
      var box = box.forDlib
      var points = [vd_point](
        repeating: vd_point(), count: unsafe Int(vd_shape_point_count(shape)))
      let status = unsafe points.withUnsafeMutableBufferPointer { points in
        unsafe vd_shape_find(shape, &image, &box, points.baseAddress, &error)
      }
      guard status == VD_OK else { throw FacesError(status, error, during: "landmarks") }
      return Landmarks(points: points.map { FacePoint(x: $0.x, y: $0.y) })
    }
  }

  /// The face with these landmarks, upright, in a square of `size` pixels of RGB without padding.
  /// - Parameter padding: what is left around the face, as part of its size.
  package static func chip(
    _ landmarks: Landmarks, in pixels: RawSpan, _ layout: PixelLayout, size: Int = chipSize,
    padding: Double = chipPadding
  ) throws(FacesError) -> [UInt8] {
    try unsafe layout.withImage(pixels) { image throws(FacesError) in
      var image = unsafe image
      var error = vd_error()
      let points = landmarks.points.map { vd_point(x: $0.x, y: $0.y) }
      var chip = [UInt8](repeating: 0, count: size * size * 3)
      let status = unsafe chip.withUnsafeMutableBufferPointer { chip in
        unsafe vd_chip(
          &image, points, Int32(points.count), Int32(size), padding, chip.baseAddress, &error)
      }
      guard status == VD_OK else { throw FacesError(status, error, during: "cutting a face out") }
      return chip
    }
  }

  package func landmarks(of box: FaceBox, in patch: FacePatch) throws(FacesError) -> Landmarks {
    try landmarks(of: box, in: unsafe patch.pixels.span.bytes, patch.layout)
  }

  package static func chip(
    _ landmarks: Landmarks, in patch: FacePatch, size: Int = chipSize,
    padding: Double = chipPadding
  ) throws(FacesError) -> [UInt8] {
    try chip(
      landmarks, in: unsafe patch.pixels.span.bytes, patch.layout, size: size, padding: padding)
  }

  /// The 128 numbers of a face.
  /// - Parameter chip: 150×150 RGB, as `chip(_:in:_:)` cuts it out.
  package func encoding(of chip: [UInt8]) throws(FacesError) -> [Float] {
    guard chip.count == Self.chipSize * Self.chipSize * 3 else {
      throw FacesError(.badInput, "\(chip.count) bytes are no chip of 150x150 RGB")
    }
    guard (0...EncoderOptions.jittersMax).contains(options.jitters) else {
      throw FacesError(
        .badInput, "jitters are 0 to \(EncoderOptions.jittersMax), not \(options.jitters)")
    }
    var error = vd_error()
    var numbers = [Float](repeating: 0, count: Self.count)
    let status = unsafe numbers.withUnsafeMutableBufferPointer { numbers in
      unsafe vd_encoder_encode(network, chip, Int32(options.jitters), numbers.baseAddress, &error)
    }
    guard status == VD_OK else { throw FacesError(status, error, during: "encoding") }
    return numbers
  }

  /// The BLAS that does the multiplying, in words, and a warning where it is ten times slower than it need be.
  package static var blas: (name: String, warning: String?) {
    let name = unsafe String(cString: vd_blas())
    return (
      name,
      vd_blas_is_fast() != 0
        ? nil
        : "the BLAS is the reference one, with which encoding a face takes over 100 ms instead of 12: install libopenblas0-pthread"
    )
  }
}

/// The distance by which encodings are compared.
package func euclideanDistance(_ one: [Float], _ other: [Float]) -> Double {
  zip(one, other).reduce(0.0) { sum, pair in
    let difference = Double(pair.0 - pair.1)
    return sum + difference * difference
  }.squareRoot()
}

func atan2Degrees(_ y: Double, _ x: Double) -> Double { atan2(y, x) * 180 / .pi }
