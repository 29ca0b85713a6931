/// How pixels lie in memory. Names are those of the V4L2 documentation, in lower case. Where a camera offers several, the
/// first of these that reaches the wanted size and rate is taken: raw ones keep all that it gives.
///
/// A format is read once it has a case and a row here: all else, such as the codes that are asked for and the keys of the
/// configuration, follows.
package enum PixelFormat: String, CaseIterable, Sendable {
  /// Packed 4:2:2, bytes Y0 Cb Y1 Cr.
  case yuyv
  /// Packed 4:2:2, bytes Cb Y0 Cr Y1.
  case uyvy
  /// Packed 4:2:2, bytes Y0 Cr Y1 Cb.
  case yvyu
  /// Semi-planar 4:2:2: a plane of Y, then one of interleaved Cb Cr.
  case nv16
  /// Semi-planar 4:2:0: a plane of Y, then one of interleaved Cb Cr.
  case nv12
  /// Semi-planar 4:2:0: a plane of Y, then one of interleaved Cr Cb.
  case nv21
  /// Planar 4:2:0: planes of Y, Cb, Cr.
  case yu12
  /// Planar 4:2:0: planes of Y, Cr, Cb.
  case yv12
  /// Packed 8-bit blue, green, red.
  case bgr24
  /// Packed 8-bit red, green, blue.
  case rgb24
  /// A JPEG picture per frame.
  case mjpeg
  /// Luma alone, 8 bits.
  case grey

  /// Where the samples of a component lie in its plane.
  package struct Component: Equatable, Sendable {
    package var plane: Int
    /// Bytes from the beginning of a row to its first sample.
    package var offset: Int
    /// Bytes from a sample to the next.
    package var step: Int
  }

  /// What a pixel is made of.
  package enum Samples: Equatable, Sendable {
    case luma(Component)
    case yuv(y: Component, cb: Component, cr: Component)
    /// Three bytes a pixel; `red` is red's place among them, 0 or 2.
    case rgb(red: Int)
    /// Compressed.
    case jpeg
  }

  /// The row of a format.
  package struct Traits: Sendable {
    /// V4L2's four-character codes: with all planes in one buffer, and another: a buffer for each, or another name.
    package var codes: (StaticString, StaticString?)
    package var samples: Samples
    package var chroma: ChromaSampling

    /// Two luma samples, one Cb and one Cr in four bytes.
    static func packed(_ code: StaticString, y: Int, cb: Int, cr: Int) -> Traits {
      Traits(
        codes: (code, nil),
        samples: .yuv(
          y: Component(plane: 0, offset: y, step: 2), cb: Component(plane: 0, offset: cb, step: 4),
          cr: Component(plane: 0, offset: cr, step: 4)), chroma: .yuv422)
    }

    /// A plane of luma, then one of both chroma samples in turn.
    static func semiPlanar(
      _ codes: (StaticString, StaticString?), cb: Int, cr: Int, _ chroma: ChromaSampling
    ) -> Traits {
      Traits(
        codes: codes,
        samples: .yuv(
          y: Component(plane: 0, offset: 0, step: 1), cb: Component(plane: 1, offset: cb, step: 2),
          cr: Component(plane: 1, offset: cr, step: 2)), chroma: chroma)
    }

    /// A plane for each component.
    static func planar(
      _ codes: (StaticString, StaticString?), cb: Int, cr: Int, _ chroma: ChromaSampling
    ) -> Traits {
      Traits(
        codes: codes,
        samples: .yuv(
          y: Component(plane: 0, offset: 0, step: 1), cb: Component(plane: cb, offset: 0, step: 1),
          cr: Component(plane: cr, offset: 0, step: 1)), chroma: chroma)
    }
  }

  package var traits: Traits {
    switch self {
    case .yuyv: .packed("YUYV", y: 0, cb: 1, cr: 3)
    case .uyvy: .packed("UYVY", y: 1, cb: 0, cr: 2)
    case .yvyu: .packed("YVYU", y: 0, cb: 3, cr: 1)
    case .nv16: .semiPlanar(("NV16", "NM16"), cb: 0, cr: 1, .yuv422)
    case .nv12: .semiPlanar(("NV12", "NM12"), cb: 0, cr: 1, .yuv420)
    case .nv21: .semiPlanar(("NV21", "NM21"), cb: 1, cr: 0, .yuv420)
    case .yu12: .planar(("YU12", "YM12"), cb: 1, cr: 2, .yuv420)
    case .yv12: .planar(("YV12", "YM21"), cb: 2, cr: 1, .yuv420)
    case .bgr24: Traits(codes: ("BGR3", nil), samples: .rgb(red: 2), chroma: .yuv444)
    case .rgb24: Traits(codes: ("RGB3", nil), samples: .rgb(red: 0), chroma: .yuv444)
    case .mjpeg: Traits(codes: ("MJPG", "JPEG"), samples: .jpeg, chroma: .yuv444)
    case .grey:
      Traits(
        codes: ("GREY", nil), samples: .luma(Component(plane: 0, offset: 0, step: 1)),
        chroma: .grey)
    }
  }

  /// The number of planes of the format; V4L2 may lay them all into one buffer.
  package var planeCount: Int {
    guard case .yuv(_, let cb, let cr) = traits.samples else { return 1 }
    return max(cb.plane, cr.plane) + 1
  }

  /// What the format keeps of chroma.
  package var chroma: ChromaSampling { traits.chroma }

  /// True where every frame has its own length in bytes.
  package var isCompressed: Bool { traits.samples == .jpeg }

  /// True where the samples are red, green and blue rather than luma and chroma.
  package var isRGB: Bool {
    if case .rgb = traits.samples { true } else { false }
  }

  /// The range that samples have where nobody says otherwise: luma and chroma are limited; RGB, JPEG and
  /// the luma of monochrome cameras are full.
  package var usualRange: ColourRange {
    if case .yuv = traits.samples { .limited } else { .full }
  }

  /// The bytes that one row of `plane` takes without padding, for a picture `width` pixels wide.
  package func rowBytes(plane: Int, width: Int) -> Int {
    switch traits.samples {
    case .luma(let component): return width * component.step
    case .rgb: return width * 3
    case .jpeg: return 0
    case .yuv(let y, let cb, let cr):
      // Chroma is halved in width; a packed row ends with a whole group.
      let columns = (width + 1) / 2
      let luma = y.plane == plane ? width * y.step : 0
      let chroma = [cb, cr].filter { $0.plane == plane }.map { columns * $0.step }.max() ?? 0
      return max(luma, chroma)
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
