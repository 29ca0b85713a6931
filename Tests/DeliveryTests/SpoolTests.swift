import Foundation
import Kafka
import Meters
import Spool
import TestFolders
import Testing

@testable import Delivery

/// Delivery with a spool: what a broker does not take goes to disk and comes back.
@Suite(.serialized) struct DeliverySpoolTests {
  /// A folder for a spool, deleted at the end.
  final class Folder {
    let path = TestFolders.base + "/delivery-spool-\(UUID().uuidString)"
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func options(
    _ folder: Folder, memoryMax: Int = 4 << 20, _ change: (inout SpoolUse) -> Void = { _ in }
  ) -> DeliveryOptions {
    var use = SpoolUse(folder: folder.path)
    use.store.segmentBytes = 1 << 20
    use.replayJitter = 0
    use.replayRate = 100e6
    use.retryInterval = 0.3
    use.commitInterval = 0.02
    change(&use)
    return DeliveryOptions(memoryMax: memoryMax, outageAfter: 0.5, spool: use)
  }

  @Test func `An outage longer than memory loses nothing: all comes back, marked as replayed`()
    throws
  {
    let folder = Folder()
    let bench = try Bench(options: options(folder, memoryMax: 2 << 20))
    bench.submit(10, bytes: 50_000)
    bench.eventually { $0.delivered == 10 }
    bench.cluster.setBroker(1, isUp: false)
    // Ten times what memory holds.
    bench.submitWithRoom(400, bytes: 50_000, memoryMax: 2 << 20)
    bench.eventually { $0.spooled > 350 && $0.inMemory + $0.inFlight < 30 }
    #expect(bench.delivery.picture.bytes <= 2 << 20)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 410 }
    #expect(bench.counts.droppedInAll == 0 && bench.counts.spooled == 0)
    // The mock keeps 5 MiB alone: the last of them are there, in order, and marked.
    let arrived = try bench.arrived()
    #expect(firsts(arrived) == firsts(arrived).sorted())
    #expect(arrived.last == 409)
    #expect(try bench.replayMarks().suffix(20).allSatisfy { $0 == "1" })
  }

  @Test func `What is in the spool when the agent ends is sent by the next one`() throws {
    let folder = Folder()
    let first = try Bench(options: options(folder), isUp: false)
    first.submit(200, bytes: 1000)
    first.delivery.shutdown(seconds: 1)
    #expect(first.counts.spooled == 200 && first.counts.isBalanced)
    let second = try Bench(options: options(folder))
    second.eventually { $0.delivered == 200 }
    #expect(second.counts.captured == 200)
    #expect(firsts(try second.arrived()) == Array(0..<200))
  }

  @Test func `A stop in an outage is quick, and the next run sends all in order`() throws {
    let folder = Folder()
    // For as long librdkafka would keep the one that is tried.
    let first = try Bench(
      options: options(folder), properties: ["message.timeout.ms": "100000"])
    first.submit(5)
    first.eventually { $0.delivered == 5 }
    first.cluster.setBroker(1, isUp: false)
    first.submit(20)
    first.eventually { _ in first.delivery.picture.outageSince != nil }
    first.submit(20)
    // One of them is tried meanwhile.
    first.eventually { $0.inFlight == 1 && $0.spooled == 39 }
    let began = Date()
    first.delivery.shutdown(seconds: 120)
    #expect(Date().timeIntervalSince(began) < 60, "there is nothing to wait for")
    #expect(first.counts.spooled == 40 && first.counts.isBalanced)
    let second = try Bench(options: options(folder))
    second.eventually { $0.delivered == 40 }
    #expect(firsts(try second.arrived()) == Array(5..<45))
  }

  @Test func `What was in flight at a stop goes before younger frames that pressure had spilled`()
    throws
  {
    let folder = Folder()
    let memory = 2 << 20
    let first = try Bench(options: options(folder, memoryMax: memory))
    first.submit(1)
    first.eventually { $0.delivered == 1 }
    first.cluster.setRoundTrip(1, milliseconds: 60_000)
    first.submitWithRoom(60, bytes: 50_000, memoryMax: memory)
    first.eventually { $0.spooled > 0 && $0.spooled + $0.inMemory + $0.inFlight == 60 }
    first.delivery.shutdown(seconds: 1)
    #expect(first.counts.spooled == 60 && first.counts.isBalanced)
    let second = try Bench(options: options(folder))
    second.eventually { $0.delivered == 60 }
    #expect(firsts(try second.arrived()) == Array(1...60))
  }

  @Test func `A stop while brokers answer delivers what is in memory first`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder))
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.setRoundTrip(1, milliseconds: 100)
    bench.submit(50)
    bench.delivery.shutdown(seconds: 60)
    #expect(bench.counts.delivered == 51)
  }

  @Test func `What is replayed is measured by what brokers acknowledge of it`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder))
    bench.submit(5)
    bench.eventually { $0.delivered == 5 }
    #expect(bench.delivery.picture.replayedBytes == 0)
    bench.cluster.setBroker(1, isUp: false)
    bench.submit(20, bytes: 1000)
    bench.eventually { $0.inFlight == 1 && $0.spooled == 19 }
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 25 }
    #expect(bench.delivery.picture.replayedBytes == 20_000)
  }

  @Test func `What an operator discards is counted as discarded`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder), isUp: false)
    bench.submit(30, bytes: 100_000)
    bench.eventually { $0.spooled > 0 }
    bench.delivery.shutdown(seconds: 0)
    // What is read ahead is about to be sent, and stays: not all of it fits.
    let next = try Bench(options: options(folder, memoryMax: 1 << 20), isUp: false)
    next.eventually { $0.captured == 30 && $0.inFlight + $0.spooled == 30 }
    #expect(next.delivery.discard(.frames))
    next.eventually { $0.dropped(.discarded) > 15 }
    let counts = next.counts
    #expect(counts.dropped(.discarded) + counts.spooled + counts.inFlight == 30)
    #expect(counts.dropped(.quota) == 0)
  }

  @Test func `Shutdown with a frozen broker leaves everything on disk, in its time`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder))
    bench.submit(5)
    bench.eventually { $0.delivered == 5 }
    bench.cluster.setRoundTrip(1, milliseconds: 60_000)
    bench.submit(100, bytes: 10_000)
    let began = Date()
    bench.delivery.shutdown(seconds: 1.5)
    #expect(Date().timeIntervalSince(began) < 30, "the broker answers after a minute")
    let counts = bench.counts
    #expect(counts.isBalanced && counts.droppedInAll == 0)
    #expect(counts.delivered + counts.spooled == 105)
    let store = try Store(folder: folder.path)
    #expect(store.backlog(.frames).values.reduce(0, +) == counts.spooled)
  }

  @Test func `Pressure spills the oldest though the broker answers`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder, memoryMax: 2 << 20))
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.setRoundTrip(1, milliseconds: 1000)
    // As fast as the disk takes them, however fast that is.
    bench.submitWithRoom(100, bytes: 50_000, memoryMax: 2 << 20)
    bench.eventually { $0.spooled > 0 }
    bench.cluster.setRoundTrip(1, milliseconds: 0)
    bench.eventually { $0.delivered == 101 }
    #expect(bench.counts.droppedInAll == 0)
  }

  @Test func `More than brokers and disk take is dropped as overload, never as quota`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder, memoryMax: 1 << 20))
    bench.submit(1)
    bench.eventually { $0.delivered == 1 }
    bench.cluster.setRoundTrip(1, milliseconds: 60_000)
    // At once, which no disk can keep up with.
    for _ in 0..<40 { bench.submit(1, bytes: 1 << 20) }
    #expect(bench.counts.dropped(.overload) == 40 && bench.counts.dropped(.quota) == 0)
    bench.eventually { _ in bench.lines.count("delivery.memory was full") == 1 }
    #expect(bench.counts.isBalanced)
  }

  @Test func `A full disk costs no frame while brokers answer, and is used again when it has room`()
    throws
  {
    let folder = Folder()
    let disk = FailingDisk()
    let bench = try Bench(
      options: options(folder, memoryMax: 2 << 20) { $0.store.faults = disk.faults }, isUp: false)
    disk.fail(.allocate, ENOSPC)
    for _ in 0..<100 { bench.submit(1, bytes: 50_000) }
    bench.eventually { _ in bench.lines.count("the spool cannot be used") > 0 }
    bench.submit(100, bytes: 50_000)
    bench.eventually { $0.dropped(.ioError) > 50 }
    #expect(bench.delivery.picture.spoolFault?.contains("No space left") == true)
    let before = bench.counts
    #expect(before.spooled == 0 && before.inMemory + before.inFlight > 20)
    disk.heal()
    bench.eventually { $0.spooled > 0 }
    bench.eventually { _ in bench.lines.count("can be used again") > 0 }
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered + $0.droppedInAll == 200 }
  }

  @Test(arguments: [DiskFaults.Call.write, .sync, .create, .folderSync])
  func `One failure of the disk costs nothing: what was at stake is written elsewhere`(
    call: DiskFaults.Call
  ) throws {
    let folder = Folder()
    let disk = FailingDisk()
    let bench = try Bench(
      options: options(folder) { $0.store.faults = disk.faults }, isUp: false)
    bench.submit(20, bytes: 1000)
    bench.eventually { $0.spooled > 15 }
    disk.fail(call, EIO, times: 1, on: "/frames/")
    bench.submit(2000, bytes: 1000)
    bench.eventually { $0.spooled > 2015 }
    #expect(bench.counts.droppedInAll == 0)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 2020 }
    #expect(firsts(try bench.arrived()).sorted() == Array(0..<2020))
  }

  @Test(arguments: [ENOSPC, EDQUOT, EROFS, EIO])
  func `A disk that refuses the spool's state costs nothing, and all that comes back is put down`(
    code: Int32
  ) throws {
    let folder = Folder()
    let disk = FailingDisk()
    let bench = try Bench(
      options: options(folder, memoryMax: 8 << 20) { $0.store.faults = disk.faults }, isUp: false)
    bench.submit(500, bytes: 10_000)
    // Some are read ahead.
    bench.eventually { $0.spooled > 250 && $0.spooled + $0.inMemory + $0.inFlight == 500 }
    disk.fail(.write, code, on: "/state")
    bench.submit(300, bytes: 10_000)
    bench.eventually { _ in bench.lines.count("the spool cannot be used") > 0 }
    let reason = unsafe String(cString: strerror(code))
    #expect(bench.delivery.picture.spoolFault?.contains(reason) == true)
    // Segments are sent, and cannot be deleted.
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 800 }
    disk.heal()
    bench.eventually { _ in bench.delivery.picture.spoolFault == nil }
    bench.eventually { _ in bench.delivery.spoolPicture?.records == 0 }
    #expect(bench.counts.droppedInAll == 0 && bench.counts.spooled == 0)
    bench.delivery.shutdown(seconds: 5)
    let next = try Store(folder: folder.path)
    #expect(next.picture.records == 0 && next.takeNews().losses.isEmpty)
  }

  @Test func `What can be written nowhere is in memory again, all of it`() throws {
    let folder = Folder()
    let disk = FailingDisk()
    let bench = try Bench(
      options: options(folder, memoryMax: 8 << 20) { $0.store.faults = disk.faults }, isUp: false)
    bench.submit(20, bytes: 1000)
    bench.eventually { $0.spooled > 15 }
    // Many wait for one commit, which fails; then there is no room for another segment.
    disk.fail(.sync, EIO, times: 1, on: "/frames/")
    disk.fail(.allocate, ENOSPC)
    bench.submit(500, bytes: 1000)
    bench.eventually { _ in bench.lines.count("the spool cannot be used") > 0 }
    bench.eventually { $0.inMemory + $0.inFlight > 490 }
    #expect(bench.counts.spooled <= 30)
    disk.heal()
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 520 }
    #expect(firsts(try bench.arrived()).sorted() == Array(0..<520))
  }

  @Test func `What goes for want of room is told by an event that names it`() throws {
    let folder = Folder()
    let told = Told()
    var options = options(folder, memoryMax: 2 << 20)
    options.spool?.store.quotaBytes = 4 << 20
    let bench = try Bench(options: options, isUp: false, told: told)
    bench.submitWithRoom(200, bytes: 50_000, memoryMax: 2 << 20)
    bench.eventually { $0.dropped(.quota) > 50 }
    let dropped = bench.counts.dropped(.quota)
    bench.eventually { _ in told.count(.quota) >= dropped }
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered + $0.droppedInAll == 200 }
    bench.eventually { told.count(.quota) == $0.dropped(.quota) }
    let consumer = try Consumer(
      brokers: [bench.cluster.bootstrapServers], topic: Told.topic)
    #expect(consumer.poll(timeoutMilliseconds: 10_000)?.header("gap") != nil)
  }

  @Test func `What was in memory alone at a crash is counted and told by the next run`() throws {
    let folder = Folder()
    let killed = Folder()
    var options = options(folder)
    options.outageAfter = 60
    let first = try Bench(options: options, isUp: false)
    first.submit(25, bytes: 2000)
    // The folder as a kill -9 would leave it once the note tells of all.
    first.eventually { _ in
      let note = FileManager.default.contents(atPath: folder.path + "/note") ?? Data()
      return String(decoding: note, as: UTF8.self).contains("\t0\t24\t25\t")
    }
    try FileManager.default.copyItem(atPath: folder.path, toPath: killed.path)
    let told = Told()
    var next = options
    next.spool?.folder = killed.path
    let second = try Bench(options: next, told: told)
    second.eventually { $0.dropped(.crash) == 25 && $0.captured == 25 }
    second.eventually { _ in told.count(.crash) == 25 }
    second.eventually { _ in told.meters.ledger.snapshot.delivered == 1 }
    #expect(second.lines.count("25 frames of front, numbers 0 to 24") == 1)
    second.delivery.shutdown(seconds: 2)
    // Once told, no more; and a clean end leaves nothing to tell.
    let third = try Bench(options: next)
    usleep(500_000)
    #expect(third.counts.captured == 0)
  }

  @Test func `What was damaged on disk is counted and told, and the rest arrives`() throws {
    let folder = Folder()
    let first = try Bench(options: options(folder), isUp: false)
    first.submit(200, bytes: 1000)
    first.delivery.shutdown(seconds: 1)
    let frames = folder.path + "/frames"
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: frames).first { $0.hasSuffix(".seg") })
    var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(frames)/\(name)"))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(fileURLWithPath: "\(frames)/\(name)"))
    let told = Told()
    let second = try Bench(options: options(folder), told: told)
    second.eventually { $0.delivered == 199 && $0.dropped(.corrupt) == 1 && $0.spooled == 0 }
    second.eventually { _ in told.count(.corrupt) == 1 }
    second.eventually { _ in told.meters.ledger.snapshot.delivered == 1 }
    second.delivery.shutdown(seconds: 2)
    let third = try Bench(options: options(folder), told: told)
    usleep(300_000)
    #expect(third.counts.captured == 0 && told.count(.corrupt) == 1)
  }

  @Test func `Damage found by one run that did not tell it is told by the next`() throws {
    let folder = Folder()
    do {
      let store = try Store(folder: folder.path)
      let record = Bench.record(7, bytes: 1000, meters: StreamMeters(name: "front"))
      for _ in 0..<3 {
        let entry = RecordWindow.Entry(serial: 0, attempt: 0, record: record).stored
        try store.append(entry, to: .frames)
      }
      try store.close()
    }
    let frames = folder.path + "/frames/"
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: frames).first { $0.hasSuffix(".seg") })
    try FileManager.default.removeItem(atPath: frames + name)
    do {
      let store = try Store(folder: folder.path)
      #expect(try store.next(.frames) == nil)
      try store.keep()
    }
    let told = Told()
    let bench = try Bench(options: options(folder), told: told)
    bench.eventually { $0.dropped(.corrupt) == 3 && $0.captured == 3 }
    bench.eventually { _ in told.count(.corrupt) == 3 }
    bench.eventually { _ in told.meters.ledger.snapshot.delivered == 1 }
  }

  @Test func `Acknowledgements that are lost cost duplicates alone`() throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder))
    bench.submit(10)
    bench.eventually { $0.delivered == 10 }
    // The broker writes, and its answers come to nobody.
    bench.cluster.setRoundTrip(1, milliseconds: 60_000)
    bench.submit(20)
    bench.eventually { _ in bench.delivery.picture.outageSince != nil }
    bench.cluster.setBroker(1, isUp: false)
    bench.cluster.setRoundTrip(1, milliseconds: 0)
    bench.submit(20)
    bench.cluster.setBroker(1, isUp: true)
    bench.eventually { $0.delivered == 50 }
    #expect(bench.counts.droppedInAll == 0)
    let arrived = try bench.arrived()
    #expect(Set(arrived) == Set(0..<50))
    // What was in flight once, and the probes; a slow machine may make an outage more.
    let outages = max(1, bench.lines.count("no broker acknowledges"))
    #expect(arrived.count <= 50 + 25 * outages)
  }

  /// Codes of the Kafka protocol that say: not now.
  @Test(arguments: [-1, 5, 6, 7, 13, 19, 20, 29, 31, 56])
  func `Whatever the broker answers for a while, all arrives`(code: Int32) throws {
    let folder = Folder()
    let bench = try Bench(options: options(folder))
    bench.submit(5)
    bench.eventually { $0.delivered == 5 }
    bench.cluster.failProduce([Int32](repeating: code, count: 3))
    for _ in 0..<50 {
      bench.submit(1, bytes: 2000)
      usleep(2000)
    }
    bench.eventually(within: 40) { $0.delivered == 55 }
    #expect(bench.counts.droppedInAll == 0 && bench.counts.dead == 0)
    let arrived = try bench.arrived()
    #expect(Set(arrived) == Set(0..<55))
    #expect(arrived.count <= 55 + 60 * (1 + bench.lines.count("no broker acknowledges")))
  }

  @Test func `Events are on disk before they are sent, and arrive once`() throws {
    let folder = Folder()
    let told = Told()
    // Nothing is late, however slow the machine is.
    var options = options(folder) { $0.store.monotonic = { 0 } }
    options.outageAfter = 20
    let bench = try Bench(options: options, told: told)
    for number in 0..<500 { bench.delivery.submit(told.record(number)) }
    bench.eventually { _ in told.meters.ledger.snapshot.delivered == 500 }
    #expect(told.meters.ledger.snapshot.isBalanced)
    let consumer = try Consumer(brokers: [bench.cluster.bootstrapServers], topic: Told.topic)
    var numbers: [String] = []
    while let record = consumer.poll(timeoutMilliseconds: numbers.count == 500 ? 500 : 10_000) {
      numbers.append(record.header("n") ?? "")
      #expect(record.header("ce_replay") == nil)
    }
    #expect(numbers == (0..<500).map(String.init))
  }

  @Test func `A record that no broker takes is kept under dead and told of`() throws {
    let folder = Folder()
    let told = Told()
    let bench = try Bench(
      options: options(folder), properties: ["message.max.bytes": "20000"],
      told: told)
    bench.submit(1, bytes: 50_000)
    bench.submit(1, bytes: 100)
    bench.eventually { $0.dropped(.oversize) == 1 && $0.delivered == 1 }
    bench.eventually { _ in told.meters.ledger.snapshot.delivered == 1 }
    bench.eventually { _ in bench.delivery.spoolPicture?.deadRecords == 1 }
  }
}
