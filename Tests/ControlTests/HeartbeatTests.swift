import Testing

@testable import Control

/// Heartbeats as whoever may write to the topic may write them.
@Suite struct HeartbeatTests {
  private func heartbeat(_ cameras: String) -> Heartbeat? {
    Heartbeat(
      Array(
        #"{"type":"vedette.heartbeat.v1","node":"door-1","time":"2026-01-31T12:00:00Z","version":"0.9","cameras":{\#(cameras)}}"#
          .utf8))
  }

  @Test func `A row has the sums of the cameras`() throws {
    let one = try #require(
      heartbeat(
        #""a":{"state":"streaming","fps":29.97,"spooled":5},"b":{"state":"failed","fps":0.04,"spooled":7}"#
      ))
    let later = one.time.adding(seconds: 90)
    #expect(one.line(now: later) == "door-1\t90 s ago\t1/2\t30.0\t12\t0.9\t-")
  }

  @Test func `Sums beyond all numbers stop at the largest`() throws {
    let cameras = (0..<1100).map { #""c\#($0)":{"spooled":9007199254740991,"fps":1e308}"# }
    let one = try #require(heartbeat(cameras.joined(separator: ",")))
    #expect(one.spooled == .max && one.rate == .infinity)
    #expect(one.line(now: one.time).contains("0/1100"))
  }

  @Test func `Less than nothing is nothing`() throws {
    let one = try #require(heartbeat(#""a":{"spooled":-9007199254740991},"b":{"spooled":3}"#))
    #expect(one.spooled == 3)
  }

  @Test(arguments: ["yesterday", "2026-13-01T00:00:00Z", ""])
  func `What has no time is no heartbeat`(time: String) {
    let text = #"{"type":"vedette.heartbeat.v1","node":"n","time":"\#(time)"}"#
    #expect(Heartbeat(Array(text.utf8)) == nil)
  }

  @Test func `An offset at the end of all numbers is passed, and counted on from`() {
    var memory = ControlMemory()
    for offset in [Int64.max, Int64.max - 1, Int64.min] {
      memory.pass(0, offset)
      #expect((memory.offsets[0] ?? -1) >= 0)
    }
  }

  @Test(arguments: ["9223372036854775807", "-9223372036854775808", "1e3", "", "0x10"])
  func `Numbers of a file that no node has counted up to are none`(text: String) {
    #expect(ControlMemory.number(Array(text.utf8)) == nil)
  }
}
