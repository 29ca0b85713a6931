import CYUV
package import Frames

/// A whole picture as planes of Y, Cb, Cr in memory of its own, each padded to whole JPEG blocks. Used
/// where the strips of `StripConverter` are not enough: scaling, and masks on decoded JPEGs. Made once
/// and written over by each picture; one thread at a time.
@safe
package final class PlanarPicture {
  struct Plane {
    var width: Int
    var height: Int
    /// Multiple of 16 that holds `width`: also the bytes that may be written of a row.
    var stride: Int
    /// Rows that may be written.
    var rows: Int
    var offset: Int
  }

  package let size: FrameSize
  let planes: [Plane]
  /// False where the planes were made of RGB, of which they hold less colour.
  package internal(set) var isExact = true
  private let memory: UnsafeMutablePointer<UInt8>

  /// The planes of a picture with this subsampling.
  package convenience init(size: FrameSize, chroma: ChromaSampling) {
    let chromaWidth = chroma == .yuv444 ? size.width : (size.width + 1) / 2
    let chromaHeight = chroma == .yuv420 ? (size.height + 1) / 2 : size.height
    let luma = (size.width, size.height)
    let colour = (chromaWidth, chromaHeight)
    self.init(size: size, planes: chroma == .grey ? [luma] : [luma, colour, colour])
  }

  /// - Parameter planes: width and height of each.
  init(size: FrameSize, planes dimensions: [(Int, Int)]) {
    self.size = size
    planes = Self.layout(dimensions)
    let count = Self.bytes(planes: dimensions)
    unsafe memory = .allocate(capacity: count)
    unsafe memory.initialize(repeating: 0, count: count)
  }

  private static func layout(_ dimensions: [(Int, Int)]) -> [Plane] {
    var offset = 0
    return dimensions.map { width, height in
      // A strip of 4:2:0 is 16 rows of luma and 8 of chroma; 32 covers every sampling of a JPEG.
      let plane = Plane(
        width: width, height: height, stride: (width + 31) & ~31, rows: (height + 31) & ~31,
        offset: offset)
      offset += plane.stride * plane.rows
      return plane
    }
  }

  /// What planes of these widths and heights take.
  static func bytes(planes dimensions: [(Int, Int)]) -> Int {
    layout(dimensions).last.map { $0.offset + $0.stride * $0.rows } ?? 0
  }

  deinit { unsafe memory.deallocate() }

  func pointer(plane: Int, row: Int = 0, column: Int = 0) -> UnsafeMutablePointer<UInt8> {
    unsafe memory + (planes[plane].offset + row * planes[plane].stride + column)
  }

  /// What kind of JPEG the planes make as they are; nil where they must be scaled first.
  var chroma: ChromaSampling? {
    guard planes.count == 3 else { return .grey }
    let half = (size.width + 1) / 2
    let colour = planes[1]
    guard planes[2].width == colour.width, planes[2].height == colour.height else { return nil }
    switch (colour.width, colour.height) {
    case (half, (size.height + 1) / 2): return .yuv420
    case (half, size.height): return .yuv422
    case (size.width, size.height): return .yuv444
    default: return nil
    }
  }

  /// Repeats the last column and row over the padding, so that blocks at the edges hold no old pixels.
  func extendEdges() {
    for (index, plane) in planes.enumerated() {
      for row in 0..<plane.height {
        let line = unsafe pointer(plane: index, row: row)
        let last = unsafe line[plane.width - 1]
        unsafe (line + plane.width).update(repeating: last, count: plane.stride - plane.width)
      }
      let last = unsafe pointer(plane: index, row: plane.height - 1)
      for row in plane.height..<plane.rows {
        unsafe pointer(plane: index, row: row).update(from: last, count: plane.stride)
      }
    }
  }

  /// Fills `masks` with black. They lie within the picture; chroma samples that a mask touches are
  /// covered whole.
  func burn(_ masks: [Rectangle]) {
    for mask in masks {
      for (index, plane) in planes.enumerated() {
        let x = mask.x * plane.width / size.width
        let y = mask.y * plane.height / size.height
        let end = ((mask.x + mask.width) * plane.width + size.width - 1) / size.width
        let bottom = ((mask.y + mask.height) * plane.height + size.height - 1) / size.height
        for row in y..<min(bottom, plane.height) {
          unsafe pointer(plane: index, row: row, column: x)
            .update(repeating: index == 0 ? 0 : 128, count: min(end, plane.width) - x)
        }
      }
    }
  }

  /// Scales this picture into `target`, plane by plane, by libyuv: area average where it shrinks,
  /// bilinear where it grows. Where `fit` leaves bars, they are black.
  package func scale(into target: PlanarPicture, fit: Fit) {
    let (from, to) = fit.regions(from: size, to: target.size)
    let isBarred = to.width < target.size.width || to.height < target.size.height
    for (index, out) in target.planes.enumerated() where index < planes.count {
      let plane = planes[index]
      if isBarred {
        unsafe target.pointer(plane: index).update(
          repeating: index == 0 ? 0 : 128, count: out.stride * out.rows)
      }
      let source = Self.part(from, of: plane, in: size)
      let goal = Self.part(to, of: out, in: target.size)
      unsafe ScalePlane(
        pointer(plane: index, row: source.y, column: source.x), Int32(plane.stride),
        Int32(source.width), Int32(source.height),
        target.pointer(plane: index, row: goal.y, column: goal.x), Int32(out.stride),
        Int32(goal.width), Int32(goal.height), kFilterBox)
    }
    // A grey picture in a target with chroma.
    for index in planes.count..<max(planes.count, target.planes.count) {
      let out = target.planes[index]
      unsafe target.pointer(plane: index).update(repeating: 128, count: out.stride * out.rows)
    }
  }

  private static func part(_ region: Rectangle, of plane: Plane, in size: FrameSize) -> Rectangle {
    let x = region.x * plane.width / size.width
    let y = region.y * plane.height / size.height
    return Rectangle(
      x: x, y: y,
      width: max(
        1, min(plane.width - x, (region.width * plane.width + size.width - 1) / size.width)),
      height: max(
        1, min(plane.height - y, (region.height * plane.height + size.height - 1) / size.height)))
  }
}

extension PlanarPicture {
  /// Converts a whole raw frame into this picture, which has the converter's size and subsampling.
  func fill(by converter: StripConverter, planes frame: [UnsafeRawBufferPointer]) {
    let isGrey = converter.chroma == .grey
    let step = converter.chroma == .yuv420 ? 2 : 1
    var spare = [UInt8](repeating: 0, count: size.width + 2)
    unsafe spare.withUnsafeMutableBufferPointer { spare in
      guard let spare = spare.baseAddress else { return }
      for row in stride(from: 0, to: size.height, by: converter.stripRows) {
        let target = unsafe StripConverter.Target(
          y: pointer(plane: 0, row: row),
          cb: pointer(plane: isGrey ? 0 : 1, row: isGrey ? 0 : row / step),
          cr: pointer(plane: isGrey ? 0 : 2, row: isGrey ? 0 : row / step),
          yStride: planes[0].stride, chromaStride: isGrey ? 0 : planes[1].stride, spare: spare)
        unsafe converter.fill(target, fromRow: row, planes: frame)
      }
    }
  }
}
