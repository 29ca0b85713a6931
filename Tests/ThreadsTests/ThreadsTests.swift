import Foundation
import Synchronization
import Testing

@testable import Threads

@Suite struct ThreadsTests {
  @Test func `Times are written as RFC 3339 says, before 1970 and long after`() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let seconds = Int64.random(in: -11_000_000_000...200_000_000_000, using: &random)
      let micros = Int64.random(in: 0..<1_000_000, using: &random)
      let date = Date(timeIntervalSince1970: Double(seconds))
      let expected = date.formatted(.iso8601).dropLast()
      let digits = String(repeating: "0", count: 6 - "\(micros)".count) + "\(micros)"
      #expect(Clock.rfc3339(microseconds: seconds * 1_000_000 + micros) == "\(expected).\(digits)Z")
    }
  }

  @Test(arguments: [
    (Int64.min, "0000-01-01T00:00:00.000000Z"),
    (-62_167_219_200_000_001, "0000-01-01T00:00:00.000000Z"),
    (253_402_300_800_000_000, "9999-12-31T23:59:59.999999Z"), (.max, "9999-12-31T23:59:59.999999Z"),
  ])
  func `Times that RFC 3339 cannot write become the nearest that it can`(
    microseconds: Int64, text: String
  ) {
    #expect(Clock.rfc3339(microseconds: microseconds) == text)
  }

  @Test func `A thread has its name, runs, and is joined`() throws {
    let name = Mutex("")
    let thread = try NamedThread("cam-a-very-long-name") {
      let text = (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
      name.withLock { $0 = text }
    }
    thread.join()
    thread.join()
    #expect(name.withLock { $0 } == "cam-a-very-long\n")
  }
}
