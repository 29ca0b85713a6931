import CColours

/// How the samples of a frame of luma and chroma lie in memory.
package struct PlaneLayout: Equatable, Sendable {
  package var width: Int
  package var height: Int
  /// Bytes from row to row of luma, and from sample to sample: 1, or 2 where chroma lies between.
  package var lumaStride: Int
  package var lumaStep: Int
  /// The same of chroma.
  package var chromaStride: Int
  package var chromaStep: Int
  /// Whether two pixels of a row, and two rows, share a sample of chroma.
  package var halvesWidth: Bool
  package var halvesHeight: Bool
  /// False where luma is 16…235 and chroma 16…240.
  package var isFullRange: Bool

  package init(
    width: Int, height: Int, lumaStride: Int, lumaStep: Int = 1, chromaStride: Int,
    chromaStep: Int = 1, halvesWidth: Bool = true, halvesHeight: Bool = true,
    isFullRange: Bool = false
  ) {
    self.width = width
    self.height = height
    self.lumaStride = lumaStride
    self.lumaStep = lumaStep
    self.chromaStride = chromaStride
    self.chromaStep = chromaStep
    self.halvesWidth = halvesWidth
    self.halvesHeight = halvesHeight
    self.isFullRange = isFullRange
  }
}

/// Packed RGB made of a frame of luma and chroma, all its pixels or every second, third, … each way: what
/// `ColourClusterer` takes. It keeps its memory from frame to frame; one thread at a time.
package final class PixelBuffer {
  package private(set) var width = 0
  package private(set) var height = 0
  /// Packed RGB without padding.
  package private(set) var pixels: [UInt8] = []

  package init() {}

  /// - Parameters:
  ///   - luma, cb, cr: from the first sample on. The same plane from its second byte on is the cr of NV12. Grey
  ///     frames have empty chroma.
  ///   - pixelsMax: what may be kept at the most; nil for all.
  package func fill(
    _ layout: PlaneLayout, luma: RawSpan, cb: RawSpan, cr: RawSpan, pixelsMax: Int? = nil
  ) throws(ColoursError) {
    try Self.check(layout, luma.byteCount, cb.byteCount, cr.byteCount)
    var every = 1
    if let pixelsMax {
      while every < min(layout.width, layout.height),
        ((layout.width + every - 1) / every) * ((layout.height + every - 1) / every) > pixelsMax
      {
        every += 1
      }
    }
    width = (layout.width + every - 1) / every
    height = (layout.height + every - 1) / every
    let (count, rows) = (width, height)
    if pixels.count != 3 * count * rows { pixels = [UInt8](repeating: 0, count: 3 * count * rows) }
    unsafe luma.withUnsafeBytes { luma in
      unsafe cb.withUnsafeBytes { cb in
        unsafe cr.withUnsafeBytes { cr in
          unsafe pixels.withUnsafeMutableBufferPointer { pixels in
            guard let target = pixels.baseAddress, let y = luma.baseAddress else { return }
            for row in 0..<rows {
              let (at, chroma) = (row * every, (row * every) >> (layout.halvesHeight ? 1 : 0))
              let offset = chroma * layout.chromaStride
              unsafe vc_rgb_row(
                target + 3 * count * row, count, every,
                (y + at * layout.lumaStride).assumingMemoryBound(to: UInt8.self), layout.lumaStep,
                Self.sample(cb, offset), Self.sample(cr, offset), layout.chromaStep,
                layout.halvesWidth ? 1 : 0, layout.isFullRange ? 1 : 0)
            }
          }
        }
      }
    }
  }

  private static func sample(
    _ plane: UnsafeRawBufferPointer, _ offset: Int
  ) -> UnsafePointer<UInt8>? {
    guard plane.count > 0, let base = plane.baseAddress else { return nil }
    return unsafe (base + offset).assumingMemoryBound(to: UInt8.self)
  }

  private static func check(
    _ layout: PlaneLayout, _ luma: Int, _ cb: Int, _ cr: Int
  ) throws(ColoursError) {
    let steps = [layout.lumaStride, layout.lumaStep, layout.chromaStride, layout.chromaStep]
    guard layout.width > 0, layout.height > 0, layout.width <= Pixels.countMax / layout.height,
      steps.allSatisfy({ (0...1 << 30).contains($0) })
    else {
      throw ColoursError(
        .badArgument, "a frame of \(layout.width)x\(layout.height) with steps \(steps) cannot be")
    }
    let least = (layout.height - 1) * layout.lumaStride + (layout.width - 1) * layout.lumaStep + 1
    let columns = (layout.width - 1) >> (layout.halvesWidth ? 1 : 0)
    let rows = (layout.height - 1) >> (layout.halvesHeight ? 1 : 0)
    let chroma = rows * layout.chromaStride + columns * layout.chromaStep + 1
    guard luma >= least, cb == 0 || cb >= chroma, cr == 0 || cr >= chroma else {
      throw ColoursError(
        .badArgument,
        "\(luma), \(cb) and \(cr) bytes do not hold a frame of \(layout.width)x\(layout.height) pixels"
      )
    }
  }
}
