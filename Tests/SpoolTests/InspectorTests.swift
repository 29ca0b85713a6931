import Foundation
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

  @Test func `A folder without a spool is told`() {
    #expect(throws: SpoolError.self) {
      try SpoolInspector("/nonexistent/spool").inspect(isThorough: false)
    }
  }
}
