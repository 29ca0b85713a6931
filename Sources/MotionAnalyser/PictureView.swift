import Analysis
import Frames
import Keys
import Motion

/// The part of a picture that is looked at, in whole pixels of the small picture.
struct PictureView {
  private let columns: Range<Int>
  private let rows: Range<Int>
  private let frame: FrameSize

  /// - Parameter region: in pixels of the frame; nil for all of it.
  /// - Throws: `AnalyserFault` where no pixel of the region is in the picture.
  init(_ region: KeyArea?, of frame: FrameSize) throws {
    let step = GreyPicture.step
    let small = GreyPicture.size(ofFrame: frame)
    self.frame = frame
    guard let region else {
      (columns, rows) = (0..<small.width, 0..<small.height)
      return
    }
    guard (0..<frame.width).contains(region.x), (0..<frame.height).contains(region.y),
      region.width > 0, region.height > 0
    else {
      throw AnalyserFault(
        .passing,
        "the region \(KeyValue.area(region).text) is not within the picture of \(frame.width)x\(frame.height)"
      )
    }
    // What sticks out is cut off first: no sum can then overflow.
    let width = min(region.width, frame.width - region.x)
    let height = min(region.height, frame.height - region.y)
    columns = region.x / step..<(region.x + width + step - 1) / step
    rows = region.y / step..<(region.y + height + step - 1) / step
  }

  /// In pixels of the frame.
  var size: FrameSize {
    let step = GreyPicture.step
    return FrameSize(
      width: min(columns.count * step, frame.width - columns.lowerBound * step),
      height: min(rows.count * step, frame.height - rows.lowerBound * step))
  }

  /// Of the frame, 0…1.
  var share: Double {
    let small = GreyPicture.size(ofFrame: frame)
    return Double(columns.count * rows.count) / Double(max(1, small.width * small.height))
  }

  /// The part of the small picture.
  func cut(_ whole: GreyPicture) -> GreyPicture {
    guard columns.count < whole.size.width || rows.count < whole.size.height else { return whole }
    var part = GreyPicture(size: FrameSize(width: columns.count, height: rows.count))
    for (line, row) in rows.enumerated() {
      for (index, column) in columns.enumerated() {
        part.pixels[line * columns.count + index] = whole.pixels[row * whole.size.width + column]
      }
    }
    return part
  }

  /// A box of the part, in the frame.
  func placed(_ box: MotionBox) -> MotionBox {
    var box = box
    box.x += columns.lowerBound * GreyPicture.step
    box.y += rows.lowerBound * GreyPicture.step
    return box
  }
}
