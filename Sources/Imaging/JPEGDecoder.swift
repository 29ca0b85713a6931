import CTurboJPEG
package import Frames

/// Decodes JPEG by libjpeg-turbo. One thread at a time.
@safe
package final class JPEGDecoder {
  let handle: OpaquePointer

  package init() throws(ImagingError) {
    guard let handle = unsafe vj_decoder_new() else {
      throw ImagingError(.internalFailure, "libjpeg-turbo could not be set up: out of memory")
    }
    unsafe self.handle = unsafe handle
  }

  deinit { unsafe vj_decoder_free(handle) }

  /// Decodes into planes of Y, Cb, Cr as the JPEG has them.
  /// - Parameter reusing: written over and returned where its planes have the right shape.
  package func planes(
    of jpeg: RawSpan, reusing old: PlanarPicture? = nil, within bounds: PictureBounds = .frame
  ) throws(ImagingError) -> PlanarPicture {
    try open(jpeg, bounds) { info throws(ImagingError) in
      let size = FrameSize(width: Int(info.width), height: Int(info.height))
      guard info.is_ycc != 0 else { return try self.planesFromRGB(&info, size, bounds) }
      let (w, h) = (info.plane_width, info.plane_height)
      let shapes = [(w.0, h.0), (w.1, h.1), (w.2, h.2)].prefix(Int(info.components))
        .map { (Int($0.0), Int($0.1)) }
      try self.checkMemory(info, PlanarPicture.bytes(planes: shapes), bounds)
      let fits =
        old?.size == size
        && old?.planes.elementsEqual(shapes) { ($0.width, $0.height) == $1 } == true
      let picture =
        fits
        ? old ?? PlanarPicture(size: size, planes: shapes)
        : PlanarPicture(size: size, planes: shapes)
      let last = shapes.count - 1
      var pointers:
        (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?) =
          unsafe (
            picture.pointer(plane: 0), picture.pointer(plane: min(1, last)),
            picture.pointer(plane: last)
          )
      var strides = (
        picture.planes[0].stride, picture.planes[min(1, last)].stride, picture.planes[last].stride
      )
      let status = unsafe withUnsafePointer(to: &pointers) { pointers in
        unsafe withUnsafePointer(to: &strides) { strides in
          unsafe pointers.withMemoryRebound(to: UnsafeMutablePointer<UInt8>?.self, capacity: 3) {
            pointers in
            unsafe strides.withMemoryRebound(to: Int.self, capacity: 3) { strides in
              unsafe vj_decode_planes(self.handle, pointers, strides, &info)
            }
          }
        }
      }
      try self.check(status, info)
      return picture
    }
  }

  /// Decodes to packed 8-bit RGB, rows without padding.
  package func rgb(
    of jpeg: RawSpan, within bounds: PictureBounds = .frame
  ) throws(ImagingError) -> (size: FrameSize, pixels: [UInt8]) {
    try open(jpeg, bounds) { info throws(ImagingError) in
      let size = FrameSize(width: Int(info.width), height: Int(info.height))
      return (size, try self.rgb(&info, size, bounds))
    }
  }

  /// Decodes the entropy-coded data of all rows and keeps nothing of it.
  /// - Throws: `.corrupt` on anything that libjpeg-turbo finds wrong; `.unsupported` where it cannot read
  ///   pictures of this kind.
  package func check(_ jpeg: RawSpan) throws(ImagingError) {
    try check(jpeg, allowsExtraBytes: true)
  }

  /// - Parameter allowsExtraBytes: whether there may be bytes before a marker that belong to nothing.
  func check(_ jpeg: RawSpan, allowsExtraBytes: Bool) throws(ImagingError) {
    try open(jpeg, .frame, takesCMYK: true) { info throws(ImagingError) in
      try self.checkMemory(info, 0, .frame)
      try self.check(unsafe vj_decode_check(self.handle, &info), info)
      guard allowsExtraBytes || info.extraneous == 0 else {
        throw ImagingError(.corrupt, "bytes that belong to nothing stand before a marker")
      }
    }
  }

  func open<Result>(
    _ jpeg: RawSpan, _ bounds: PictureBounds, takesCMYK: Bool = false,
    _ body: (inout vj_info) throws(ImagingError) -> Result
  ) throws(ImagingError) -> Result {
    try unsafe jpeg.withUnsafeBytes { bytes throws(ImagingError) in
      var info = vj_info()
      let status = unsafe vj_decode_begin(
        handle, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
        Int32(clamping: bounds.scanCountMax), &info)
      guard status == VJ_OK else { throw failure }
      defer { unsafe vj_decode_end(handle) }
      try bounds.check(
        "JPEG", FrameSize(width: Int(info.width), height: Int(info.height)))
      guard takesCMYK || info.components != 4 else {
        throw ImagingError(.unsupported, "the JPEG is in CMYK; convert it to RGB or YCbCr")
      }
      return try body(&info)
    }
  }

  /// - Parameter bytes: of the result.
  func checkMemory(
    _ info: vj_info, _ bytes: Int, _ bounds: PictureBounds
  ) throws(ImagingError) {
    let held = Int(info.coefficient_bytes)
    try bounds.check(
      bytes: bytes + held,
      held > 0 ? "JPEG is progressive, or its colours come one after the other: it" : "JPEG")
  }

  func rgb(
    _ info: inout vj_info, _ size: FrameSize, _ bounds: PictureBounds
  ) throws(ImagingError) -> [UInt8] {
    try checkMemory(info, size.width * size.height * 3, bounds)
    var pixels = [UInt8](repeating: 0, count: size.width * size.height * 3)
    let status = unsafe pixels.withUnsafeMutableBufferPointer { buffer in
      unsafe vj_decode_rgb(handle, buffer.baseAddress, size.width * 3, &info)
    }
    try check(status, info)
    return pixels
  }

  private func planesFromRGB(
    _ info: inout vj_info, _ size: FrameSize, _ bounds: PictureBounds
  ) throws(ImagingError) -> PlanarPicture {
    let pixels = try rgb(&info, size, bounds)
    let picture = PlanarPicture(size: size, chroma: .yuv422)
    picture.isExact = false
    let converter = StripConverter(
      layout: FrameLayout(format: .rgb24, size: size, range: .full), chroma: .yuv422, masks: [])
    unsafe pixels.withUnsafeBytes { unsafe picture.fill(by: converter, planes: [$0]) }
    return picture
  }

  func check(_ status: Int32, _ info: vj_info) throws(ImagingError) {
    guard status == VJ_OK, info.warnings == 0 else { throw failure }
  }

  private var failure: ImagingError {
    ImagingError(unsafe vj_decoder_is_unsupported(handle) != 0 ? .unsupported : .corrupt, message)
  }

  private var message: String {
    let text = unsafe String(cString: vj_decoder_message(handle))
    return "libjpeg-turbo: \(text.isEmpty ? "the picture cannot be decoded" : text)"
  }
}
