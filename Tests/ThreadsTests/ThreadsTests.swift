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

  @Test func `A clock that is set is noticed, in either direction, and one that is slewed is not`()
  {
    let (wall, second) = (Int64(1_800_000_000_000_000), UInt64(1_000_000_000))
    var steps = ClockSteps(wall: wall, monotonic: second)
    #expect(steps.take(wall: wall + 1_000_000, monotonic: 2 * second) == nil)
    let back = steps.take(wall: wall + 2_000_000 - 3_600_000_000, monotonic: 3 * second)
    #expect(back.map { abs($0 + 3600) < 0.001 } == true)
    // Told once.
    #expect(steps.take(wall: wall + 3_000_000 - 3_600_000_000, monotonic: 4 * second) == nil)
    let forward = steps.take(wall: wall + 4_000_000 + 82_800_000_000, monotonic: 5 * second)
    #expect(forward.map { abs($0 - 86_400) < 0.001 } == true)
    // A hundred seconds that are a little too long each.
    var slewed = ClockSteps(wall: wall, monotonic: 0)
    for number in 1...100 {
      let step = slewed.take(
        wall: wall + Int64(number) * 1_010_000, monotonic: UInt64(number) * second)
      #expect(step == nil)
    }
  }

  @Test(.timeLimit(.minutes(5))) func `The watch of the clock ends when it is told to`() throws {
    let watch = try ClockWatch { _ in }
    watch.stop()
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
