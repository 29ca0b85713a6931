package import Frames

/// Encodes whole pictures in memory, whatever their chroma subsampling. One thread at a time; it keeps its memory
/// from picture to picture.
package final class PictureEncoder {
  private let encoder: JPEGEncoder
  private var converted: PlanarPicture?

  package init(pool: BytePool) throws(ImagingError) { encoder = try JPEGEncoder(pool: pool) }

  /// - Parameter quality: 1…100.
  package func jpeg(of picture: PlanarPicture, quality: Int) throws(ImagingError) -> PooledBytes {
    switch picture.chroma {
    case .some(let chroma) where chroma != .yuv444:
      return try encoder.encode(picture, chroma: chroma, quality: quality)
    default:
      if converted?.size != picture.size {
        converted = PlanarPicture(size: picture.size, chroma: .yuv422)
      }
      guard let target = converted else {
        return try encoder.encode(picture, chroma: .grey, quality: quality)
      }
      picture.scale(into: target, fit: .stretch)
      return try encoder.encode(target, chroma: .yuv422, quality: quality)
    }
  }

  /// Of packed RGB without padding.
  package func jpeg(
    ofRGB pixels: [UInt8], _ size: FrameSize, quality: Int
  ) throws(ImagingError) -> PooledBytes {
    try encoder.encode(
      try PlanarPicture(rgb: pixels, size: size), chroma: .yuv422, quality: quality)
  }
}
