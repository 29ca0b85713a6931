import Testing
import Threads

@Suite("A token bucket") struct TokenBucketTests {
  @Test("lets a burst through at once, a flood at the rate, and after a quiet time a burst again")
  func charging() {
    var bucket = TokenBucket(rate: 100, burst: 10)
    var now: UInt64 = 0
    for _ in 0..<10 { #expect(bucket.charge(now: now) == 0) }
    for _ in 0..<500 { now += UInt64(bucket.charge(now: now)) * 1_000_000 }
    // Waiting goes by whole milliseconds.
    #expect((4.99...5.5).contains(Double(now) / 1e9))
    now += 1_000_000_000
    for _ in 0..<9 { #expect(bucket.charge(now: now) == 0) }
    #expect((0..<20).map { _ in bucket.charge(now: now) }.last ?? 0 > 100)
  }

  @Test("gives no more where the clock stands still or goes back") func clock() {
    var bucket = TokenBucket(rate: 10, burst: 1)
    #expect(bucket.charge(now: 1_000_000_000) == 0)
    #expect(bucket.charge(now: 0) == 100)
    // Nor is what the clock went back by given twice.
    #expect(bucket.charge(now: 1_000_000_000) == 200)
  }

  /// How many of 40 pass at once.
  private func passing(_ bucket: inout TokenBucket, now: UInt64) -> Int {
    (0..<40).count { _ in bucket.take(now: now) }
  }

  @Test("lets what is whole through, as often as it is full") func taking() {
    var bucket = TokenBucket(rate: 0.2, burst: 20)
    let times: [UInt64] = [7, 4_999_000_007, 5_000_000_007, 5_000_000_008, 1 << 60]
    let counts = times.map { passing(&bucket, now: $0) }
    #expect(counts == [20, 0, 1, 0, 20])
  }

  @Test("lets something larger than itself through on debt, and pays it back") func debt() {
    var bucket = TokenBucket(rate: 1000, burst: 100)
    let passed = [
      bucket.take(101, now: 1), bucket.take(1100, allowsDebt: true, now: 1),
      bucket.take(1, allowsDebt: true, now: 999_000_000),
      bucket.take(1, allowsDebt: true, now: 1_002_000_001),
    ]
    #expect(passed == [false, true, false, true])
  }

  @Test("lets nothing through while it is closed") func closed() {
    var bucket = TokenBucket(rate: 10, burst: 10)
    bucket.close(until: 2_000_000_000)
    bucket.close(until: 1_000_000_000)
    let counts = [1_999_999_999, 2_000_000_000].map { passing(&bucket, now: $0) }
    #expect(counts == [0, 10])
  }
}
