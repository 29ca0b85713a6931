import CMatching
import Glibc

/// The one function of the C library that is called by name, so that importing it stays in one place.
enum Scalar {
  static func exp(_ number: Double) -> Double { Glibc.exp(number) }
}

/// Fits multinomial logistic regression with an L2 penalty on the coefficients, not on the intercepts:
/// the objective of scikit-learn's LogisticRegression, and for two classes its binary one. Minimised by
/// L-BFGS (Nocedal and Wright, 'Numerical Optimization', 2nd ed., algorithm 7.5); the same samples in the same
/// order give the same numbers.
struct LogisticRegression {
  /// Samples, each a row of 128 with a class.
  struct Samples {
    var rows: [Float] = []
    var labels: [Int32] = []
    var classes: Int

    var count: Int { labels.count }

    mutating func append(_ row: ArraySlice<Float>, _ label: Int32) {
      rows += row
      labels.append(label)
    }
  }

  static let iterationsMax = 5000
  /// Pairs of steps and gradient changes that are remembered.
  private static let memory = 20
  private static let halvingsMax = 40

  private let samples: Samples
  /// The penalty is this times half the squared length of the coefficients.
  private let penalty: Double
  private let tolerance: Double
  private var scratch: [Double]

  /// - Parameter inverseRegularisation: scikit-learn's C.
  init(_ samples: Samples, inverseRegularisation: Double) {
    self.samples = samples
    // The two rows of a binary problem are each half of scikit-learn's one, and opposite.
    penalty = (samples.classes == 2 ? 2 : 1) / inverseRegularisation
    // The objective curves by at least the penalty, so coefficients are within about 1e-5 of the optimum.
    tolerance = 1e-6 * min(1, penalty)
    scratch = [Double](repeating: 0, count: 4 * samples.classes)
  }

  /// - Parameters:
  ///   - start: weights to begin with; the result does not depend on them beyond the tolerance.
  ///   - goesOn: asked before every iteration; false ends it with `.cancelled`.
  mutating func fit(
    from start: [Double]? = nil, goesOn: (Int) -> Bool
  ) throws(GalleryError) -> (weights: [Double], iterations: Int) {
    let size = samples.classes * (Encoding.count + 1)
    var weights = start ?? [Double](repeating: 0, count: size)
    var gradient = [Double](repeating: 0, count: size)
    var value = evaluate(weights, &gradient)
    var history: [(step: [Double], change: [Double], scale: Double)] = []
    for iteration in 0..<Self.iterationsMax {
      guard gradient.lazy.map({ abs($0) }).max() ?? 0 > tolerance else {
        return (weights, iteration)
      }
      guard goesOn(iteration) else { throw GalleryError(.cancelled, "the training was ended") }
      var direction = Self.direction(gradient, history)
      var slope = Self.dot(direction, gradient)
      if slope >= 0 {
        history = []
        direction = gradient.map { -$0 }
        slope = -Self.dot(gradient, gradient)
      }
      let length = history.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
      guard
        let next = search(weights, value, direction, slope, firstLength: length)
      else {
        // No step lowers it further: this is the optimum as far as doubles can tell, or nearly.
        if history.isEmpty { return (weights, iteration) }
        history = []
        continue
      }
      let step = zip(next.weights, weights).map { $0 - $1 }
      let change = zip(next.gradient, gradient).map { $0 - $1 }
      let curvature = Self.dot(step, change)
      if curvature > 0 {
        if history.count == Self.memory { history.removeFirst() }
        history.append((step, change, 1 / curvature))
      }
      (weights, gradient, value) = (next.weights, next.gradient, next.value)
    }
    return (weights, Self.iterationsMax)
  }

  /// Halves the step until the objective falls enough, or, where that drowns in rounding, the slope does.
  private mutating func search(
    _ weights: [Double], _ value: Double, _ direction: [Double], _ slope: Double,
    firstLength: Double
  ) -> (weights: [Double], gradient: [Double], value: Double)? {
    var length = firstLength
    var gradient = weights
    for _ in 0..<Self.halvingsMax {
      let next = zip(weights, direction).map { $0 + length * $1 }
      let found = evaluate(next, &gradient)
      let isLower = found <= value + 1e-4 * length * slope
      let isFlatter =
        found <= value + 1e-12 * abs(value) && abs(Self.dot(gradient, direction)) < -0.9 * slope
      if isLower || isFlatter { return (next, gradient, found) }
      length /= 2
    }
    return nil
  }

  /// The objective, and its gradient.
  private mutating func evaluate(_ weights: [Double], _ gradient: inout [Double]) -> Double {
    let coefficients = samples.classes * Encoding.count
    var squares = 0.0
    for index in weights.indices {
      gradient[index] = index < coefficients ? penalty * weights[index] : 0
      if index < coefficients { squares += weights[index] * weights[index] }
    }
    let loss = unsafe vm_cross_entropy(
      samples.rows, samples.labels, samples.count, weights, samples.classes, &gradient, &scratch)
    return loss + penalty / 2 * squares
  }

  /// The two-loop recursion.
  private static func direction(
    _ gradient: [Double], _ history: [(step: [Double], change: [Double], scale: Double)]
  ) -> [Double] {
    var direction = gradient.map { -$0 }
    var shares: [Double] = []
    for (step, change, scale) in history.reversed() {
      let share = scale * dot(step, direction)
      add(-share, change, to: &direction)
      shares.append(share)
    }
    if let last = history.last {
      let scale = 1 / (last.scale * dot(last.change, last.change))
      for index in direction.indices { direction[index] *= scale }
    }
    for (step, change, scale) in history {
      let share = (shares.popLast() ?? 0) - scale * dot(change, direction)
      add(share, step, to: &direction)
    }
    return direction
  }

  private static func dot(_ one: [Double], _ other: [Double]) -> Double {
    var sum = 0.0
    for index in 0..<min(one.count, other.count) { sum += one[index] * other[index] }
    return sum
  }

  private static func add(_ factor: Double, _ other: [Double], to target: inout [Double]) {
    for index in 0..<min(target.count, other.count) { target[index] += factor * other[index] }
  }
}
