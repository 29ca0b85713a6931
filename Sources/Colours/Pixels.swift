/// Packed RGB in memory that is lent for a call.
@safe
struct Pixels {
  let base: UnsafePointer<UInt8>
  let width: Int
  let height: Int
  /// Bytes from row to row.
  let stride: Int

  var count: Int { width * height }

  func colour(_ index: Int) -> RGB {
    precondition(index >= 0 && index < count)
    let at = index / width * stride + 3 * (index % width)
    return unsafe RGB(base[at], base[at + 1], base[at + 2])
  }

  /// The most pixels of a picture: their sums fit the counters.
  static let countMax = 1 << 28

  static func check(width: Int, height: Int, stride: Int, byteCount: Int) throws(ColoursError) {
    guard width > 0, height > 0, width <= countMax / height else {
      throw ColoursError(
        .badArgument,
        "a picture of \(width)x\(height) cannot be clustered: give 1 to 268 million pixels")
    }
    guard stride >= 3 * width, stride <= Int.max / height,
      byteCount >= stride * (height - 1) + 3 * width
    else {
      throw ColoursError(
        .badArgument,
        "\(byteCount) bytes with \(stride) a row do not hold \(width)x\(height) pixels of RGB")
    }
  }
}
