import Glibc

/// sRGB (IEC 61966-2-1) to CIE L*a*b* 1976 and back.
enum CIELAB {
  /// The white point D65, 2 degrees.
  private static let white = Point(0.95047, 1, 1.08883)

  private static let linear: [Double] = (0..<256).map { value in
    let v = Double(value) / 255
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4)
  }

  static func point(_ colour: RGB) -> Point {
    let (r, g, b) = (
      linear[Int(colour.red)], linear[Int(colour.green)], linear[Int(colour.blue)]
    )
    let x = curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / white.x)
    let y = curve((0.2126729 * r + 0.7151522 * g + 0.0721750 * b) / white.y)
    let z = curve((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / white.z)
    return Point(116 * y - 16, 500 * (x - y), 200 * (y - z))
  }

  static func colour(_ point: Point) -> RGB {
    let fy = (point.x + 16) / 116
    let x = uncurve(fy + point.y / 500) * white.x
    let y = uncurve(fy) * white.y
    let z = uncurve(fy - point.z / 200) * white.z
    return RGB(
      encoded(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
      encoded(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
      encoded(0.0556434 * x - 0.2040259 * y + 1.0572252 * z))
  }

  private static func curve(_ t: Double) -> Double {
    t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116
  }

  private static func uncurve(_ t: Double) -> Double {
    let cube = t * t * t
    return cube > 216.0 / 24389 ? cube : (116 * t - 16) * 27 / 24389
  }

  private static func encoded(_ value: Double) -> UInt8 {
    let v = value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055
    return UInt8(max(0, min(255, (v * 255).rounded())))
  }
}
