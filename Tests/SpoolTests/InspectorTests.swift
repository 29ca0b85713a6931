import Foundation
import Synchronization
import Testing

@testable import Spool

@Suite struct InspectorTests {
  private func made(_ scratch: Scratch, done: Int = 0) throws -> [String] {
    let store = try Store(folder: scratch.path, options: smallSegments())
    try store.put(1...60)
    for _ in 0..<done {
      let stored = try #require(try store.next(.frames))
      try store.done(stored.position, in: .frames)
    }
    try store.close()
    return scratch.files(".seg")
  }

  private func damage(_ scratch: Scratch, _ file: String) {
    var bytes = scratch.bytes(file)
    bytes[SegmentFormat.headerCount + SegmentFormat.blockHeaderCount + 20] ^= 1
    scratch.write(bytes, file)
  }

  @Test func `What waits is counted without a change, and while an agent has the spool`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments())
    try store.put(1...60)
    #expect(try SpoolInspector(scratch.path).isInUse)
    let reports = try SpoolInspector(scratch.path).inspect(isThorough: true)
    #expect(reports.reduce(0) { $0 + $1.waiting } == 60)
    #expect(reports.allSatisfy { $0.damages.isEmpty && !$0.isStray })
    try store.close()
    #expect(try !SpoolInspector(scratch.path).isInUse)
  }

  @Test func `Every record that waits is exported once, none that is done with`() throws {
    let scratch = Scratch()
    _ = try made(scratch, done: 25)
    var numbers: [UInt64] = []
    try SpoolInspector(scratch.path).forEachEntry { folder, stored in
      #expect(folder == "frames" && stored.entry == entry(stored.entry.sequence))
      numbers.append(stored.entry.sequence)
      return true
    }
    #expect(numbers == Array(26...60))
  }

  @Test func `Repair says what it would do, does it when told, and keeps the original`() throws {
    let scratch = Scratch()
    let files = try made(scratch)
    damage(scratch, files[1])
    let damaged = scratch.bytes(files[1])
    let plan = try SpoolInspector(scratch.path).repair(isApplied: false)
    #expect(plan.count == 1 && scratch.bytes(files[1]) == damaged)
    #expect(try SpoolInspector(scratch.path).repair(isApplied: true) == plan)
    #expect(
      try SpoolInspector(scratch.path).inspect(isThorough: true).allSatisfy(\.damages.isEmpty))
    #expect(
      scratch.files(".seg").contains { $0.contains("/backup/") && scratch.bytes($0) == damaged })
    let store = try Store(folder: scratch.path, options: smallSegments())
    #expect(try store.drain(.frames).count == 59)
    #expect(store.takeNews().losses.reduce(0) { $0 + $1.count } == 1)
  }

  @Test
  func `A segment that is being sent is left alone by repair, and nothing sound of it is lost`()
    throws
  {
    let scratch = Scratch()
    let files = try made(scratch, done: 3)
    damage(scratch, files[0])
    _ = try SpoolInspector(scratch.path).repair(isApplied: true)
    let store = try Store(folder: scratch.path, options: smallSegments())
    #expect(try store.drain(.frames).map(\.sequence) == Array(4...60))
  }

  @Test func `Repair waits for the agent to be stopped`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    #expect(throws: SpoolError.self) {
      try SpoolInspector(scratch.path).repair(isApplied: true)
    }
    try store.close()
  }

  @Test func `A folder without a spool is told, and nothing is made in it`() throws {
    #expect { try SpoolInspector("/nonexistent/spool") } throws: {
      ($0 as? SpoolError)?.code == .absent
    }
    let scratch = Scratch()
    scratch.write([1], scratch.path + "/holiday.jpg")
    #expect { try SpoolInspector(scratch.path) } throws: { ($0 as? SpoolError)?.code == .noSpool }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["holiday.jpg"])
  }

  /// Records that wait, and numbers of those that are exported.
  private func seen(
    _ scratch: Scratch, isAll: Bool = false
  ) throws -> (waiting: Int, exported: [UInt64]) {
    let inspector = try SpoolInspector(scratch.path)
    var numbers: [UInt64] = []
    try inspector.forEachEntry(isAll: isAll) { _, stored in
      numbers.append(stored.entry.sequence)
      return true
    }
    return (try inspector.inspect(isThorough: false).reduce(0) { $0 + $1.waiting }, numbers)
  }

  @Test func `What was sent is neither counted nor exported, while it is on disk yet`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    try store.put(1...60)
    #expect(try seen(scratch).exported.count == 60)
    for count in [10, 30, 20] {
      for _ in 0..<count {
        let stored = try #require(try store.next(.frames))
        try store.done(stored.position, in: .frames)
      }
      try store.keep()
      let (waiting, exported) = try seen(scratch)
      #expect(waiting == store.picture.records)
      #expect(exported.count == waiting)
      let reports = try SpoolInspector(scratch.path).inspect(isThorough: false)
      #expect(reports.reduce(0) { $0 + $1.waitingBytes } == store.picture.bytesWaiting)
      #expect(reports.reduce(0) { $0 + $1.bytes } == store.picture.bytes)
    }
    #expect(try seen(scratch).waiting == 0)
    #expect(try seen(scratch, isAll: true).exported == Array(1...60))
    try store.close()
    #expect(try seen(scratch, isAll: true).exported.isEmpty)
  }

  @Test func `While an agent works, what is seen from outside was so at some moment`() async throws
  {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments())
    try store.put(1...200)
    let isEnding = Mutex(false)
    let path = scratch.path
    let looking = Thread {
      // One record goes for each that comes: always 200 wait, or one more.
      while !isEnding.withLock({ $0 }) {
        do {
          for report in try SpoolInspector(path).inspect(isThorough: true) {
            #expect(report.damages.isEmpty && !report.isStray, "\(report)")
          }
        } catch {
          Issue.record(error)
        }
      }
      isEnding.withLock { $0 = false }
    }
    looking.start()
    for number in UInt64(201)...1500 {
      try store.put([number])
      let stored = try #require(try store.next(.frames))
      try store.done(stored.position, in: .frames)
      if number % 10 == 0 { try store.keep() }
    }
    isEnding.withLock { $0 = true }
    while isEnding.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
    #expect(store.picture.records == 200)
    try store.close()
    #expect(try seen(scratch).waiting == 200)
  }

  @Test func `A segment that an agent is just making is no damage, one without an agent is`() throws
  {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    try store.append(entry(1), to: .frames)
    // Made, and the header not written yet.
    let file = try #require(scratch.files(".open").first)
    scratch.write([UInt8](repeating: 0, count: 8192), file)
    let inspector = try SpoolInspector(scratch.path)
    for isThorough in [true, false] {
      let reports = try inspector.inspect(isThorough: isThorough)
      #expect(reports.map(\.number) == [1])
      #expect(reports.allSatisfy { $0.damages.isEmpty && $0.waiting == 0 && !$0.isStray })
      let later = try inspector.inspect(isThorough: isThorough, isInUse: false) { _, _ in }
      #expect(later.map(\.damages.count) == [1])
    }
  }

  @Test(arguments: [4096, 1 << 20])
  func `What was acknowledged out of turn is neither exported nor sent again`(
    segmentBytes: UInt64
  ) throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments(segmentBytes))
    try store.put(1...60)
    var taken: [StoredEntry] = []
    for _ in 0..<40 { taken.append(try #require(try store.next(.frames))) }
    var left = Set(UInt64(1)...60)
    for stored in taken where stored.entry.sequence % 3 != 0 && stored.entry.sequence > 1 {
      try store.done(stored.position, in: .frames)
      left.remove(stored.entry.sequence)
    }
    try store.keep()
    let waiting = left.sorted()
    #expect(store.picture.records == waiting.count)
    #expect(try seen(scratch).exported == waiting)
    #expect(try seen(scratch).waiting == waiting.count)
    // Killed now.
    let copy = Scratch()
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path + "/spool")
    var next = try Store(folder: copy.path + "/spool", options: smallSegments(segmentBytes))
    #expect(next.picture.records == waiting.count)
    // Nothing is lost of that by another start, or by one that ends in good order.
    try next.close()
    next = try Store(folder: copy.path + "/spool", options: smallSegments(segmentBytes))
    #expect(next.picture.records == waiting.count)
    #expect(try next.drain(.frames).map(\.sequence) == waiting)
    #expect(next.backlog(.frames).isEmpty && next.takeNews().losses.isEmpty)
    try next.close()
  }

  @Test func `A segment that is gone is told by check, with how many records it had`() throws {
    let scratch = Scratch()
    let files = try made(scratch)
    try FileManager.default.removeItem(atPath: files[1])
    let reports = try SpoolInspector(scratch.path).inspect(isThorough: true)
    #expect(reports.reduce(0) { $0 + $1.waiting } == 60)
    let gone = try #require(reports.first { $0.isGone })
    #expect(gone.lost + reports.reduce(0) { $0 + $1.records } == 60)
    #expect(gone.damages.first?.contains("gone, with \(gone.lost) records") == true)
  }
}
