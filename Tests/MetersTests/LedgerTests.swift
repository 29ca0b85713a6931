import Testing

@testable import Meters

@Suite struct LedgerTests {
  @Test func `The ledger balances at every instant while threads write to it`() async {
    let ledger = Ledger()
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask {
          for turn in 0..<5000 {
            ledger.capture()
            ledger.move(.inPipeline, to: .inMemory)
            ledger.move(.inMemory, to: .inFlight)
            let reason = DropReason.allCases[(turn + worker) % DropReason.allCases.count]
            ledger.move(.inFlight, to: turn % 3 == 0 ? .dropped(reason) : .delivered)
          }
        }
      }
      group.addTask {
        for _ in 0..<2000 { #expect(ledger.snapshot.isBalanced) }
      }
    }
    let counts = ledger.snapshot
    #expect(counts.captured == 20_000)
    #expect(counts.delivered + counts.droppedInAll == 20_000)
    #expect(counts.inPipeline == 0 && counts.inMemory == 0 && counts.inFlight == 0)
  }

  @Test func `A frame that was moved twice is noticed`() {
    let ledger = Ledger()
    ledger.enter(.inFlight)
    ledger.move(.inFlight, to: .delivered)
    ledger.move(.inFlight, to: .delivered)
    #expect(!ledger.snapshot.isBalanced)
  }

  @Test func `A frame that nobody books stays in the pipeline, and the sum holds`() {
    let ledger = Ledger()
    ledger.capture()
    let counts = ledger.snapshot
    #expect(counts.captured == 1 && counts.inPipeline == 1 && counts.isBalanced)
  }

  @Test func `A record that was booked without having been captured is noticed`() {
    let ledger = Ledger()
    ledger.move(.inPipeline, to: .inMemory)
    #expect(!ledger.snapshot.isBalanced)
  }

  @Test func `Reasons have the names that scripts read`() {
    #expect(
      DropReason.allCases.map(\.rawValue) == [
        "rate", "still", "topic_off", "decimated", "corrupt", "oversize", "quota", "discarded",
        "overload", "age", "io_error", "shutdown", "crash",
      ])
  }
}

@Suite struct LatencyHistogramTests {
  @Test func `Quantiles are within a sixteenth of the true value`() throws {
    let histogram = LatencyHistogram()
    for value in 1...100_000 { histogram.record(microseconds: UInt64(value)) }
    for (quantile, exact) in [(0.5, 50_000.0), (0.99, 99_000), (0.001, 100), (1, 100_000)] {
      let measured = Double(try #require(histogram.quantile(quantile)))
      #expect(measured >= exact * 0.999 && measured <= exact * 1.07)
    }
    #expect(try #require(histogram.mean) == 50_000.5)
  }

  @Test func `Nothing recorded gives nothing, and huge values stay in the last bucket`() {
    let histogram = LatencyHistogram()
    #expect(histogram.quantile(0.5) == nil && histogram.mean == nil)
    histogram.record(microseconds: .max)
    histogram.record(microseconds: 0)
    #expect(histogram.count == 2)
    #expect(histogram.quantile(0) == 0)
  }
}
