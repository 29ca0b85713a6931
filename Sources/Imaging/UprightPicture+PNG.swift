import CPNG
import Frames

extension UprightPicture {
  private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Decodes a JPEG, as `JPEGDecoder.upright` does, or a PNG: by what the bytes begin with.
  /// - Throws: `.corrupt` where the picture is damaged or is neither; `.unsupported` where it is too large.
  package init(
    decoding file: [UInt8], by decoder: JPEGDecoder,
    pixelCountMax: Int = JPEGDecoder.uprightPixelCountMax
  ) throws(ImagingError) {
    self =
      file.starts(with: Self.pngSignature)
      ? try UprightPicture(png: file)
      : try decoder.upright(of: unsafe file.span.bytes, pixelCountMax: pixelCountMax)
  }

  /// Decodes a PNG of any kind: 16 bits become 8 of sRGB, and what one can see through lies on white.
  /// It is turned upright where an eXIf chunk says so.
  /// - Throws: `.corrupt` where it is damaged; `.unsupported` where it has more pixels than
  ///   `JPEGDecoder.progressivePixelCountMax`, for it is held whole.
  package init(png: [UInt8]) throws(ImagingError) {
    var image = unsafe png_image()
    unsafe image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { unsafe png_image_free(&image) }
    var decoded: Result<[UInt8], ImagingError> = .success([])
    // libpng reads from these bytes until it has finished.
    unsafe png.withUnsafeBytes { bytes in
      decoded = Result { () throws(ImagingError) in try unsafe Self.decode(bytes, &image) }
    }
    let size = unsafe FrameSize(width: Int(image.width), height: Int(image.height))
    self = UprightPicture(size: size, rgb: try decoded.get(), originalSize: size)
      .turned(by: PNGChunks.orientation(png))
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ image: inout png_image
  ) throws(ImagingError) -> [UInt8] {
    guard unsafe png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0
    else { throw unsafe failure(&image) }
    let (width, height) = unsafe (Int(image.width), Int(image.height))
    let most = JPEGDecoder.progressivePixelCountMax
    guard width <= most, height <= most, width * height <= most else {
      throw ImagingError(
        .unsupported,
        "the PNG is \(width)x\(height); \(most >> 20) megapixels is the most for such: save it as a JPEG"
      )
    }
    // What does not say how its 16 bits are meant is sRGB, as with 8; libpng would take it for linear.
    unsafe image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
    unsafe image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    var white = png_color(red: 255, green: 255, blue: 255)
    var isDone = false
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      isDone = unsafe png_image_finish_read(&image, &white, buffer.baseAddress, 0, nil) != 0
      count = isDone ? width * height * 3 : 0
    }
    guard isDone else { throw unsafe failure(&image) }
    return pixels
  }

  private static func failure(_ image: inout png_image) -> ImagingError {
    let message = unsafe withUnsafeBytes(of: &image.message) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return ImagingError(.corrupt, "the PNG is damaged: \(message)")
  }
}
