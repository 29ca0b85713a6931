import Kafka
import Meters
import Spool

extension DeliveryState {
  /// Records to be written to the spool now: of blocked lanes all, under pressure the oldest, and those that
  /// have waited too long.
  mutating func takeSpill(now: UInt64) -> [RecordWindow.Entry] {
    guard options.spool != nil, spoolFault == nil, !isClosed else { return [] }
    var taken: [RecordWindow.Entry] = []
    for index in lanes.indicesInUse {
      // Those that were in flight while younger ones were written would stand behind them in the spool: they
      // stay, and go first when brokers take them.
      var held: [RecordWindow.Entry] = []
      while let first = lanes[index].live.first, first.serial < lanes[index].lastSpilled,
        let entry = lanes[index].live.popFirst()
      {
        held.append(entry)
      }
      // What was taken back comes first, in its order; until it has come, nothing is written.
      let isOut = lanes[index].isBlocked && recall == nil && lanes[index].liveFlightCount <= 1
      while spillingBytes < options.spillingBytesMax, let first = lanes[index].live.first,
        isOut || (!lanes[index].isBlocked && isOld(first.record, now: now))
      {
        spill(index, to: &taken)
      }
      for entry in held.reversed() { lanes[index].live.restore(entry) }
    }
    while spillingBytes < options.spillingBytesMax, liveBytes > options.pressureBytes,
      let index = laneToRelieve
    {
      spill(index, to: &taken)
    }
    return taken
  }

  private mutating func spill(_ lane: Int, to taken: inout [RecordWindow.Entry]) {
    repeat {
      guard let entry = popToSpill(lane) else { return }
      taken.append(entry)
      // What is late goes together: it gets a segment of its own.
    } while taken.last?.isLate == true
      && lanes[lane].live.first?.serial ?? .max < lanes[lane].lastSpilled
  }

  private mutating func popToSpill(_ lane: Int) -> RecordWindow.Entry? {
    guard var entry = lanes[lane].live.popFirst() else { return nil }
    entry.isLate = entry.serial < lanes[lane].lastSpilled
    lanes[lane].lastSpilled = max(lanes[lane].lastSpilled, entry.serial)
    spillingBytes += entry.record.memoryBytes
    return entry
  }

  func isOld(_ record: Record, now: UInt64) -> Bool {
    let captured = record.capturedAt
    return now > captured && Double(now - captured) / 1e9 > 2 * options.outageAfter
  }

  /// Of the lanes that are blocked, or else of all, the one with the oldest record in memory alone. Those
  /// that would stand behind younger ones in the spool are kept as long as there is memory for them.
  private var laneToRelieve: Int? {
    func oldest(of some: [Int]) -> Int? {
      some.compactMap { index in lanes[index].live.first.map { (index, $0.serial) } }
        .min { $0.1 < $1.1 }?.0
    }
    let all = Array(lanes.indicesInUse)
    let isShort = memoryBytes > options.memoryMax / 4 * 3
    let inOrder = all.filter {
      isShort || (lanes[$0].live.first?.serial ?? 0) > lanes[$0].lastSpilled
    }
    return oldest(of: inOrder.filter { lanes[$0].isBlocked }) ?? oldest(of: inOrder)
  }

  /// Takes a record that is written before it is sent.
  /// - Returns: nil where it must go the way of frames: there is no spool, or it fails.
  mutating func acceptAhead(_ record: Record) -> RecordWindow.Entry? {
    guard options.spool != nil, spoolFault == nil, !isClosed,
      memoryBytes + record.memoryBytes <= options.memoryMax
    else { return nil }
    record.meters.ledger.move(.inPipeline, to: .inMemory)
    let entry = RecordWindow.Entry(serial: nextSerial, attempt: 0, record: record)
    nextSerial += 1
    spillingBytes += record.memoryBytes
    return entry
  }

  /// The records last now.
  mutating func spilled(_ entries: [RecordWindow.Entry]) {
    for entry in entries {
      spillingBytes -= entry.record.memoryBytes
      entry.record.meters.ledger.move(.inMemory, to: .spooled)
    }
  }

  /// The disk did not take the records: they wait in memory again.
  mutating func unspilled(_ entries: [RecordWindow.Entry]) {
    for entry in entries.reversed() {
      spillingBytes -= entry.record.memoryBytes
      if isClosed {
        entry.record.meters.ledger.move(.inMemory, to: .dropped(.ioError))
      } else {
        let lane = lane(of: entry.record)
        lanes[lane].live.restore(entry)
        lanes[lane].lastSpilled = min(lanes[lane].lastSpilled, entry.serial - 1)
      }
    }
    trim()
  }

  /// How much of a class may be read from the spool, in bytes; 0 for nothing now. What blocked lanes hold
  /// keeps nothing of the others out.
  func prefetchRoom(_ spoolClass: SpoolClass) -> Int {
    guard !isClosed else { return 0 }
    return max(
      0, min(options.prefetchBytesMax - held(spoolClass), options.memoryMax - memoryBytes))
  }

  private func held(_ spoolClass: SpoolClass) -> Int {
    lanes.indicesInUse.reduce(0) { sum, index in
      let isCounted = outageSince != nil || !lanes[index].isBlocked
      return isCounted ? sum + (lanes[index].stored[spoolClass]?.bytes ?? 0) : sum
    }
  }

  /// Whether a record that comes next out of the spool is to be taken. Of a lane that is blocked by itself
  /// one is enough; the others are passed over, and read once the lane is taken again.
  mutating func wants(_ id: LaneID) -> Bool {
    let (index, _) = lanes.lane(id)
    if !lanes[index].isPassedOver {
      guard outageSince == nil, lanes[index].isBlocked, lanes[index].isBusy else { return true }
      lanes[index].isPassedOver = true
    }
    return false
  }

  /// Whether records that were passed over are wanted now.
  var wantsPassedOver: Bool {
    lanes.indicesInUse.contains { index in
      lanes[index].isPassedOver && (!lanes[index].isBlocked || !lanes[index].isBusy)
    }
  }

  /// All records that were passed over are read again.
  mutating func begunAnew() {
    for index in lanes.indicesInUse { lanes[index].isPassedOver = false }
  }

  /// Takes what was read from the spool.
  mutating func load(_ entry: RecordWindow.Entry) {
    var entry = entry
    entry.serial = nextSerial
    nextSerial += 1
    lanes[lane(of: entry.record)].stored[entry.record.spoolClass, default: RecordWindow()]
      .append(entry)
  }

  /// Whether more should be read before the last of a class is sent.
  func isRunningDry(_ spoolClass: SpoolClass) -> Bool {
    held(spoolClass) < options.prefetchBytesMax / 2
  }

  /// Has something said once the lock is free.
  mutating func say(_ news: @escaping @Sendable () -> Void) { self.news.append(news) }

  mutating func takeNews() -> [@Sendable () -> Void] {
    guard !news.isEmpty else { return [] }
    defer { news = [] }
    return news
  }

  /// At the end: all that is in memory alone, to be written: in order, but for what comes late.
  mutating func takeAll() -> [RecordWindow.Entry] {
    var taken: [RecordWindow.Entry] = []
    for index in lanes.indicesInUse {
      while let entry = popToSpill(index) { taken.append(entry) }
    }
    taken.sort { $0.serial < $1.serial }
    return taken.filter { !$0.isLate } + taken.filter(\.isLate)
  }
}
