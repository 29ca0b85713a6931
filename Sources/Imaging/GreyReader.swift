import CPixelRows
import CTurboJPEG
package import Frames

/// Makes small grey pictures, at an eighth of the width and height, of frames and JPEGs: cheaply enough to be done for each.
/// One thread at a time; it keeps its memory from picture to picture.
package final class GreyReader {
  /// Of each eight rows of a raw frame this many are read: the mean of 32 samples has next to no noise.
  private static let rowsRead = 4

  private let decoder: JPEGDecoder
  private var line: [UInt8] = []
  private var sums: [UInt16] = []

  package init() throws(ImagingError) { decoder = try JPEGDecoder() }

  /// Of a JPEG, whose blocks' means alone are made pixels of.
  /// - Returns: the size of the whole picture.
  /// - Throws: `.corrupt` where it is cut off or damaged, or is no JPEG; `.unsupported` where it is larger than a camera's
  ///   may be. `grey` is of no meaning then.
  package func read(
    jpeg: RawSpan, into grey: inout GreyPicture
  ) throws(ImagingError) -> FrameSize {
    try decoder.open(jpeg, .frame) { info throws(ImagingError) in
      let whole = FrameSize(width: Int(info.width), height: Int(info.height))
      try self.decoder.checkMemory(info, whole.width * whole.height / 64, .frame)
      try self.decoder.check(unsafe vj_decode_scale(self.decoder.handle, 1, &info), info)
      grey.resize(to: FrameSize(width: Int(info.width), height: Int(info.height)))
      let stride = grey.size.width
      let status = unsafe grey.pixels.withUnsafeMutableBufferPointer { buffer in
        unsafe vj_decode_grey(self.decoder.handle, buffer.baseAddress, stride, &info)
      }
      try self.decoder.check(status, info)
      return whole
    }
  }

  /// Of a raw frame that is whole.
  /// - Parameter masks: burned black, as in what is published.
  /// - Returns: false where the frame is none of these; `grey` is then as it was.
  package func read(
    _ frame: borrowing Frame, masks: [Rectangle], into grey: inout GreyPicture
  ) -> Bool {
    let layout = frame.layout
    guard !layout.format.isCompressed, frame.isWhole else { return false }
    let width = layout.size.width
    if line.count < width { line = [UInt8](repeating: 0, count: width) }
    let converter = StripConverter(layout: layout, chroma: .grey, masks: [])
    unsafe frame.withUnsafePlanes { planes in
      unsafe average(layout.size, rows: Self.rowsRead, into: &grey) { row, sums in
        unsafe line.withUnsafeMutableBufferPointer { line in
          guard let base = line.baseAddress else { return }
          unsafe converter.fillLuma(base, row: row, planes: planes)
          unsafe vp_add_eights(sums.baseAddress, base, width)
        }
      }
    }
    for mask in masks { burn(mask, layout.size, into: &grey) }
    return true
  }

  /// Of a picture that is decoded already: by all of its pixels, so that it is what its JPEG's would be.
  package func read(_ picture: PlanarPicture, into grey: inout GreyPicture) {
    unsafe average(picture.size, rows: GreyPicture.step, into: &grey) { row, sums in
      unsafe vp_add_eights(
        sums.baseAddress, picture.pointer(plane: 0, row: row), picture.size.width)
    }
  }

  /// - Parameters:
  ///   - rows: that are read of each eight.
  ///   - add: adds the luma of a row of the frame to sums, one for each eight pixels.
  private func average(
    _ frame: FrameSize, rows: Int, into grey: inout GreyPicture,
    _ add: (Int, UnsafeMutableBufferPointer<UInt16>) -> Void
  ) {
    grey.resize(to: GreyPicture.size(ofFrame: frame))
    let (size, step) = (grey.size, GreyPicture.step)
    for row in 0..<size.height {
      sums.removeAll(keepingCapacity: true)
      sums.append(contentsOf: repeatElement(0, count: size.width))
      for i in 0..<rows {
        let source = min(row * step + i * step / rows, frame.height - 1)
        unsafe sums.withUnsafeMutableBufferPointer { unsafe add(source, $0) }
      }
      let count = UInt16(step * rows)
      for column in 0..<size.width {
        grey.pixels[row * size.width + column] = UInt8(
          truncatingIfNeeded: (sums[column] + count / 2) / count)
      }
    }
  }

  /// Pixels that the mask touches are covered whole.
  private func burn(_ mask: Rectangle, _ size: FrameSize, into grey: inout GreyPicture) {
    let step = GreyPicture.step
    // One that does not fit publishes nothing, and shows nothing here.
    let mask =
      mask.lies(within: size)
      ? mask : Rectangle(x: 0, y: 0, width: size.width, height: size.height)
    let columns = mask.x / step..<min((mask.x + mask.width + step - 1) / step, grey.size.width)
    for row in mask.y / step..<min((mask.y + mask.height + step - 1) / step, grey.size.height) {
      for column in columns { grey.pixels[row * grey.size.width + column] = 0 }
    }
  }
}
