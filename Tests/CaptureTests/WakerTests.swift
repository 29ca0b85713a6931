import Glibc
import Testing

@testable import Capture

@Suite struct WakerTests {
  /// Longer than any test may wait.
  private static let long = 60.0

  @Test func `Who waits is woken once and for good, be it for many descriptors or one`() throws {
    var ends: (Int32, Int32) = (-1, -1)
    try #require(
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe pipe($0.bindMemory(to: Int32.self).baseAddress)
      } == 0)
    defer { _ = (close(ends.0), close(ends.1)) }
    let waker = Waker()
    #expect(!waker.isSet)
    waker.set()
    let time = ContinuousClock().measure {
      for _ in 0..<2 {
        #expect(!waker.wait(for: [ends.0], seconds: Self.long))
        #expect(!waker.wait(for: ends.0, seconds: Self.long))
      }
    }
    #expect(waker.isSet && time < .seconds(Self.long / 2))
    _ = unsafe write(ends.1, "x", 1)
    #expect(waker.wait(for: [ends.0], seconds: Self.long))
    #expect(waker.wait(for: ends.0, seconds: Self.long))
  }
}
