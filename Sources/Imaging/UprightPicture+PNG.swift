import CPNGReader
import Frames

extension UprightPicture {
  private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// A row is held while it is read, with 8 bytes a pixel.
  private static let pngSideMax = 65_535

  /// Decodes a JPEG, as `JPEGDecoder.upright` does, or a PNG: by what the bytes begin with.
  /// - Throws: `.corrupt` where the picture is damaged or is neither; `.unsupported` where it is larger than `bounds`.
  package init(
    decoding file: [UInt8], by decoder: JPEGDecoder, within bounds: PictureBounds = .photograph
  ) throws(ImagingError) {
    self =
      file.starts(with: Self.pngSignature)
      ? try UprightPicture(png: file, within: bounds)
      : try decoder.upright(of: unsafe file.span.bytes, within: bounds)
  }

  /// Decodes a PNG of any kind: 16 bits become 8 of sRGB, and what one can see through lies on white.
  /// It is turned upright where an eXIf chunk says so. Rows are made smaller as they come; it is never held whole.
  /// - Throws: `.corrupt` where it is damaged; `.unsupported` where it is larger than `bounds`.
  package init(
    png: [UInt8], within bounds: PictureBounds = .photograph
  ) throws(ImagingError) {
    if let claimed = PNGChunks.size(png) {
      try bounds.check("PNG", claimed)
      guard max(claimed.width, claimed.height) <= Self.pngSideMax else {
        throw ImagingError(
          .unsupported, "the PNG is \(claimed); \(Self.pngSideMax) pixels is the most for a side")
      }
    }
    // libpng reads from these bytes until it has finished.
    let picture = try unsafe png.span.bytes.withUnsafeBytes { bytes throws(ImagingError) in
      try unsafe Self.decode(bytes, bounds)
    }
    self = picture.turned(by: PNGChunks.orientation(png))
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ bounds: PictureBounds
  ) throws(ImagingError) -> UprightPicture {
    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let reader = unsafe vg_open(start, bytes.count, UInt32(pngSideMax)) else {
      throw ImagingError(.internalFailure, "libpng could not be set up: out of memory")
    }
    defer { unsafe vg_free(reader) }
    if let failure = unsafe failure(reader) { throw failure }
    let whole = unsafe FrameSize(width: Int(vg_width(reader)), height: Int(vg_height(reader)))
    try bounds.check("PNG", whole)
    var halvings = 0
    var size = whole
    while halvings < PictureBounds.halvingsMax, size.width * size.height > bounds.keptPixelCountMax
    {
      halvings += 1
      let side = 1 << halvings
      size = FrameSize(
        width: (whole.width + side - 1) / side, height: (whole.height + side - 1) / side)
    }
    let count = size.width * size.height * 3
    // Sums of two bytes each, where rows come in no order; turned, there are two of it.
    let holdsSums = unsafe halvings > 0 && vg_is_interlaced(reader) != 0
    try bounds.check(bytes: count + max(count, holdsSums ? 2 * count : 0), "PNG")
    var isDone = false
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      isDone = unsafe vg_decode(reader, Int32(halvings), buffer.baseAddress) != 0
      initialized = isDone ? count : 0
    }
    guard isDone else {
      throw unsafe failure(reader) ?? ImagingError(.corrupt, "the PNG cannot be decoded")
    }
    return UprightPicture(size: size, rgb: pixels, originalSize: whole)
  }

  private static func failure(_ reader: OpaquePointer) -> ImagingError? {
    let message = unsafe String(cString: vg_message(reader))
    return message.isEmpty ? nil : ImagingError(.corrupt, "the PNG is damaged: \(message)")
  }
}
