import CInference
package import Frames

/// A part of a picture as a square, scaled and cut as a network sees it.
package enum PictureChip {
  /// - Parameters:
  ///   - rgb: packed, rows without padding.
  ///   - side: pixels of its width and height.
  /// - Returns: packed RGB.
  package static func rgb(
    of rgb: RawSpan, size: FrameSize, box: PictureBox, side: Int
  ) throws(InferenceError) -> [UInt8] {
    let input = vn_input(channels: 3, height: Int32(side), width: Int32(side))
    let numbers = try PreparedPicture.numbers(
      rgb: rgb, size: size, box: box,
      PreparedPicture.Plan(
        input: input, resize: side, isBGR: false, mean: [0, 0, 0], scale: [1, 1, 1]))
    let area = side * side
    return (0..<area * 3).map { UInt8(max(0, min(255, numbers[$0 % 3 * area + $0 / 3].rounded()))) }
  }
}
