import CTurboJPEG
package import Frames

/// Encodes planar strips to baseline JPEG by libjpeg-turbo. One thread at a time.
@safe
package final class JPEGEncoder {
  private let handle: OpaquePointer
  private let pool: BytePool
  /// The strip that `encode(planes:)` converts into, kept from frame to frame.
  private var strip: StripMemory?
  /// Bytes of the largest of the last pictures, so that the next one's buffer rarely is too small.
  private var sizeHint = 0

  /// - Parameter pool: lends the memory of the JPEGs.
  package init(pool: BytePool) throws(ImagingError) {
    guard let handle = unsafe vj_encoder_new() else {
      throw ImagingError(.internalFailure, "libjpeg-turbo could not be set up: out of memory")
    }
    unsafe self.handle = unsafe handle
    self.pool = pool
  }

  deinit { unsafe vj_encoder_free(handle) }

  /// Encodes a raw frame.
  /// - Parameters:
  ///   - planes: of the frame, each at least `layout.byteCount(plane:)` long.
  ///   - quality: 1…100.
  func encode(
    _ converter: StripConverter, planes: [UnsafeRawBufferPointer], quality: Int
  ) throws(ImagingError) -> PooledBytes {
    let size = converter.layout.size
    let memory = strip(width: size.width)
    return try unsafe encode(size, chroma: converter.chroma, quality: quality) { row in
      unsafe converter.fill(memory.target, fromRow: row, planes: planes)
      return unsafe memory.target
    }
  }

  /// Encodes a picture whose `chroma` is 4:2:0, 4:2:2 or grey.
  package func encode(
    _ picture: PlanarPicture, chroma: ChromaSampling, quality: Int
  ) throws(ImagingError) -> PooledBytes {
    picture.extendEdges()
    let step = chroma == .yuv420 ? 2 : 1
    let isGrey = chroma == .grey
    return try unsafe encode(picture.size, chroma: chroma, quality: quality) { row in
      unsafe StripConverter.Target(
        y: picture.pointer(plane: 0, row: row),
        cb: picture.pointer(plane: isGrey ? 0 : 1, row: isGrey ? 0 : row / step),
        cr: picture.pointer(plane: isGrey ? 0 : 2, row: isGrey ? 0 : row / step),
        yStride: picture.planes[0].stride, chromaStride: isGrey ? 0 : picture.planes[1].stride,
        spare: picture.pointer(plane: 0))
    }
  }

  private func encode(
    _ size: FrameSize, chroma: ChromaSampling, quality: Int,
    strip: (Int) -> StripConverter.Target
  ) throws(ImagingError) -> PooledBytes {
    // A quarter of a byte per pixel is what a detailed photograph takes at quality 80.
    var capacity = max(sizeHint + sizeHint / 4, size.width * size.height / 4 + 16_384)
    while true {
      let bytes = pool.take(capacity: capacity)
      if try unsafe attempt(bytes, size, chroma, quality, strip) {
        // Falls slowly, so that one dull picture does not make the next buffer too small.
        sizeHint = max(bytes.count, sizeHint - sizeHint / 64)
        return bytes
      }
      // Random noise at quality 100 stays under 6 bytes a pixel; more is a fault of ours.
      guard capacity < size.width * size.height * 8 + 65_536 else {
        throw ImagingError(.internalFailure, "the JPEG grew beyond any measure")
      }
      capacity *= 2
    }
  }

  /// False where the JPEG did not fit.
  private func attempt(
    _ bytes: PooledBytes, _ size: FrameSize, _ chroma: ChromaSampling, _ quality: Int,
    _ strip: (Int) -> StripConverter.Target
  ) throws(ImagingError) -> Bool {
    let (kind, rows) =
      switch chroma {
      case .yuv420: (VJ_420, 16)
      case .yuv422: (VJ_422, 8)
      case .grey: (VJ_GREY, 8)
      case .yuv444:
        throw ImagingError(.internalFailure, "4:4:4 is not encoded") as ImagingError
      }
    var isFull = false
    try unsafe bytes.appendUnsafe { buffer throws(ImagingError) in
      var status = unsafe vj_encode_begin(
        handle, Int32(size.width), Int32(size.height), Int32(kind), Int32(quality),
        buffer.baseAddress, buffer.count)
      var row = 0
      while status == VJ_OK, row < size.height {
        let target = unsafe strip(row)
        status = unsafe vj_encode_strip(
          handle, target.y, target.yStride, target.cb, target.cr, target.chromaStride)
        row += rows
      }
      var count = 0
      if status == VJ_OK { status = unsafe vj_encode_end(handle, &count) }
      switch status {
      case Int32(VJ_OK): return count
      case Int32(VJ_FULL):
        isFull = true
        return 0
      default:
        throw ImagingError(
          .internalFailure, "libjpeg-turbo: \(unsafe String(cString: vj_encoder_message(handle)))")
      }
    }
    return !isFull
  }

  private func strip(width: Int) -> StripMemory {
    if let strip, strip.width == width { return strip }
    let made = StripMemory(width: width)
    strip = made
    return made
  }
}

/// The memory of one strip: 16 rows of luma, 8 of each chroma.
@safe
private final class StripMemory {
  let width: Int
  let target: StripConverter.Target
  private let memory: UnsafeMutablePointer<UInt8>

  init(width: Int) {
    self.width = width
    let padded = (width + 63) & ~63
    let count = padded * 16 + padded / 2 * 16 + padded
    unsafe memory = .allocate(capacity: count)
    unsafe memory.initialize(repeating: 0, count: count)
    let cb = unsafe memory + padded * 16
    unsafe target = StripConverter.Target(
      y: memory, cb: cb, cr: cb + padded / 2 * 8, yStride: padded, chromaStride: padded / 2,
      spare: cb + padded / 2 * 16)
  }

  deinit { unsafe memory.deallocate() }
}
