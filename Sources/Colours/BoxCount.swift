import CColours

/// Counts the cubes that points touch: a measure of how much room they fill that changes little when they do.
/// The mean over shifted lattices, so that where the cubes begin does not matter.
final class BoxCount {
  private let seen = Memory<UInt64>()
  private static let shifts = 8

  /// - Parameter width: of the cubes, at least 4; coordinates are 0…255.
  func count(_ level: Points, width: Double) -> Double {
    let side = Int(256 / width) + 2
    seen.reserve(side * side * side / 64 + 1)
    let raw = unsafe level.raw
    var total = 0
    unsafe withUnsafePointer(to: raw) { raw in
      for shift in 0..<Self.shifts {
        total += unsafe Int(
          vc_occupied(
            raw, seen.base, Float(width), Float(shift) / Float(Self.shifts), UInt32(side)))
      }
    }
    return Double(total) / Double(Self.shifts)
  }
}
