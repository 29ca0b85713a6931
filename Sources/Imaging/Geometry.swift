package import Frames

/// A rectangle in pixels, from the upper left corner.
package struct Rectangle: Equatable, Sendable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// True where every pixel of the rectangle lies in a picture of `size`.
  package func lies(within size: FrameSize) -> Bool {
    x >= 0 && y >= 0 && width > 0 && height > 0 && x <= size.width - width
      && y <= size.height - height
  }
}

extension Rectangle {
  /// The same part of a picture of another size, rounded outwards. This lies within a picture of `size`.
  func scaled(from size: FrameSize, to other: FrameSize) -> Rectangle {
    let left = x * other.width / size.width
    let top = y * other.height / size.height
    let right = ((x + width) * other.width + size.width - 1) / size.width
    let bottom = ((y + height) * other.height + size.height - 1) / size.height
    return Rectangle(x: left, y: top, width: right - left, height: bottom - top)
  }
}

/// How a picture of one shape is brought to another.
package enum Fit: Sendable {
  /// The whole picture, with black bars.
  case contain
  /// The whole area, with the picture's edges cut off.
  case cover
  /// Both, with the shape distorted.
  case stretch

  /// What part of `source` goes to what part of `target`; edges lie on even pixels, so that they fall
  /// between chroma samples.
  func regions(from source: FrameSize, to target: FrameSize) -> (from: Rectangle, to: Rectangle) {
    var from = Rectangle(x: 0, y: 0, width: source.width, height: source.height)
    var to = Rectangle(x: 0, y: 0, width: target.width, height: target.height)
    // Compares width / height of both without division.
    let sourceIsWider = source.width * target.height > target.width * source.height
    switch self {
    case .stretch: break
    case .contain where sourceIsWider:
      to.height = Self.even(target.width * source.height / source.width, atMost: target.height)
      to.y = (target.height - to.height) / 2 & ~1
    case .contain:
      to.width = Self.even(target.height * source.width / source.height, atMost: target.width)
      to.x = (target.width - to.width) / 2 & ~1
    case .cover where sourceIsWider:
      from.width = Self.even(source.height * target.width / target.height, atMost: source.width)
      from.x = (source.width - from.width) / 2 & ~1
    case .cover:
      from.height = Self.even(source.width * target.height / target.width, atMost: source.height)
      from.y = (source.height - from.height) / 2 & ~1
    }
    return (from, to)
  }

  private static func even(_ length: Int, atMost limit: Int) -> Int {
    min(max(2, (length + 1) & ~1), limit)
  }
}
