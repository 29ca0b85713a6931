import Foundation
import TestDice
import Testing

@testable import Spool

@Suite struct StoreTests {
  @Test(arguments: SpoolClass.allCases)
  func `Records come back in order, byte for byte, over many segments`(
    spoolClass: SpoolClass
  ) throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments())
    try store.put(1...200, spoolClass)
    #expect(spoolClass.isGrouped || scratch.files(".seg").count > 3)
    #expect(try store.drain(spoolClass) == (1...200).map { entry($0) })
    #expect(store.backlog(spoolClass).isEmpty)
    // All that is done with is deleted.
    #expect(scratch.files(".seg").isEmpty)
  }

  @Test func `Nothing is handed out before it lasts`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    try store.append(entry(1), to: .frames)
    #expect(try store.next(.frames) == nil)
    try store.commit(.frames)
    #expect(try store.next(.frames)?.entry == entry(1))
  }

  @Test func `What is not done with is handed out again by the next process`() throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try store.put(1...50)
      for _ in 1...20 {
        let stored = try #require(try store.next(.frames))
        if stored.entry.sequence <= 15 { try store.done(stored.position, in: .frames) }
      }
      try store.close()
    }
    let store = try Store(folder: scratch.path, options: smallSegments())
    #expect(store.backlog(.frames) == ["front": 35])
    #expect(try store.drain(.frames).map(\.sequence) == Array(16...50))
  }

  @Test func `Two processes cannot have one spool`() throws {
    let scratch = Scratch()
    let first = try Store(folder: scratch.path)
    #expect(throws: SpoolError.self) { try Store(folder: scratch.path) }
    try first.close()
  }

  @Test
  func `Small records shrink well once a dictionary was trained, and are read by the next process`()
    throws
  {
    let scratch = Scratch()
    let events = (0..<3000).map { number in
      SpoolEntry(
        source: "front", sequence: UInt64(number), time: 0, meta: [],
        body: Array(
          """
          {"type":"vedette.face.v1","camera":"front","box":[\(number % 640),\(number % 480),80,80],\
          "label":"person \(number % 7)","distance":0.\(number % 1000)}
          """.utf8))
    }
    do {
      let store = try Store(folder: scratch.path)
      for event in events { try store.append(event, to: .events) }
      try store.commit(.events)
      let picture = try #require(store.picture.classes[.events])
      #expect(picture.storedBytes * 3 < picture.rawBytes)
      #expect(FileManager.default.fileExists(atPath: scratch.path + "/events/dictionary"))
      try store.close()
    }
    let store = try Store(folder: scratch.path)
    #expect(try store.drain(.events) == events)
  }

  @Test func `Records that do not shrink are stored as they are`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    var dice = Dice(seed: 1)
    let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &dice) }
    try store.append(
      SpoolEntry(source: "front", sequence: 1, time: 0, meta: [], body: noise), to: .frames)
    try store.commit(.frames)
    let picture = try #require(store.picture.classes[.frames])
    #expect(picture.storedBytes == picture.rawBytes)
    #expect(try store.drain(.frames).first?.body == noise)
  }

  @Test func `A record larger than a segment gets one of its own`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments())
    let large = entry(7, count: 50_000)
    try store.put([1])
    try store.append(large, to: .frames)
    try store.commit(.frames)
    try store.put([8])
    #expect(try store.drain(.frames) == [entry(1), large, entry(8)])
  }

  @Test func `Newest first goes by segments, in order within each`() throws {
    let scratch = Scratch()
    var options = smallSegments()
    options.isNewestFirst = true
    do {
      let store = try Store(folder: scratch.path, options: options)
      try store.put(1...60)
      try store.close()
    }
    let store = try Store(folder: scratch.path, options: options)
    let numbers = try store.drain(.frames).map(\.sequence)
    #expect(numbers.sorted() == Array(1...60))
    #expect(try #require(numbers.first) > 40)
    #expect(numbers.last.map { $0 < 20 } == true)
  }

  @Test func `Over its quota the oldest goes, and the loss is told with its numbers`() throws {
    let scratch = Scratch()
    var options = smallSegments()
    options.quotaBytes = 20_000
    let store = try Store(folder: scratch.path, options: options)
    try store.put(1...200)
    var losses: [SpoolLoss] = []
    try store.makeRoom { losses += $0 }
    #expect(store.bytes <= 20_000)
    let left = try store.drain(.frames).map(\.sequence)
    #expect(losses.reduce(0) { $0 + $1.count } + left.count == 200)
    #expect(left == Array((200 - UInt64(left.count) + 1)...200))
    #expect(losses.allSatisfy { $0.reason == .quota && $0.source == "front" })
    #expect(losses.first?.firstSequence == 1)
    #expect(losses.last?.lastSequence == 200 - UInt64(left.count))
  }

  @Test func `The lowest class gives room to the others`() throws {
    let scratch = Scratch()
    var options = smallSegments()
    options.quotaBytes = 30_000
    let store = try Store(folder: scratch.path, options: options)
    try store.put(1...30, .results)
    try store.put(1...30, .faces)
    try store.put(1...100, .frames)
    try store.makeRoom { _ in }
    #expect(try store.drain(.results).count == 30)
    #expect(try store.drain(.faces).count == 30)
    #expect(try store.drain(.frames).count < 100)
  }

  @Test func `A segment that is being sent is not dropped`() throws {
    let scratch = Scratch()
    var options = smallSegments()
    options.quotaBytes = 5000
    let store = try Store(folder: scratch.path, options: options)
    try store.put(1...60)
    let first = try #require(try store.next(.frames))
    try store.makeRoom { _ in }
    try store.done(first.position, in: .frames)
    #expect(first.entry == entry(1))
    // The rest of its segment is still there.
    #expect(try store.drain(.frames).map(\.sequence).prefix(3) == [2, 3, 4])
  }

  @Test func `Thinning takes every second frame of each source first`() throws {
    let scratch = Scratch()
    var options = smallSegments(16 << 10)
    options.quotaBytes = 75_000
    options.isThinning = true
    let store = try Store(folder: scratch.path, options: options)
    for number in UInt64(1)...150 {
      try store.append(entry(number, source: "a"), to: .frames)
      try store.append(entry(number, source: "b"), to: .frames)
    }
    try store.commit(.frames)
    var losses: [SpoolLoss] = []
    try store.makeRoom { losses += $0 }
    let left = try store.drain(.frames)
    #expect(losses.allSatisfy { $0.reason == .decimated })
    #expect(losses.reduce(0) { $0 + $1.count } + left.count == 300)
    // The first second frame went, of both.
    #expect(left.prefix(4).map { "\($0.source)\($0.sequence)" } == ["a1", "b1", "a3", "b3"])
  }

  @Test func `Too old is by the store's own clock, whatever the wall clock says`() throws {
    let scratch = Scratch()
    let clock = FakeClock()
    var options = clock.options()
    options.ageMax = [.frames: 0.3]
    let store = try Store(folder: scratch.path, options: options)
    // Entries from 1970 and from the future.
    for time in [0, Int64.max] {
      var odd = entry(UInt64(time == 0 ? 1 : 2))
      odd.time = time
      try store.append(odd, to: .frames)
    }
    try store.commit(.frames)
    try store.makeRoom { _ in Issue.record("nothing is old yet") }
    #expect(store.backlog(.frames) == ["front": 2])
    clock.advance(seconds: 0.5)
    var losses: [SpoolLoss] = []
    try store.makeRoom { losses += $0 }
    #expect(losses.map(\.reason) == [.age])
    #expect(losses.first?.count == 2)
    #expect(store.backlog(.frames).isEmpty)
  }

  @Test func `Copies have a quota of their own, and go before any frame`() throws {
    let scratch = Scratch()
    var options = smallSegments()
    options.classQuotaBytes[.copies] = 1 << 20
    options.quotaBytes = 3 << 20
    let store = try Store(folder: scratch.path, options: options)
    func losses() throws -> [SpoolClass: Int] {
      var lost: [SpoolClass: Int] = [:]
      try store.makeRoom { for loss in $0 { lost[loss.spoolClass, default: 0] += loss.count } }
      return lost
    }
    for number in UInt64(1)...40 {
      try store.append(entry(number, count: 50_000), to: .frames)
      try store.append(entry(number, count: 50_000), to: .copies)
    }
    try store.commit(.frames)
    try store.commit(.copies)
    // Two megabytes of each: what is too much of copies goes, though the spool has room for all of the frames.
    #expect(try losses().keys.sorted() == [.copies])
    let copies = store.picture.classes[.copies]?.records ?? 0
    #expect((1..<40).contains(copies) && store.picture.classes[.frames]?.records == 40)
    for number in UInt64(41)...52 { try store.append(entry(number, count: 50_000), to: .frames) }
    try store.commit(.frames)
    #expect(try losses().keys.allSatisfy { $0 == .copies })
    #expect(store.picture.classes[.frames]?.records == 52)
    #expect(try store.drain(.frames).map(\.sequence) == Array(1...52))
  }

  @Test func `Dead letters are kept apart and bounded`() throws {
    let scratch = Scratch()
    var options = smallSegments()
    options.deadBytes = 20_000
    let store = try Store(folder: scratch.path, options: options)
    for number in UInt64(1)...200 { try store.bury(entry(number)) }
    #expect((1..<200).contains(store.picture.deadRecords))
    #expect(try store.next(.frames) == nil)
  }
}
