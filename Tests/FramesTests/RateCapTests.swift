import Testing

@testable import Frames

@Suite struct RateCapTests {
  @Test(arguments: [
    (30.0, 20.0), (30, 15), (30, 10), (30, 7), (30, 29), (60, 20), (29.97, 10), (25, 0.5), (30, 30),
    (15, 30),
  ])
  func `So many of so many frames pass, jitter or not`(rate: Double, cap: Double) {
    var random = SystemRandomNumberGenerator()
    for jitter in [0.0, 0.002] {
      var limiter = RateCap(rate: cap)
      let seconds = 100.0
      var passed = 0
      for index in 0..<Int(rate * seconds) {
        let time = Double(index) / rate + .random(in: 0...max(jitter, 1e-9), using: &random)
        if limiter.admits(UInt64((1000 + time) * 1e9)) { passed += 1 }
      }
      let expected = min(rate, cap) * seconds
      #expect(abs(Double(passed) - expected) <= expected * 0.01 + 1)
    }
  }

  @Test func `After a pause there is no burst`() {
    var limiter = RateCap(rate: 10)
    let first = limiter.admits(1_000_000_000)
    #expect(first)
    var passed = 0
    for index in 0..<10 where limiter.admits(60_000_000_000 + UInt64(index) * 1_000_000) {
      passed += 1
    }
    #expect(passed == 1)
  }

  @Test func `A frame that comes somewhat early is the one that was meant`() {
    var limiter = RateCap(rate: 10)
    let times: [UInt64] = [1000, 1080, 1200, 1280, 1400, 1460, 1500]
    let passed = times.map { limiter.admits($0 * 1_000_000) }
    #expect(passed == [true, true, true, true, true, false, true])
  }
}
