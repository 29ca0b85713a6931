import Synchronization

/// Durations counted in log-linear buckets (16 to each doubling: within 6.25 % of the true value), from
/// 1 µs to over an hour. Any thread may write.
package final class LatencyHistogram: Sendable {
  private static let subBucketBits = 4
  private static let bucketCount = 30 << subBucketBits

  private struct Buckets {
    var counts = [UInt32](repeating: 0, count: LatencyHistogram.bucketCount)
    var total = 0
    var sum: UInt64 = 0
  }

  private let buckets = Mutex(Buckets())

  package init() {}

  package func record(microseconds: UInt64) {
    let index = Self.index(of: microseconds)
    buckets.withLock { buckets in
      buckets.counts[index] &+= 1
      buckets.total += 1
      buckets.sum &+= microseconds
    }
  }

  package var count: Int { buckets.withLock { $0.total } }

  /// The mean in microseconds; nil where nothing was recorded.
  package var mean: Double? {
    buckets.withLock { $0.total > 0 ? Double($0.sum) / Double($0.total) : nil }
  }

  /// The duration in microseconds that a share `quantile` (0…1) of all stays under; nil where nothing
  /// was recorded.
  package func quantile(_ quantile: Double) -> UInt64? {
    buckets.withLock { buckets in
      guard buckets.total > 0 else { return nil }
      let rank = max(1, Int((quantile * Double(buckets.total)).rounded(.up)))
      var seen = 0
      for (index, count) in buckets.counts.enumerated() {
        seen += Int(count)
        if seen >= rank { return Self.upperBound(of: index) }
      }
      return Self.upperBound(of: Self.bucketCount - 1)
    }
  }

  private static func index(of value: UInt64) -> Int {
    let linear = UInt64(1) << UInt64(subBucketBits)
    guard value >= linear else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount - subBucketBits
    let mantissa = Int(value >> UInt64(exponent)) - Int(linear)
    return min(((exponent + 1) << subBucketBits) + mantissa, bucketCount - 1)
  }

  private static func upperBound(of index: Int) -> UInt64 {
    let linear = 1 << subBucketBits
    guard index >= linear else { return UInt64(index) }
    let exponent = (index >> subBucketBits) - 1
    let mantissa = UInt64(index & (linear - 1)) + UInt64(linear)
    return ((mantissa + 1) << UInt64(exponent)) - 1
  }
}
