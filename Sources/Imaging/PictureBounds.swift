import Frames

/// What may be taken for a picture. It is checked by what the picture's header says, before memory is asked for: a few
/// kilobytes can claim to be gigabytes.
package struct PictureBounds: Equatable, Sendable {
  /// Of the picture as it is stored.
  package var pixelCountMax: Int
  /// What is held at once while it is decoded: the result, and of a JPEG of several scans all coefficients.
  package var bytesMax: Int
  /// Larger pictures are halved while they are decoded, by each of width and height, up to three times, until they have
  /// no more.
  package var keptPixelCountMax: Int
  /// Of a JPEG: each is as much work as the picture is large, be it of ten bytes.
  package var scanCountMax: Int

  package init(pixelCountMax: Int, bytesMax: Int, keptPixelCountMax: Int, scanCountMax: Int) {
    self.pixelCountMax = pixelCountMax
    self.bytesMax = bytesMax
    self.keptPixelCountMax = keptPixelCountMax
    self.scanCountMax = scanCountMax
  }

  /// A camera's.
  package static let frame = PictureBounds(
    pixelCountMax: 128 << 20, bytesMax: 256 << 20, keptPixelCountMax: .max, scanCountMax: 64)
  /// A person's file, looked at on request.
  package static let photograph = PictureBounds(
    pixelCountMax: 128 << 20, bytesMax: 384 << 20, keptPixelCountMax: 26 << 20, scanCountMax: 200)
  /// A photograph that came with a command, which has the whole of its pixels for all that it brings: boxes are small, and
  /// who holds a key may have lost it.
  package static let commanded = PictureBounds(
    pixelCountMax: 16 << 20, bytesMax: 64 << 20, keptPixelCountMax: 6 << 20, scanCountMax: 64)
  /// The same as a photograph where no pixel of it is to be missing.
  package static let whole = PictureBounds(
    pixelCountMax: 128 << 20, bytesMax: 1 << 30, keptPixelCountMax: .max, scanCountMax: 200)

  static let halvingsMax = 3

  func check(_ kind: String, _ size: FrameSize) throws(ImagingError) {
    // No product of what a file says, unless both are small.
    guard size.width <= pixelCountMax, size.height <= pixelCountMax,
      size.width * size.height <= pixelCountMax
    else {
      throw ImagingError(
        .unsupported, "the \(kind) is \(size); \(pixelCountMax >> 20) megapixels is the most")
    }
  }

  func check(bytes: Int, _ picture: @autoclosure () -> String) throws(ImagingError) {
    guard bytes <= bytesMax else {
      throw ImagingError(
        .unsupported,
        "the \(picture()) takes \(bytes >> 20) MiB of memory to decode; \(bytesMax >> 20) is the most"
      )
    }
  }
}
