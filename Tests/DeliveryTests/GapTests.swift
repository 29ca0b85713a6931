import Meters
import Testing

@testable import Delivery

/// What a run leaves of itself for the next, as it was written and as damage makes it.
@Suite struct GapTests {
  private func gaps(_ text: String) -> [Gap] { [Gap](note: Array(text.utf8)) }

  @Test func `What is noted is read again`() {
    let gaps = [
      Gap(
        camera: "front", run: "a", firstSequence: 0, lastSequence: 24, count: 25, bytes: 50_000,
        reason: .crash),
      Gap(
        camera: "yard", run: "", firstSequence: 7, lastSequence: 7, count: 1, bytes: 0,
        reason: .crash),
    ]
    #expect([Gap](note: gaps.note) == gaps)
  }

  @Test(
    arguments: [
      "front\ta\t9\t3\t5\t100", "front\ta\t0\t9\t0\t0", "front\ta\t0\t9\t-4\t0",
      "front\ta\t0\t9\t4\t-1", "front\ta\t-1\t9\t4\t1", "front\ta\t0\t9\t4", "\t\t\t\t\t", "",
      "front\ta\t0\t9\t9223372036854775807\t0", "front\ta\t0\t9\t1\t9223372036854775807",
      "front\ta\t0\t9\t99999999999999999999\t0", "front\ta\t0\t99999999999999999999\t1\t0",
    ])
  func `A line that cannot be is passed over, and no other with it`(line: String) {
    let read = gaps(line + "\nfront\ta\t0\t24\t25\t50000\n")
    #expect(read.map(\.count) == [25])
  }

  @Test func `As many of the largest counts as a note can have are added up without overflow`() {
    let line = "\t\t0\t18446744073709551615\t\(1 << 40)\t\(1 << 50)\n"
    let read = gaps(String(repeating: line, count: (64 << 10) / line.utf8.count))
    #expect(read.count > 1000)
    var book = GapBook()
    let ledger = Ledger()
    for gap in read {
      book.add(gap)
      ledger.enter(.dropped(.crash), count: gap.count)
    }
    #expect(book.take().first?.count == read.count << 40)
    #expect(ledger.snapshot.isBalanced && ledger.snapshot.captured == read.count << 40)
  }
}
