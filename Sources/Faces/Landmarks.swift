/// Points of a face: 5 (corners of the eyes, base of the nose) or 68 (the outline too).
package struct Landmarks: Equatable, Sendable {
  package var points: [FacePoint]

  package init(points: [FacePoint]) {
    self.points = points
  }

  package func moved(x dx: Double, y dy: Double) -> Landmarks {
    Landmarks(points: points.map { FacePoint(x: $0.x + dx, y: $0.y + dy) })
  }

  /// Middles of the eyes, the one further left in the picture first, and the base of the nose.
  private var features: (left: FacePoint, right: FacePoint, nose: FacePoint)? {
    switch points.count {
    case 5: (Self.mean(points[2...3]), Self.mean(points[0...1]), points[4])
    case 68: (Self.mean(points[36...41]), Self.mean(points[42...47]), points[33])
    default: nil
    }
  }

  /// The turn of the head in the picture's plane, in degrees, clockwise positive.
  package var roll: Double {
    guard let (left, right, _) = features else { return 0 }
    return atan2Degrees(right.y - left.y, right.x - left.x)
  }

  /// How far the nose is off the middle between the eyes, in their distance: 0 seen from the front, about
  /// 0.5 in half profile; positive where the face looks to the picture's right.
  package var yaw: Double {
    guard let (left, right, nose) = features else { return 0 }
    let dx = right.x - left.x
    let dy = right.y - left.y
    let squared = dx * dx + dy * dy
    guard squared > 0 else { return 1 }
    let along = (nose.x - left.x) * dx + (nose.y - left.y) * dy
    return along / squared - 0.5
  }

  private static func mean(_ points: ArraySlice<FacePoint>) -> FacePoint {
    let count = Double(points.count)
    return FacePoint(
      x: points.reduce(0) { $0 + $1.x } / count, y: points.reduce(0) { $0 + $1.y } / count)
  }
}
