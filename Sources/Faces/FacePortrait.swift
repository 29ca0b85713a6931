/// A face cut out for people to look at: upright, 224×224 RGB.
package struct FacePortrait: Sendable {
  package static let size = 224
  /// What is left around the face, as part of its size.
  static let padding = 0.4

  /// What stands outside the face where the background is removed.
  package static let background: UInt8 = 0

  package let rgb: [UInt8]

  /// - Parameters:
  ///   - landmarks: in pixels of `patch`.
  ///   - removesBackground: all that lies outside an oval around the face becomes black, with a soft edge.
  package init(
    _ landmarks: Landmarks, in patch: FacePatch, removesBackground: Bool
  ) throws(FacesError) {
    let chip = try FaceEncoder.chip(
      landmarks, in: patch, size: Self.size, padding: Self.padding)
    rgb = removesBackground ? Self.cutOut(chip) : chip
  }

  /// The chip puts eyes and nose where a mean face has them, so that the oval is the same for everybody:
  /// its middle and half axes in parts of the chip.
  private static let middle = (x: 0.5, y: 0.47)
  private static let axes = (x: 0.32, y: 0.43)
  /// Width of the soft edge, in parts of the axes.
  private static let edge = 0.06

  private static func cutOut(_ chip: [UInt8]) -> [UInt8] {
    var chip = chip
    for y in 0..<size {
      for x in 0..<size {
        let dx = ((Double(x) + 0.5) / Double(size) - middle.x) / axes.x
        let dy = ((Double(y) + 0.5) / Double(size) - middle.y) / axes.y
        let distance = (dx * dx + dy * dy).squareRoot()
        let keep = max(0, min(1, (1 + edge - distance) / edge))
        guard keep < 1 else { continue }
        for i in (y * size + x) * 3..<(y * size + x) * 3 + 3 {
          let mixed = Double(chip[i]) * keep + Double(background) * (1 - keep)
          chip[i] = UInt8(mixed.rounded())
        }
      }
    }
    return chip
  }
}
