import Frames

@testable import Imaging

/// A smooth picture in which every colour and both directions differ, and its rendering in every format.
struct TestPicture {
  let size: FrameSize
  /// The least pixels over which the colours run from end to end: in less they change within a sample.
  var spanMin = 24
  /// Bars of pure colours, each 64 pixels wide, instead.
  var isBars = false

  /// Full-range red, green, blue at a pixel.
  func colour(_ x: Int, _ y: Int) -> (r: Double, g: Double, b: Double) {
    if isBars {
      let bar = x / 64 + 1
      return (bar & 4 == 0 ? 16 : 240, bar & 2 == 0 ? 16 : 240, bar & 1 == 0 ? 16 : 240)
    }
    let u = Double(x) / Double(max(spanMin, size.width - 1))
    let v = Double(y) / Double(max(spanMin, size.height - 1))
    return (30 + 200 * u, 40 + 180 * v, 220 - 150 * u * v - 30 * v)
  }

  /// Luma and chroma by the layout's matrix and in its range.
  func ycc(_ x: Int, _ y: Int, _ layout: FrameLayout) -> (y: Double, cb: Double, cr: Double) {
    let c = colour(min(x, size.width - 1), min(y, size.height - 1))
    let (red, blue) = layout.matrix == .bt601 ? (0.299, 0.114) : (0.2126, 0.0722)
    let luma = red * c.r + (1 - red - blue) * c.g + blue * c.b
    let cb = (c.b - luma) / (2 * (1 - blue))
    let cr = (c.r - luma) / (2 * (1 - red))
    return layout.range == .full
      ? (luma, 128 + cb, 128 + cr)
      : (16 + luma * 219 / 255, 128 + cb * 224 / 255, 128 + cr * 224 / 255)
  }

  func planes(_ layout: FrameLayout) -> [[UInt8]] {
    let (width, height) = (size.width, size.height)
    var planes = (0..<layout.format.planeCount).map {
      [UInt8](
        repeating: 0x55, count: layout.strides[$0] * layout.format.rows(plane: $0, height: height))
    }
    func put(_ plane: Int, _ row: Int, _ column: Int, _ value: Double) {
      planes[plane][row * layout.strides[plane] + column] = UInt8(
        max(0, min(255, value.rounded())))
    }
    func mean(_ x: Int, _ y: Int, rows: Int) -> (Double, Double) {
      var sum = (0.0, 0.0)
      for dy in 0..<rows {
        for dx in 0..<2 {
          let c = ycc(x + dx, y + dy, layout)
          sum = (sum.0 + c.cb, sum.1 + c.cr)
        }
      }
      return (sum.0 / Double(2 * rows), sum.1 / Double(2 * rows))
    }
    for y in 0..<height {
      for x in 0..<width {
        let luma = ycc(x, y, layout).y
        switch layout.format {
        case .yuyv, .yvyu: put(0, y, 2 * x, luma)
        case .uyvy: put(0, y, 2 * x + 1, luma)
        case .rgb24, .bgr24:
          let c = colour(x, y)
          let (first, last) = layout.format == .rgb24 ? (c.r, c.b) : (c.b, c.r)
          put(0, y, 3 * x, first)
          put(0, y, 3 * x + 1, c.g)
          put(0, y, 3 * x + 2, last)
        default: put(0, y, x, luma)
        }
      }
      for x in stride(from: 0, to: width, by: 2) {
        let (cb, cr) = mean(x, y, rows: 1)
        switch layout.format {
        case .yuyv:
          put(0, y, 2 * x + 1, cb)
          put(0, y, 2 * x + 3, cr)
        case .yvyu:
          put(0, y, 2 * x + 1, cr)
          put(0, y, 2 * x + 3, cb)
        case .uyvy:
          put(0, y, 2 * x, cb)
          put(0, y, 2 * x + 2, cr)
        case .nv16:
          put(1, y, x, cb)
          put(1, y, x + 1, cr)
        case .nv12 where y % 2 == 0, .nv21 where y % 2 == 0, .yu12 where y % 2 == 0,
          .yv12 where y % 2 == 0:
          let (cb, cr) = mean(x, y, rows: 2)
          if layout.format == .yu12 || layout.format == .yv12 {
            put(layout.format == .yu12 ? 1 : 2, y / 2, x / 2, cb)
            put(layout.format == .yu12 ? 2 : 1, y / 2, x / 2, cr)
          } else {
            put(1, y / 2, x, layout.format == .nv12 ? cb : cr)
            put(1, y / 2, x + 1, layout.format == .nv12 ? cr : cb)
          }
        default: break
        }
      }
    }
    return planes
  }

  func frame(
    _ format: PixelFormat, range: ColourRange = .limited, matrix: ColourMatrix = .bt601,
    padding: Int = 0
  ) -> Frame {
    let strides = (0..<format.planeCount).map {
      format.rowBytes(plane: $0, width: size.width) + padding
    }
    let layout = FrameLayout(
      format: format, size: size, range: format.isRGB ? .full : range, matrix: matrix,
      strides: strides)
    return Frame(
      copying: planes(layout), layout: layout, time: FrameTime(monotonic: 0, wall: 0))
  }

  /// The mean difference between this picture and packed RGB over all channels.
  func meanError(_ pixels: [UInt8], grey: Bool = false) -> Double {
    meanErrors(pixels, grey: grey).reduce(0, +) / 3
  }

  /// The mean difference between this picture and packed RGB for each channel.
  func meanErrors(_ pixels: [UInt8], grey: Bool = false) -> [Double] {
    var sums = [0.0, 0.0, 0.0]
    for y in 0..<size.height {
      for x in 0..<size.width {
        var c = colour(x, y)
        if grey {
          let luma = 0.299 * c.r + 0.587 * c.g + 0.114 * c.b
          c = (luma, luma, luma)
        }
        let at = 3 * (y * size.width + x)
        sums[0] += abs(c.r - Double(pixels[at]))
        sums[1] += abs(c.g - Double(pixels[at + 1]))
        sums[2] += abs(c.b - Double(pixels[at + 2]))
      }
    }
    return sums.map { $0 / Double(size.width * size.height) }
  }
}

extension PooledBytes {
  var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

/// Reads a JPEG back with the library's own conversion to RGB.
func decodeRGB(_ jpeg: [UInt8]) throws -> (size: FrameSize, pixels: [UInt8]) {
  try JPEGDecoder().rgb(of: unsafe jpeg.span.bytes)
}

func compressor(_ change: (inout PictureOptions) -> Void = { _ in }) throws -> Compressor {
  var options = PictureOptions()
  change(&options)
  return try Compressor(options: options, pool: BytePool())
}

func jpegFrame(_ jpeg: [UInt8], _ size: FrameSize) -> Frame {
  Frame(
    copying: [jpeg], layout: FrameLayout(format: .mjpeg, size: size, range: .full),
    time: FrameTime(monotonic: 0, wall: 0))
}
