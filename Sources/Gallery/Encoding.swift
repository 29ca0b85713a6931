/// The 128 numbers that a face is, checked: each finite and no larger than `magnitudeMax`.
package struct Encoding: Equatable, Sendable {
  /// How many numbers there are.
  package static let count = 128
  /// dlib's are below 1; the bound keeps every distance finite.
  package static let magnitudeMax: Float = 1000

  package let numbers: [Float]

  /// - Throws: `.badInput` where there are not 128, or one is not finite or too large.
  package init(_ numbers: [Float]) throws(GalleryError) {
    guard numbers.count == Self.count else {
      throw GalleryError(
        .badInput, "an encoding has \(Self.count) numbers, not \(numbers.count)")
    }
    // Written so that NaN fails it.
    guard numbers.allSatisfy({ abs($0) <= Self.magnitudeMax }) else {
      throw GalleryError(
        .badInput, "an encoding's numbers are finite and at most \(Int(Self.magnitudeMax))")
    }
    self.numbers = numbers
  }

  /// The Euclidean distance, in double precision.
  package func distance(to other: Encoding) -> Double {
    var sum = 0.0
    for index in numbers.indices {
      let difference = Double(numbers[index]) - Double(other.numbers[index])
      sum += difference * difference
    }
    return sum.squareRoot()
  }
}
