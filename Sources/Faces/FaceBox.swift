/// Where a face lies, in pixels of a picture from its upper left corner; may reach beyond its edges.
package struct FaceBox: Equatable, Sendable {
  package var x: Double
  package var y: Double
  package var width: Double
  package var height: Double

  package init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  package var area: Double { max(0, width) * max(0, height) }

  /// The part that lies in both; empty boxes have no area.
  package func intersection(_ other: FaceBox) -> FaceBox {
    let left = max(x, other.x)
    let top = max(y, other.y)
    return FaceBox(
      x: left, y: top, width: max(0, min(x + width, other.x + other.width) - left),
      height: max(0, min(y + height, other.y + other.height) - top))
  }

  /// Intersection over union: 1 for the same box, 0 for boxes that do not touch.
  package func overlap(_ other: FaceBox) -> Double {
    let common = intersection(other).area
    let union = area + other.area - common
    return union > 0 ? common / union : 0
  }

  /// The box in a picture that is `factor` times as large.
  package func scaled(by factor: Double) -> FaceBox {
    FaceBox(x: x * factor, y: y * factor, width: width * factor, height: height * factor)
  }

  package func moved(x dx: Double, y dy: Double) -> FaceBox {
    FaceBox(x: x + dx, y: y + dy, width: width, height: height)
  }

  /// The box with `factor` of its width and height added on each side.
  package func grown(by factor: Double) -> FaceBox {
    FaceBox(
      x: x - width * factor, y: y - height * factor, width: width * (1 + 2 * factor),
      height: height * (1 + 2 * factor))
  }
}

/// A point of a picture, in pixels.
package struct FacePoint: Equatable, Sendable {
  package var x: Double
  package var y: Double

  package init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}
