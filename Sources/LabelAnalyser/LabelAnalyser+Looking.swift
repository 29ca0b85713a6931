import Analysis
import Documents
import Frames
import Imaging
import Inference
import Keys

extension AnalyserFault {
  init(_ error: InferenceError) {
    self.init(error.code == .badInput ? .passing : .lasting, error.description)
  }
}

extension PictureBox {
  init(_ area: KeyArea) {
    self.init(
      x: Double(area.x), y: Double(area.y), width: Double(area.width), height: Double(area.height))
  }

  /// A square around it with some of what is beside it, as far as there is a picture: a network looks at the middle of what
  /// it is given.
  /// - Parameters:
  ///   - part: of the longer side, on each side.
  ///   - sideMin: pixels.
  func around(_ part: Double, sideMin: Double, in size: FrameSize) -> PictureBox {
    let side = max(max(width, height) * (1 + 2 * part), sideMin)
    let (kept, high) = (min(side, Double(size.width)), min(side, Double(size.height)))
    // Moved inwards rather than cut off.
    return PictureBox(
      x: min(max(0, x + (width - kept) / 2), Double(size.width) - kept),
      y: min(max(0, y + (height - high) / 2), Double(size.height) - high),
      width: kept, height: high)
  }

  var json: JSON { .array([x, y, width, height].map { .integer(Int($0.rounded())) }) }
}

extension DecodedPicture {
  /// What a network says of a part.
  func labels(
    _ box: PictureBox, by network: Network, top: Int
  ) throws(InferenceError) -> [Label] {
    let (size, pixels): (FrameSize, [UInt8])
    do throws(ImagingError) {
      (size, pixels) = try rgb
    } catch {
      throw InferenceError(.badInput, error.description)
    }
    return try unsafe network.labels(
      PreparedPicture(rgb: pixels.span.bytes, size: size, box: box, for: network), top: top)
  }

  /// A part as a JPEG of this size.
  func chip(
    _ box: PictureBox, _ side: FrameSize, by encoder: PictureEncoder
  ) throws(AnalyserFault) -> PooledBytes {
    do {
      let (size, pixels) = try rgb
      let chip = try unsafe PictureChip.rgb(
        of: pixels.span.bytes, size: size, box: box, side: side.width)
      return try encoder.jpeg(ofRGB: chip, side, quality: 90)
    } catch {
      throw AnalyserFault(.passing, "\(error)")
    }
  }
}
