import Kafka
import Meters
import Spool
import Testing

@testable import Delivery

/// What seldom happens is booked, too.
@Suite struct BookingTests {
  @Test func `What the disk does not take at the very end is dropped as io_error`() throws {
    let meters = StreamMeters(name: "events")
    var state = DeliveryState(
      options: DeliveryOptions(spool: SpoolUse(folder: "/nonexistent")))
    let ahead = state.acceptAhead(Bench.record(0, bytes: 10, meters: meters))
    let entry = try #require(ahead)
    #expect(meters.ledger.snapshot.inMemory == 1)
    state.close()
    state.unspilled([entry])
    let counts = meters.ledger.snapshot
    #expect(counts.isBalanced && counts.inMemory == 0 && counts.dropped(.ioError) == 1)
  }

  @Test func `What comes after the end is dropped as shutdown, and leaves the pipeline`() {
    let meters = StreamMeters(name: "front")
    var state = DeliveryState(options: DeliveryOptions())
    state.close()
    state.accept(Bench.record(0, bytes: 10, meters: meters))
    let counts = meters.ledger.snapshot
    #expect(counts.isBalanced && counts.inPipeline == 0 && counts.dropped(.shutdown) == 1)
  }

  @Test func `A record in the spool that another version wrote is kept under dead, and booked so`()
    throws
  {
    let folder = DeliverySpoolTests.Folder()
    let store = try Store(folder: folder.path)
    for number in 0..<3 {
      try store.append(
        SpoolEntry(
          source: "front@1", sequence: UInt64(number), time: 0, meta: [200, 1, 2], body: [1]),
        to: .frames)
    }
    try store.close()
    var options = DeliveryOptions(outageAfter: 0.5, spool: SpoolUse(folder: folder.path))
    options.spool?.replayJitter = 0
    let bench = try Bench(options: options)
    bench.eventually { $0.captured == 3 && $0.dead == 3 && $0.spooled == 0 }
  }
  @Test func `What lasts for its segment was full is spooled before it is sent from there`() throws
  {
    let folder = DeliverySpoolTests.Folder()
    var use = SpoolUse(folder: folder.path)
    // Neither bytes nor time have anything put down meanwhile.
    use.store.segmentBytes = 100_000
    use.commitInterval = 3600
    let bench = try Bench(options: DeliveryOptions(outageAfter: 0.5, spool: use), isUp: false)
    bench.submit(12, bytes: 20_000)
    bench.eventually { $0.inFlight == 1 && $0.spooled >= 7 }
  }
}
