import CDlib
package import Frames

/// How the pixels that are handed over lie in memory: rows of 8-bit luma, or of red, green, blue.
package struct PixelLayout: Equatable, Sendable {
  package enum Kind: Int, Sendable {
    case luma = 1
    case rgb = 3
  }

  package var kind: Kind
  package var size: FrameSize
  /// Bytes from the start of a row to that of the next.
  package var stride: Int

  /// - Parameter stride: nil for rows without padding.
  package init(_ kind: Kind, size: FrameSize, stride: Int? = nil) {
    self.kind = kind
    self.size = size
    self.stride = stride ?? size.width * kind.rawValue
  }

  /// Lets dlib read `pixels` within `body`.
  func withImage<Result>(
    _ pixels: RawSpan, _ body: (vd_image) throws(FacesError) -> Result
  ) throws(FacesError) -> Result {
    try unsafe within(pixels, FaceBox(whole: size)) { image, _ throws(FacesError) in
      try unsafe body(image)
    }
  }

  /// Lets dlib read the part of `pixels` that lies in `region`, rounded to whole pixels; nil where none does.
  func within<Result>(
    _ pixels: RawSpan, _ region: FaceBox,
    _ body: (vd_image, FacePoint) throws(FacesError) -> Result
  ) throws(FacesError) -> Result {
    let row = size.width * kind.rawValue
    guard size.width > 0, size.height > 0, stride >= row,
      pixels.byteCount >= (size.height - 1) * stride + row
    else {
      throw FacesError(
        .badInput, "\(pixels.byteCount) bytes are no \(size) picture with rows of \(stride) bytes")
    }
    let part = region.intersection(FaceBox(whole: size))
    let left = Int(part.x)
    let top = Int(part.y)
    let right = min(size.width, Int((part.x + part.width).rounded(.up)))
    let bottom = min(size.height, Int((part.y + part.height).rounded(.up)))
    guard right > left, bottom > top else {
      throw FacesError(.badInput, "the region lies outside of the picture of \(size)")
    }
    return try unsafe pixels.withUnsafeBytes { bytes throws(FacesError) in
      let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      let image = unsafe vd_image(
        pixels: base.map { unsafe $0 + (top * stride + left * kind.rawValue) },
        width: Int32(right - left), height: Int32(bottom - top), stride: stride,
        channels: Int32(kind.rawValue))
      return try unsafe body(image, FacePoint(x: Double(left), y: Double(top)))
    }
  }
}

extension FaceBox {
  /// All of a picture.
  package init(whole size: FrameSize) {
    self.init(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
  }

  init(_ box: vd_box) {
    self.init(x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top)
  }

  var forDlib: vd_box {
    vd_box(left: x, top: y, right: x + width, bottom: y + height)
  }
}

extension FacesError {
  /// What dlib said.
  init(_ status: Int32, _ error: vd_error, during work: String) {
    var error = error
    let text = unsafe withUnsafeBytes(of: &error.message) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    self.init(
      status == Int32(VD_DAMAGED)
        ? .modelDamaged : status == Int32(VD_STOPPED) ? .cancelled : .internalFailure,
      "\(work): \(text.isEmpty ? "dlib failed" : text)")
  }
}
