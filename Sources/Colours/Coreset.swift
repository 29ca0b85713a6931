import Glibc

/// A sample of weighted points that stands for all of them: the squared error of any centres on the sample is an
/// unbiased estimate of that on all.
///
/// Importance sampling by bounds on the sensitivity, after Bachem, Lucic and Krause ('Coresets for Nonparametric
/// Estimation — the Case of DP-Means', ICML 2015): centres B are drawn by D² sampling; a point x in the cluster
/// of b, with c the mean squared distance to B, has
/// s(x) = α d(x, B)² / c + 2 α Σ d(y, B)² / (|cluster| c) + 4 n / |cluster|, α = 16 (log₂ |B| + 2),
/// and is drawn with a probability p proportional to s; each draw weighs 1 / (m p).
package enum Coreset {
  /// Draws `size` points; those drawn more than once become one with their weights' sum.
  /// - Parameters:
  ///   - clusters: how many centres are drawn to bound the sensitivities.
  ///   - seed: the same seed draws the same.
  static func draw(
    _ size: Int, from points: Points, seed: UInt64, clusters: Int = 16, to sample: Points
  ) {
    var random = SplitMix(state: seed)
    let count = points.count
    let weights = (0..<count).map(points.weight)
    let (distances, labels) = spread(points, weights, clusters, &random)
    var (total, cost) = (0.0, 0.0)
    var (masses, costs) = (
      [Double](repeating: 0, count: clusters), [Double](repeating: 0, count: clusters)
    )
    for index in 0..<count {
      let (weight, label) = (weights[index], labels[index])
      total += weight
      cost += weight * distances[index]
      masses[label] += weight
      costs[label] += weight * distances[index]
    }
    let (mean, alpha) = (cost / total, 16 * (log2(Double(clusters)) + 2))
    var sums = [Double](repeating: 0, count: count)
    var sum = 0.0
    var scores = sums
    for index in 0..<count {
      let label = labels[index]
      var score = 4 * total / masses[label]
      if mean > 0 {
        score += alpha * distances[index] / mean + 2 * alpha * costs[label] / (masses[label] * mean)
      }
      scores[index] = score
      sum += weights[index] * score
      sums[index] = sum
    }
    var drawn = [Int](repeating: 0, count: count)
    for _ in 0..<size { drawn[place(sums, random.unit() * sum)] += 1 }
    sample.reserve(min(size, count))
    sample.count = 0
    for index in 0..<count where drawn[index] > 0 {
      sample.set(
        sample.count, points.point(index),
        weight: Double(drawn[index]) * sum / (Double(size) * scores[index]))
      sample.count += 1
    }
  }

  /// How many points the analysis asks for so that, but with probability `delta`, the cost of every solution with
  /// k clusters is right within a share of `epsilon`: (d k³ log₂ k + k² log₂ 1/δ) / ε² of the theorem, whose
  /// constant is left out as it is in the paper. Much more than is needed in practice.
  package static func size(
    clusters k: Int, dimensions d: Int = 3, delta: Double, epsilon: Double
  ) throws(ColoursError) -> Int {
    guard k >= 1, d >= 1, delta > 0, delta < 1, epsilon > 0, epsilon < 1 else {
      throw ColoursError(
        .badArgument,
        "a coreset's size wants at least one cluster and dimension, and delta and epsilon between 0 and 1"
      )
    }
    let k = Double(k)
    let size =
      (Double(d) * k * k * k * log2(max(2, k)) + k * k * log2(1 / delta)) / (epsilon * epsilon)
    return size < 1e18 ? Int(size.rounded(.up)) : .max
  }

  /// D² sampling: the first centre by weight, each further one by weight times squared distance to the nearest.
  private static func spread(
    _ points: Points, _ weights: [Double], _ clusters: Int, _ random: inout SplitMix
  ) -> ([Double], [Int]) {
    let count = points.count
    var distances = [Double](repeating: .infinity, count: count)
    var labels = [Int](repeating: 0, count: count)
    var sums = [Double](repeating: 0, count: count)
    for cluster in 0..<clusters {
      var sum = 0.0
      for index in 0..<count {
        sum += weights[index] * (cluster == 0 ? 1 : distances[index])
        sums[index] = sum
      }
      guard sum > 0 else { break }
      let centre = points.point(place(sums, random.unit() * sum))
      for index in 0..<count {
        let distance = points.point(index).squaredDistance(to: centre)
        if distance < distances[index] {
          distances[index] = distance
          labels[index] = cluster
        }
      }
    }
    return (distances, labels)
  }

  /// The first index whose sum exceeds `value`.
  private static func place(_ sums: [Double], _ value: Double) -> Int {
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere for the same seed.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// 0 up to, but not, 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
