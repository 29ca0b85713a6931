import Testing

@testable import Control

@Suite struct PaceTests {
  @Test
  func `A burst is taken at once, a flood at the rate, and a quiet time allows a burst again`() {
    var pace = Pace(rate: 100, burst: 10, now: 0)
    var now: UInt64 = 0
    for _ in 0..<10 { #expect(pace.take(now: now) == 0) }
    for _ in 0..<500 { now += UInt64(pace.take(now: now)) * 1_000_000 }
    // Waiting goes by whole milliseconds.
    #expect((4.99...5.5).contains(Double(now) / 1e9))
    now += 1_000_000_000
    for _ in 0..<9 { #expect(pace.take(now: now) == 0) }
    #expect((0..<20).map { _ in pace.take(now: now) }.last ?? 0 > 100)
  }

  @Test func `A clock that stands still or goes back neither crashes nor gives more`() {
    var pace = Pace(rate: 10, burst: 1, now: 1_000_000_000)
    #expect(pace.take(now: 1_000_000_000) == 0)
    #expect(pace.take(now: 0) == 100)
  }
}
