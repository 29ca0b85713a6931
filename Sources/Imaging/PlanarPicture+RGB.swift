import CPixelRows
import Frames

extension PlanarPicture {
  /// All of the picture as packed RGB without padding: for planes of a JPEG exactly what `JPEGDecoder.rgb` makes of it.
  /// - Parameter pixels: written over; its memory is used again where it is large enough.
  /// - Returns: false where that is left to the decoder: the planes were made of RGB, or chroma is sampled unlike cameras do.
  /// - Throws: where it takes more memory than the bounds allow.
  package func writeRGB(
    into pixels: inout [UInt8], within bounds: PictureBounds = .frame
  ) throws(ImagingError) -> Bool {
    // One row or column of chroma may be of several samplings.
    guard isExact, let chroma, size.width > 1, size.height > 1 else { return false }
    let (width, height) = (size.width, size.height)
    let count = width * height * 3
    try bounds.check(bytes: count, "picture")
    if pixels.count != count { pixels = [UInt8](repeating: 0, count: count) }
    // Of a grey picture, and two rows of chroma in full width.
    let across = (width + 1) / 2 * 2
    var rows = [UInt8](repeating: 128, count: 2 * across)
    unsafe pixels.withUnsafeMutableBufferPointer { pixels in
      unsafe rows.withUnsafeMutableBufferPointer { rows in
        guard let target = pixels.baseAddress, let cb = rows.baseAddress else { return }
        let cr = unsafe cb + across
        for row in 0..<height {
          let luma = unsafe pointer(plane: 0, row: row)
          let rgb = unsafe target + row * width * 3
          switch chroma {
          case .grey: unsafe vp_ycc_rgb(rgb, luma, cb, cr, width)
          case .yuv444:
            unsafe vp_ycc_rgb(
              rgb, luma, pointer(plane: 1, row: row), pointer(plane: 2, row: row), width)
          case .yuv422:
            unsafe vp_double_across(cb, pointer(plane: 1, row: row), across / 2)
            unsafe vp_double_across(cr, pointer(plane: 2, row: row), across / 2)
            unsafe vp_ycc_rgb(rgb, luma, cb, cr, width)
          case .yuv420:
            let near = row / 2
            let far = min(planes[1].height - 1, max(0, row % 2 == 0 ? near - 1 : near + 1))
            unsafe vp_double_both(
              cb, pointer(plane: 1, row: near), pointer(plane: 1, row: far), across / 2)
            unsafe vp_double_both(
              cr, pointer(plane: 2, row: near), pointer(plane: 2, row: far), across / 2)
            unsafe vp_ycc_rgb(rgb, luma, cb, cr, width)
          }
        }
      }
    }
    return true
  }

  /// The same picture in memory of its own, to be drawn into.
  /// - Parameter reusing: written over and returned where its planes have the right shape.
  package func copied(reusing old: PlanarPicture? = nil) -> PlanarPicture {
    let shapes = planes.map { ($0.width, $0.height) }
    var copy = PlanarPicture?.none
    if let old, old !== self, old.size == size,
      old.planes.elementsEqual(shapes, by: { ($0.width, $0.height) == $1 })
    {
      copy = old
    }
    let target = copy ?? PlanarPicture(size: size, planes: shapes)
    for (index, plane) in planes.enumerated() {
      unsafe target.pointer(plane: index).update(
        from: pointer(plane: index), count: plane.stride * plane.rows)
    }
    return target
  }
}
