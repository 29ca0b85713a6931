import CPixelRows
import Frames

/// Turns rows of a raw frame into planar YCbCr of full range and BT.601, masks burned in, a strip at a time: the
/// strip stays in the processor's cache between conversion and encoding.
struct StripConverter {
  /// A row of samples that is written.
  typealias Row = UnsafeMutablePointer<UInt8>

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
    var y: Row
    var cb: Row
    var cr: Row
    var yStride: Int
    var chromaStride: Int
    /// A row of chroma for both planes, used while two rows are averaged.
    var spare: Row
  }

  /// Writes the `stripRows` rows from `first` on; rows below the picture repeat its last one.
  /// - Parameter planes: of the frame, each at least `layout.byteCount(plane:)` long.
  func fill(_ target: Target, fromRow first: Int, planes: [UnsafeRawBufferPointer]) {
    if chroma != .grey, case .yuv(let y, let cb, let cr) = layout.format.traits.samples,
      y.plane == cb.plane
    {
      unsafe fillPacked(
        target, fromRow: first, planes: planes, lumaOffset: Int32(y.offset),
        isCrFirst: cr.offset < cb.offset)
    } else {
      for i in 0..<stripRows {
        let row = min(first + i, layout.size.height - 1)
        unsafe fillLuma(target.y + i * target.yStride, row: row, planes: planes)
      }
      if chroma != .grey { unsafe fillChroma(target, fromRow: first, planes: planes) }
    }
    unsafe extendEdges(target)
    if chroma != .grey, layout.matrix == .bt709, !layout.format.isRGB { unsafe weighAnew(target) }
    for mask in masks { unsafe burn(mask, into: target, fromRow: first) }
  }

  private func source(_ planes: [UnsafeRawBufferPointer], _ plane: Int, row: Int)
    -> UnsafePointer<UInt8>?
  {
    guard let base = unsafe planes[plane].baseAddress else { return nil }
    return unsafe (base + row * layout.strides[plane]).assumingMemoryBound(to: UInt8.self)
  }

  private var expands: Int32 { layout.range == .limited ? 1 : 0 }

  /// - Parameter y: room for a row of the frame's width.
  func fillLuma(_ y: Row, row: Int, planes: [UnsafeRawBufferPointer]) {
    guard let line = unsafe source(planes, 0, row: row) else { return }
    let width = layout.size.width
    switch layout.format.traits.samples {
    case .luma(let luma), .yuv(let luma, _, _):
      unsafe vp_luma(y, line, width, Int32(luma.step), Int32(luma.offset), expands)
    case .rgb(let red): unsafe vp_rgb_luma(y, line, width, Int32(red), expands)
    case .jpeg: break
    }
  }

  /// One row of chroma from a row of the source's chroma (packed formats: of its pixels).
  private func readChroma(
    cb: Row, cr: Row, row: Int, planes: [UnsafeRawBufferPointer]
  ) {
    switch layout.format.traits.samples {
    case .yuv(_, let cbPlace, let crPlace):
      unsafe readChroma(cb, cbPlace, row: row, planes: planes)
      unsafe readChroma(cr, crPlace, row: row, planes: planes)
    case .rgb(let red):
      guard let line = unsafe source(planes, 0, row: row) else { return }
      unsafe vp_rgb_chroma(cb, cr, line, layout.size.width, Int32(red), expands)
    case .luma, .jpeg: break
    }
  }

  private func readChroma(
    _ target: Row, _ component: PixelFormat.Component, row: Int, planes: [UnsafeRawBufferPointer]
  ) {
    guard let line = unsafe source(planes, component.plane, row: row) else { return }
    unsafe vp_chroma(
      target, line, chromaWidth, Int32(component.step), Int32(component.offset), expands)
  }

  private func fillChroma(
    _ target: Target, fromRow first: Int, planes: [UnsafeRawBufferPointer]
  ) {
    let count = chromaWidth
    let sourceIsHalf = layout.format.chroma == .yuv420
    let sourceRows = sourceIsHalf ? (layout.size.height + 1) / 2 : layout.size.height
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
        unsafe vp_average(cb, UnsafePointer(target.spare), count)
        unsafe vp_average(cr, UnsafePointer(spareCr), count)
      default:
        let row = sourceIsHalf ? (first + i) / 2 : first + i
        unsafe readChroma(cb: cb, cr: cr, row: min(row, sourceRows - 1), planes: planes)
      }
    }
  }

  /// Rows with luma and chroma side by side are read once.
  private func fillPacked(
    _ target: Target, fromRow first: Int, planes: [UnsafeRawBufferPointer], lumaOffset: Int32,
    isCrFirst: Bool
  ) {
    let count = chromaWidth
    for i in 0..<stripRows {
      guard let line = unsafe source(planes, 0, row: min(first + i, layout.size.height - 1)) else {
        return
      }
      // Of two rows with one row of chroma, the second's is averaged into the first's.
      let chromaRow = chroma == .yuv420 ? i / 2 : i
      let isSecond = chroma == .yuv420 && i % 2 == 1
      let cb = unsafe target.cb + chromaRow * target.chromaStride
      let cr = unsafe target.cr + chromaRow * target.chromaStride
      let (cbHere, crHere) = unsafe isSecond ? (target.spare, target.spare + count) : (cb, cr)
      unsafe vp_packed(
        target.y + i * target.yStride, isCrFirst ? crHere : cbHere, isCrFirst ? cbHere : crHere,
        line, count, lumaOffset, expands)
      if isSecond {
        unsafe vp_average(cb, cbHere, count)
        unsafe vp_average(cr, crHere, count)
      }
    }
  }

  /// Right of the picture its last samples are repeated, up to whole blocks.
  private func extendEdges(_ target: Target) {
    let width = layout.size.width
    let padded = (width + 15) & ~15
    for i in 0..<stripRows {
      unsafe Self.extend(target.y + i * target.yStride, from: width, to: padded)
    }
    guard chroma != .grey else { return }
    for i in 0..<8 {
      let place = unsafe i * target.chromaStride
      unsafe Self.extend(target.cb + place, from: chromaWidth, to: padded / 2)
      unsafe Self.extend(target.cr + place, from: chromaWidth, to: padded / 2)
    }
  }

  /// From BT.709 to BT.601: luma changes with the chroma beside it, then chroma itself.
  private func weighAnew(_ target: Target) {
    let count = ((layout.size.width + 15) & ~15) / 2
    let lumaRows = chroma == .yuv420 ? 2 : 1
    for i in 0..<8 {
      let cb = unsafe target.cb + i * target.chromaStride
      let cr = unsafe target.cr + i * target.chromaStride
      for row in i * lumaRows..<(i + 1) * lumaRows {
        unsafe vp_bt709_luma(target.y + row * target.yStride, cb, cr, count)
      }
      unsafe vp_bt709_chroma(cb, cr, count)
    }
  }

  private static func extend(_ row: Row, from count: Int, to padded: Int) {
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
