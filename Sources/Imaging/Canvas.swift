package import Frames

/// A colour to draw in.
package struct Colour: Equatable, Hashable, Sendable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  package init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  package static let white = Colour(red: 255, green: 255, blue: 255)
  package static let black = Colour(red: 0, green: 0, blue: 0)

  /// Y, Cb, Cr as JPEG has them (BT.601, full range).
  var ycc: [UInt8] {
    let (r, g, b) = (Double(red), Double(green), Double(blue))
    return [
      0.299 * r + 0.587 * g + 0.114 * b, 128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
      128 + 0.5 * r - 0.418688 * g - 0.081312 * b,
    ].map { UInt8(max(0, min(255, $0.rounded()))) }
  }
}

/// Somebody else's pixels to draw into: RGB, or planes of Y, Cb, Cr in full range with any subsampling, separate
/// (I420) or interleaved (NV12). Lives within the call that lends them.
@safe
package struct Canvas {
  /// One of the three numbers of a colour, for all of the picture.
  @safe
  struct Component {
    var base: UnsafeMutablePointer<UInt8>
    var width: Int
    var height: Int
    /// Bytes to the next sample, and to the next row.
    var step: Int
    var stride: Int
    /// Pixels that a sample stands for, across and down.
    var across: Int
    var down: Int
    /// Which number of a colour it is.
    var index: Int
  }

  package let size: FrameSize
  let components: [Component]
  let isRGB: Bool

  /// Draws into packed RGB without padding.
  package static func draw(
    onRGB pixels: inout [UInt8], _ size: FrameSize, _ body: (Canvas) -> Void
  ) {
    guard size.width > 0, size.height > 0, pixels.count >= size.width * size.height * 3 else {
      return
    }
    unsafe pixels.withUnsafeMutableBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return }
      let components = (0..<3).map {
        unsafe Component(
          base: base + $0, width: size.width, height: size.height, step: 3,
          stride: size.width * 3, across: 1, down: 1, index: $0)
      }
      body(Canvas(size: size, components: components, isRGB: true))
    }
  }

  init(size: FrameSize, components: [Component], isRGB: Bool) {
    self.size = size
    self.components = components
    self.isRGB = isRGB
  }

  /// Fills a rectangle; what lies outside of the picture is left out.
  package func fill(_ area: Rectangle, _ colour: Colour) {
    blend(area, colour) { _, _ in 255 }
  }

  /// Mixes `colour` in, by how much of each pixel `coverage` says (0 to 255), from the area's upper left
  /// corner. A sample of chroma takes the mean over the pixels that it stands for.
  func blend(_ area: Rectangle, _ colour: Colour, coverage: (Int, Int) -> Int) {
    let left = max(0, area.x)
    let top = max(0, area.y)
    let right = min(size.width, area.x + area.width)
    let bottom = min(size.height, area.y + area.height)
    guard left < right, top < bottom else { return }
    let values = isRGB ? [colour.red, colour.green, colour.blue] : colour.ycc
    for c in components {
      let value = Int(values[c.index])
      let (across, down) = (c.across, c.down)
      let rows = top / down..<min(c.height, (bottom + down - 1) / down)
      let columns = left / across..<min(c.width, (right + across - 1) / across)
      for row in rows {
        for column in columns {
          var sum = 0
          for y in max(top, row * down)..<min(bottom, (row + 1) * down) {
            for x in max(left, column * across)..<min(right, (column + 1) * across) {
              sum += coverage(x - area.x, y - area.y)
            }
          }
          guard sum > 0 else { continue }
          let full = 255 * across * down
          let sample = unsafe c.base + (row * c.stride + column * c.step)
          let old = unsafe Int(sample.pointee)
          unsafe sample.pointee = UInt8((old * (full - sum) + value * sum + full / 2) / full)
        }
      }
    }
  }
}

extension PlanarPicture {
  /// A picture of packed RGB without padding, as 4:2:2.
  package convenience init(rgb pixels: [UInt8], size: FrameSize) throws(ImagingError) {
    guard size.width > 0, size.height > 0, pixels.count >= size.width * size.height * 3 else {
      throw ImagingError(.unsupported, "\(pixels.count) bytes are no \(size) picture of RGB")
    }
    self.init(size: size, chroma: .yuv422)
    let converter = StripConverter(
      layout: FrameLayout(format: .rgb24, size: size, range: .full), chroma: .yuv422, masks: [])
    unsafe pixels.withUnsafeBytes { unsafe fill(by: converter, planes: [$0]) }
  }

  /// Draws into the planes.
  package func draw(_ body: (Canvas) -> Void) {
    let components = planes.indices.map { index in
      let plane = planes[index]
      return unsafe Canvas.Component(
        base: pointer(plane: index), width: plane.width, height: plane.height, step: 1,
        stride: plane.stride, across: max(1, (size.width + plane.width - 1) / plane.width),
        down: max(1, (size.height + plane.height - 1) / plane.height), index: index)
    }
    body(Canvas(size: size, components: components, isRGB: false))
  }

  /// The plane of luma, and the bytes from one of its rows to the next.
  package func withLuma<Result, Failure: Error>(
    _ body: (RawSpan, Int) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let plane = planes[0]
    let bytes = unsafe UnsafeRawBufferPointer(
      start: pointer(plane: 0), count: plane.stride * plane.height)
    return try body(unsafe bytes.bytes, plane.stride)
  }

  /// The part of the picture within `area` as packed RGB, and where it begins; empty where none of it lies in there.
  package func rgb(in area: Rectangle) -> (area: Rectangle, pixels: [UInt8]) {
    let left = max(0, area.x)
    let top = max(0, area.y)
    let width = min(size.width, area.x + area.width) - left
    let height = min(size.height, area.y + area.height) - top
    guard width > 0, height > 0 else {
      return (Rectangle(x: left, y: top, width: 0, height: 0), [])
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    let colour = planes.count >= 3 ? planes[1] : nil
    for y in top..<top + height {
      let luma = unsafe pointer(plane: 0, row: y)
      let row = colour.map { min($0.height - 1, y * $0.height / size.height) } ?? 0
      let cb = unsafe pointer(plane: colour == nil ? 0 : 1, row: row)
      let cr = unsafe pointer(plane: colour == nil ? 0 : 2, row: row)
      for x in left..<left + width {
        let value = unsafe Int(luma[x]) << 16
        var (blueness, redness) = (0, 0)
        if let colour {
          let column = min(colour.width - 1, x * colour.width / size.width)
          unsafe blueness = Int(cb[column]) - 128
          unsafe redness = Int(cr[column]) - 128
        }
        // BT.601 in 16 bits of fraction, as libjpeg does it.
        for part in [
          value + 91_881 * redness, value - 22_554 * blueness - 46_802 * redness,
          value + 116_130 * blueness,
        ] {
          pixels.append(UInt8(clamping: (part + 32_768) >> 16))
        }
      }
    }
    return (Rectangle(x: left, y: top, width: width, height: height), pixels)
  }
}
