import Foundation
import Kafka
import Meters
import Spool
import Testing

@testable import Delivery

/// What is kept of records in the spool, and what is put down of them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct StoredRecordTests {
  @Test func `How often a record was sent is kept in the spool`() throws {
    let meters = StreamMeters(name: "front")
    let record = Bench.record(7, bytes: 100, meters: meters)
    let entry = RecordWindow.Entry(serial: 1, attempt: 3, record: record)
    #expect(StoredRecord(entry.stored)?.attempts == 3)
    let folder = DeliverySpoolTests.Folder()
    let store = try Store(folder: folder.path)
    try store.append(entry.stored, to: .frames)
    try store.commit(.frames)
    let stored = try #require(try store.next(.frames))
    let again = try #require(RecordWindow.Entry(stored, .frames, meters: meters))
    #expect(again.attempt == 3 && again.record.sequence == 7 && again.record.topic == record.topic)
    try store.close()
  }

  @Test func `A record out of the spool that no broker takes is not sent again by the next run`()
    throws
  {
    let folder = DeliverySpoolTests.Folder()
    var use = SpoolUse(folder: folder.path)
    use.replayJitter = 0
    use.commitInterval = 0.02
    let options = DeliveryOptions(outageAfter: 0.5, spool: use)
    let first = try Bench(
      options: options, isUp: false, properties: ["message.max.bytes": "20000"])
    first.submit(5, bytes: 100)
    first.eventually { $0.spooled == 4 }
    first.submit(1, bytes: 50_000)
    first.eventually { $0.spooled == 5 }
    first.cluster.setBroker(1, isUp: true)
    first.eventually { $0.delivered == 5 && $0.dropped(.oversize) == 1 }
    first.eventually { _ in first.delivery.spoolPicture?.deadRecords == 1 }
    first.delivery.shutdown(seconds: 5)
    let second = try Bench(options: options)
    second.eventually { _ in second.delivery.spoolPicture != nil }
    #expect(second.counts.captured == 0)
  }

  @Test func `An event that no broker takes makes no event of it, which none would take either`()
    throws
  {
    let folder = DeliverySpoolTests.Folder()
    let told = Told()
    let bench = try Bench(
      options: DeliveryOptions(outageAfter: 0.5, spool: SpoolUse(folder: folder.path)),
      properties: ["message.max.bytes": "20000"], told: told)
    var large = Bench.record(0, bytes: 50_000, meters: told.meters, topic: Told.topic)
    large.spoolClass = .events
    bench.delivery.submit(large)
    bench.eventually { _ in told.meters.ledger.snapshot.dropped(.oversize) == 1 }
    bench.delivery.submit(told.record(1))
    bench.eventually { _ in told.meters.ledger.snapshot.delivered == 1 }
    #expect(told.meters.ledger.snapshot.captured == 2)
  }

  @Test func `What was told of a crash is not told again after another`() throws {
    let folder = DeliverySpoolTests.Folder()
    let killed = DeliverySpoolTests.Folder()
    let killedAgain = DeliverySpoolTests.Folder()
    func options(_ folder: DeliverySpoolTests.Folder) -> DeliveryOptions {
      DeliveryOptions(outageAfter: 60, spool: SpoolUse(folder: folder.path))
    }
    /// What the next process would tell: behind a length, which is nothing where nothing is exposed.
    func note(_ folder: DeliverySpoolTests.Folder) -> String {
      let data = FileManager.default.contents(atPath: folder.path + "/note") ?? Data()
      return data.first == 0 ? "" : String(decoding: data, as: UTF8.self)
    }
    let first = try Bench(options: options(folder), isUp: false)
    first.submit(25, bytes: 2000)
    first.eventually { _ in note(folder).contains("\t0\t24\t25\t") }
    try FileManager.default.copyItem(atPath: folder.path, toPath: killed.path)
    let told = Told()
    let second = try Bench(options: options(killed), told: told)
    second.eventually { _ in told.meters.ledger.snapshot.delivered == 1 }
    second.eventually(within: 20, "the note goes") { _ in note(killed).isEmpty }
    try FileManager.default.copyItem(atPath: killed.path, toPath: killedAgain.path)
    let third = try Bench(options: options(killedAgain))
    third.eventually { _ in third.delivery.spoolPicture != nil }
    #expect(third.counts.captured == 0)
  }
}
