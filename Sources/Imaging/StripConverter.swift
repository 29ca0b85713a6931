import Frames

/// Turns rows of a raw frame into planar YCbCr of full range, masks burned in, a strip at a time: the
/// strip stays in the processor's cache between conversion and encoding.
struct StripConverter {
  let layout: FrameLayout
  /// `.yuv420`, `.yuv422` or `.grey`.
  let chroma: ChromaSampling
  /// Within the frame.
  let masks: [Rectangle]

  /// Luma rows of a strip: whole JPEG blocks.
  var stripRows: Int { chroma == .yuv420 ? 16 : 8 }
  var chromaWidth: Int { (layout.size.width + 1) / 2 }

  /// Where a strip is written: rows of at least the width rounded up to 16, chroma half of that.
  @unsafe
  struct Target {
    var y: PixelRows.Target
    var cb: PixelRows.Target
    var cr: PixelRows.Target
    var yStride: Int
    var chromaStride: Int
    /// A row of chroma for both planes, used while two rows are averaged.
    var spare: PixelRows.Target
  }

  /// Writes the `stripRows` rows from `first` on; rows below the picture repeat its last one.
  /// - Parameter planes: of the frame, each at least `layout.byteCount(plane:)` long.
  func fill(_ target: Target, fromRow first: Int, planes: [UnsafeRawBufferPointer]) {
    let width = layout.size.width
    for i in 0..<stripRows {
      let row = min(first + i, layout.size.height - 1)
      let y = unsafe target.y + i * target.yStride
      unsafe fillLuma(y, row: row, planes: planes)
      if layout.range == .limited { unsafe PixelRows.expandLuma(y, count: width) }
      unsafe Self.extend(y, from: width, to: (width + 15) & ~15)
    }
    if chroma != .grey { unsafe fillChroma(target, fromRow: first, planes: planes) }
    for mask in masks { unsafe burn(mask, into: target, fromRow: first) }
  }

  private func source(_ planes: [UnsafeRawBufferPointer], _ plane: Int, row: Int)
    -> PixelRows.Source?
  {
    guard let base = unsafe planes[plane].baseAddress else { return nil }
    return unsafe (base + row * layout.strides[plane]).assumingMemoryBound(to: UInt8.self)
  }

  private func fillLuma(_ y: PixelRows.Target, row: Int, planes: [UnsafeRawBufferPointer]) {
    guard let line = unsafe source(planes, 0, row: row) else { return }
    let width = layout.size.width
    switch layout.format {
    case .yuyv, .yvyu: unsafe PixelRows.everySecond(line, offset: 0, to: y, count: width)
    case .uyvy: unsafe PixelRows.everySecond(line, offset: 1, to: y, count: width)
    case .rgb24: unsafe PixelRows.luma(ofRGB: line, red: 0, blue: 2, to: y, count: width)
    case .bgr24: unsafe PixelRows.luma(ofRGB: line, red: 2, blue: 0, to: y, count: width)
    case .nv12, .nv21, .nv16, .yu12, .grey, .mjpeg: unsafe y.update(from: line, count: width)
    }
  }

  /// One row of chroma from a row of the source's chroma (packed formats: of its pixels).
  private func readChroma(
    cb: PixelRows.Target, cr: PixelRows.Target, row: Int, planes: [UnsafeRawBufferPointer]
  ) {
    let format = layout.format
    let plane = format.planeCount > 1 ? 1 : 0
    guard let line = unsafe source(planes, plane, row: row) else { return }
    let count = chromaWidth
    switch format {
    case .yuyv:
      unsafe PixelRows.everyFourth(line, offset: 1, to: cb, count: count)
      unsafe PixelRows.everyFourth(line, offset: 3, to: cr, count: count)
    case .yvyu:
      unsafe PixelRows.everyFourth(line, offset: 3, to: cb, count: count)
      unsafe PixelRows.everyFourth(line, offset: 1, to: cr, count: count)
    case .uyvy:
      unsafe PixelRows.everyFourth(line, offset: 0, to: cb, count: count)
      unsafe PixelRows.everyFourth(line, offset: 2, to: cr, count: count)
    case .nv12, .nv16:
      unsafe PixelRows.everySecond(line, offset: 0, to: cb, count: count)
      unsafe PixelRows.everySecond(line, offset: 1, to: cr, count: count)
    case .nv21:
      unsafe PixelRows.everySecond(line, offset: 1, to: cb, count: count)
      unsafe PixelRows.everySecond(line, offset: 0, to: cr, count: count)
    case .yu12:
      unsafe cb.update(from: line, count: count)
      if let line = unsafe source(planes, 2, row: row) {
        unsafe cr.update(from: line, count: count)
      }
    case .rgb24, .bgr24:
      let red = format == .rgb24 ? 0 : 2
      unsafe PixelRows.chroma(
        ofRGB: line, red: red, blue: 2 - red, cb: cb, cr: cr, width: layout.size.width)
    case .grey, .mjpeg: break
    }
  }

  private func fillChroma(
    _ target: Target, fromRow first: Int, planes: [UnsafeRawBufferPointer]
  ) {
    let count = chromaWidth
    let sourceIsHalf = layout.format.chroma == .yuv420
    let sourceRows = sourceIsHalf ? (layout.size.height + 1) / 2 : layout.size.height
    let padded = ((layout.size.width + 15) & ~15) / 2
    for i in 0..<8 {
      let cb = unsafe target.cb + i * target.chromaStride
      let cr = unsafe target.cr + i * target.chromaStride
      switch (chroma, sourceIsHalf) {
      case (.yuv420, true):
        unsafe readChroma(cb: cb, cr: cr, row: min(first / 2 + i, sourceRows - 1), planes: planes)
      case (.yuv420, false):
        let upper = min(first + 2 * i, sourceRows - 1)
        let spareCr = unsafe target.spare + count
        unsafe readChroma(cb: cb, cr: cr, row: upper, planes: planes)
        unsafe readChroma(
          cb: target.spare, cr: spareCr, row: min(upper + 1, sourceRows - 1), planes: planes)
        unsafe PixelRows.average(cb, target.spare, to: cb, count: count)
        unsafe PixelRows.average(cr, spareCr, to: cr, count: count)
      default:
        let row = sourceIsHalf ? (first + i) / 2 : first + i
        unsafe readChroma(cb: cb, cr: cr, row: min(row, sourceRows - 1), planes: planes)
      }
      if layout.range == .limited {
        unsafe PixelRows.expandChroma(cb, count: count)
        unsafe PixelRows.expandChroma(cr, count: count)
      }
      unsafe Self.extend(cb, from: count, to: padded)
      unsafe Self.extend(cr, from: count, to: padded)
    }
  }

  private static func extend(_ row: PixelRows.Target, from count: Int, to padded: Int) {
    guard padded > count else { return }
    unsafe (row + count).update(repeating: row[count - 1], count: padded - count)
  }

  /// Chroma samples that the mask touches are covered whole.
  private func burn(_ mask: Rectangle, into target: Target, fromRow first: Int) {
    guard mask.y + mask.height > first, mask.y < first + stripRows else { return }
    let rows = max(mask.y, first)..<min(mask.y + mask.height, first + stripRows)
    for row in rows {
      unsafe (target.y + (row - first) * target.yStride + mask.x)
        .update(repeating: 0, count: mask.width)
    }
    guard chroma != .grey else { return }
    let x = mask.x / 2
    let count = (mask.x + mask.width + 1) / 2 - x
    let step = chroma == .yuv420 ? 2 : 1
    let chromaRows =
      (rows.lowerBound - first) / step..<(rows.upperBound - first + step - 1) / step
    for row in chromaRows {
      unsafe (target.cb + row * target.chromaStride + x).update(repeating: 128, count: count)
      unsafe (target.cr + row * target.chromaStride + x).update(repeating: 128, count: count)
    }
  }
}
