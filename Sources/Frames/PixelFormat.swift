/// How pixels lie in memory. Names are those of the V4L2 documentation, in lower case.
package enum PixelFormat: String, CaseIterable, Sendable {
  /// Packed 4:2:2, bytes Y0 Cb Y1 Cr.
  case yuyv
  /// Packed 4:2:2, bytes Cb Y0 Cr Y1.
  case uyvy
  /// Packed 4:2:2, bytes Y0 Cr Y1 Cb.
  case yvyu
  /// Semi-planar 4:2:0: a plane of Y, then one of interleaved Cb Cr.
  case nv12
  /// Semi-planar 4:2:0: a plane of Y, then one of interleaved Cr Cb.
  case nv21
  /// Semi-planar 4:2:2: a plane of Y, then one of interleaved Cb Cr.
  case nv16
  /// Planar 4:2:0: planes of Y, Cb, Cr.
  case yu12
  /// Luma alone, 8 bits.
  case grey
  /// Packed 8-bit red, green, blue.
  case rgb24
  /// Packed 8-bit blue, green, red.
  case bgr24
  /// A JPEG picture per frame.
  case mjpeg

  /// The number of planes of the format; V4L2 may lay them all into one buffer.
  package var planeCount: Int {
    switch self {
    case .yuyv, .uyvy, .yvyu, .grey, .rgb24, .bgr24, .mjpeg: 1
    case .nv12, .nv21, .nv16: 2
    case .yu12: 3
    }
  }

  /// What the format keeps of chroma.
  package var chroma: ChromaSampling {
    switch self {
    case .yuyv, .uyvy, .yvyu, .nv16: .yuv422
    case .nv12, .nv21, .yu12: .yuv420
    case .grey: .grey
    case .rgb24, .bgr24, .mjpeg: .yuv444
    }
  }

  /// True where every frame has its own length in bytes.
  package var isCompressed: Bool { self == .mjpeg }

  /// True where the samples are red, green and blue rather than luma and chroma.
  package var isRGB: Bool { self == .rgb24 || self == .bgr24 }

  /// The range that samples have where nobody says otherwise: luma and chroma are limited; RGB, JPEG and
  /// the luma of monochrome cameras are full.
  package var usualRange: ColourRange {
    isRGB || self == .mjpeg || self == .grey ? .full : .limited
  }

  /// The bytes that one row of `plane` takes without padding, for a picture `width` pixels wide.
  package func rowBytes(plane: Int, width: Int) -> Int {
    let pairs = (width + 1) / 2
    switch self {
    case .yuyv, .uyvy, .yvyu: return pairs * 4
    case .nv12, .nv21, .nv16: return plane == 0 ? width : pairs * 2
    case .yu12: return plane == 0 ? width : pairs
    case .grey: return width
    case .rgb24, .bgr24: return width * 3
    case .mjpeg: return 0
    }
  }

  /// The rows of `plane`, for a picture `height` pixels high.
  package func rows(plane: Int, height: Int) -> Int {
    plane > 0 && chroma == .yuv420 ? (height + 1) / 2 : height
  }
}

/// Chroma subsampling: how many chroma samples there are for the luma samples.
package enum ChromaSampling: String, CaseIterable, Sendable {
  /// One chroma sample for 2×2 pixels.
  case yuv420 = "4:2:0"
  /// One chroma sample for two pixels of a row.
  case yuv422 = "4:2:2"
  /// One chroma sample for each pixel.
  case yuv444 = "4:4:4"
  /// No chroma.
  case grey
}

/// How luma and chroma are weighed from red, green and blue. JFIF wants BT.601, as nearly all cameras
/// give.
package enum ColourMatrix: String, CaseIterable, Sendable {
  case bt601 = "BT.601"
  /// High-definition television: HDMI grabbers, some camera modules.
  case bt709 = "BT.709"
}

/// The values that samples span: JFIF wants full, cameras mostly give limited.
package enum ColourRange: String, CaseIterable, Sendable {
  /// Luma 16…235, chroma 16…240.
  case limited
  /// 0…255.
  case full
}
