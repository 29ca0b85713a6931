/// A colour, or a centre of colours: red, green and blue from 0 to 255, or L*, a* and b*.
package struct Point: Equatable, Sendable, BitwiseCopyable {
  package var x: Double
  package var y: Double
  package var z: Double

  package init(_ x: Double, _ y: Double, _ z: Double) {
    self.x = x
    self.y = y
    self.z = z
  }

  init(_ colour: RGB) {
    self.init(Double(colour.red), Double(colour.green), Double(colour.blue))
  }

  /// Where no colour is near.
  static let nowhere = Point(1e9, 1e9, 1e9)

  func squaredDistance(to other: Point) -> Double {
    let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
    return dx * dx + dy * dy + dz * dz
  }

  static func + (a: Point, b: Point) -> Point { Point(a.x + b.x, a.y + b.y, a.z + b.z) }
  static func * (a: Point, scale: Double) -> Point { Point(a.x * scale, a.y * scale, a.z * scale) }
  var squaredLength: Double { x * x + y * y + z * z }

  /// As a colour, for points in RGB.
  var rounded: RGB { RGB(Self.byte(x), Self.byte(y), Self.byte(z)) }

  private static func byte(_ value: Double) -> UInt8 { UInt8(max(0, min(255, value.rounded()))) }
}
