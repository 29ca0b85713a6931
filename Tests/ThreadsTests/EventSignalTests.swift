import Testing
import Threads

@Suite("A signal") struct EventSignalTests {
  @Test("wakes once for however often it was set before") func wakes() {
    let signal = EventSignal()
    let waits = [
      signal.wait(milliseconds: 0), signal.wait(milliseconds: 1),
    ]
    signal.set()
    signal.set()
    let after = [
      signal.wait(milliseconds: 0), signal.wait(milliseconds: 0), signal.wait(milliseconds: 1),
    ]
    signal.set()
    let again = [signal.wait(milliseconds: 10_000), signal.wait(milliseconds: 1)]
    #expect(waits == [false, false] && after == [true, false, false] && again == [true, false])
  }
}
