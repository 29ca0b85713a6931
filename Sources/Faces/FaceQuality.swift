package import Frames

/// What may keep a face from being recognised; named in events.
package enum QualityGate: String, CaseIterable, Sendable {
  /// Too few pixels.
  case small
  /// Out of focus, or moving.
  case blurred
  /// Part of it lies outside of the picture.
  case clipped
  /// Seen from the side, or lying.
  case turned
}

/// From where on a face is good enough to be encoded.
package struct QualityLimits: Equatable, Sendable {
  /// Width of the box, in pixels.
  package var widthMin = 40.0
  /// Variance of the Laplacian over the middle of the 150×150 chip's luma.
  package var sharpnessMin = 15.0
  /// The part of the box that must lie within the picture.
  package var insideMin = 0.9
  /// Off the middle between the eyes, in their distance.
  package var yawMax = 0.45
  /// Degrees.
  package var rollMax = 45.0

  package init() {}
}

/// How good a face is to recognise somebody by.
package struct FaceQuality: Equatable, Sendable {
  package var width: Double
  package var sharpness: Double
  package var inside: Double
  package var yaw: Double
  package var roll: Double
  /// The gates that it does not pass; empty for a good face.
  package var failed: [QualityGate]

  /// - Parameters:
  ///   - chip: the 150×150 RGB of the face.
  ///   - size: of the picture that `box` and `landmarks` lie in.
  package init(
    box: FaceBox, landmarks: Landmarks, chip: [UInt8], in size: FrameSize, limits: QualityLimits
  ) {
    width = box.width
    sharpness = Self.sharpness(of: chip, size: FaceEncoder.chipSize)
    inside = box.area > 0 ? box.intersection(FaceBox(whole: size)).area / box.area : 0
    yaw = landmarks.yaw
    roll = landmarks.roll
    failed = []
    if width < limits.widthMin { failed.append(.small) }
    // A face that was enlarged for the chip is smooth for that reason.
    if sharpness < limits.sharpnessMin { failed.append(.blurred) }
    if inside < limits.insideMin { failed.append(.clipped) }
    if abs(yaw) > limits.yawMax || abs(roll) > limits.rollMax { failed.append(.turned) }
  }

  /// The variance of the Laplacian (Pech-Pacheco et al. 2000) over the middle of a square RGB chip, where the
  /// face is rather than what is around it.
  static func sharpness(of chip: [UInt8], size: Int) -> Double {
    guard size >= 8, chip.count >= size * size * 3 else { return 0 }
    let luma = (0..<size * size).map { (pixel: Int) -> Int in
      let red = Int(chip[pixel * 3]) * 77
      let green = Int(chip[pixel * 3 + 1]) * 150
      return red + green + Int(chip[pixel * 3 + 2]) * 29
    }
    let margin = size / 5
    var sum = 0.0
    var squares = 0.0
    for y in margin..<size - margin {
      for x in margin..<size - margin {
        let i = y * size + x
        let across: Int = luma[i - 1] + luma[i + 1]
        let down: Int = luma[i - size] + luma[i + size]
        let laplacian = Double(across + down - 4 * luma[i]) / 256
        sum += laplacian
        squares += laplacian * laplacian
      }
    }
    let count = Double((size - 2 * margin) * (size - 2 * margin))
    return squares / count - (sum / count) * (sum / count)
  }
}
