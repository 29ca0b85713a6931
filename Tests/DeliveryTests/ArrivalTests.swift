import Delivery
import Foundation
import Kafka
import Meters
import Synchronization
import Testing

/// Acknowledgements that are booked on the thread of the camera whose frames they are of.
@Suite(.timeLimit(.minutes(2)))
struct ArrivalTests {
  @Test func `A camera has the memory of its last frame back before it takes more`() throws {
    let bench = try Bench()
    var ownCount = 0
    for round in 0..<50 {
      let place = Place()
      submit(round, place, bench)
      bench.eventually { _ in
        bench.delivery.bookArrivals()
        return bench.counts.delivered == round + 1
      }
      if place.isFreed(by: pthread_self()) { ownCount += 1 }
    }
    // The polling thread, which looks now and then, may be the first with a few.
    #expect(ownCount > 10)
  }

  @Test func `What is refused is left to the polling thread, and nothing of it is lost`() throws {
    let bench = try Bench()
    let tooLarge: Int32 = 10
    for round in 0..<30 {
      let (taken, refused) = (Place(), Place())
      submit(2 * round, taken, bench)
      bench.eventually { $0.delivered == round + 1 }
      bench.cluster.failProduce([tooLarge])
      submit(2 * round + 1, refused, bench)
      bench.eventually { _ in
        bench.delivery.bookArrivals()
        return bench.counts.dropped(.oversize) == round + 1
      }
      // It logs, and changes what the others of its lane wait for.
      #expect(!refused.isFreed(by: pthread_self()))
    }
    #expect(bench.counts.isBalanced && bench.counts.captured == 60)
  }

  /// Apart, so that no reference to the record is left here.
  private func submit(_ number: Int, _ place: Place, _ bench: Bench) {
    var record = Bench.record(number, bytes: 10, meters: bench.meters)
    record.payload = Watched(place)
    record.payloadBytes = 4
    bench.delivery.submit(record)
  }
}

/// On which thread a payload was freed.
private final class Place: Sendable {
  private let thread = Mutex<pthread_t?>(nil)

  func free() { thread.withLock { $0 = pthread_self() } }

  func isFreed(by other: pthread_t) -> Bool {
    thread.withLock { $0.map { pthread_equal($0, other) != 0 } ?? false }
  }
}

private final class Watched: Payload {
  private let place: Place
  private let bytes = BytesPayload(Array("data".utf8))

  init(_ place: Place) { self.place = place }

  deinit { place.free() }

  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe bytes.withUnsafeBytes(body)
  }
}
