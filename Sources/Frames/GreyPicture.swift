/// A small picture of luma alone: a frame at a fraction of its size. Rows without padding.
package struct GreyPicture: Sendable {
  /// How many pixels of the frame, in width and in height, one of these stands for.
  package static let step = 8

  package private(set) var size: FrameSize
  /// Full range.
  package var pixels: [UInt8]

  /// - Parameter size: of this picture, not of the frame.
  package init(size: FrameSize) {
    self.size = size
    pixels = [UInt8](repeating: 0, count: size.width * size.height)
  }

  /// The size of the small picture of a frame of `size`.
  package static func size(ofFrame size: FrameSize) -> FrameSize {
    FrameSize(width: (size.width + step - 1) / step, height: (size.height + step - 1) / step)
  }

  /// Makes it one of `size`, whose pixels are of no meaning.
  package mutating func resize(to size: FrameSize) {
    guard size != self.size else { return }
    self = GreyPicture(size: size)
  }
}
