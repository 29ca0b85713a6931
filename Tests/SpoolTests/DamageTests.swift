import Foundation
import Synchronization
import Testing

@testable import Spool

/// What is on disk is changed behind the store's back.
@Suite struct DamageTests {
  private let three = [entry(1, count: 40), entry(2, count: 40), entry(3, count: 40)]

  /// A store with one segment of three records, closed, or left as by a crash.
  private func made(_ scratch: Scratch, isClosed: Bool) throws -> String {
    let store = try Store(folder: scratch.path)
    for entry in three { try store.append(entry, to: .frames) }
    try store.commit(.frames)
    if isClosed { try store.close() }
    return try #require(scratch.files(isClosed ? ".seg" : ".open").first)
  }

  /// What comes of the frames' folder alone: opening the other classes thousands of times would show nothing.
  private func outcome(_ scratch: Scratch) throws -> (got: [SpoolEntry], lost: Int) {
    let store = try ClassStore(
      .frames, folder: scratch.path + "/frames", options: SpoolOptions(), keys: .none)
    var got: [SpoolEntry] = []
    while let stored = try store.next() {
      got.append(stored.entry)
      try store.done(stored.position)
    }
    #expect(store.backlog.count == 0)
    return (got, store.untold.reduce(0) { $0 + Int($1.count) })
  }

  /// The same of a folder that has this state and this one segment.
  /// - Parameter bit: one that is turned in the segment; nil for none.
  private func outcome(
    _ scratch: Scratch, _ state: [UInt8], _ file: String, _ bytes: [UInt8], _ bit: Int? = nil
  ) throws -> (got: [SpoolEntry], lost: Int) {
    let folder = scratch.path + "/frames"
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    scratch.write(state, folder + "/state")
    var bytes = bytes
    if let bit { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
    scratch.write(bytes, file)
    return try outcome(scratch)
  }

  @Test func `A segment cut at any byte gives its whole records, and the rest is counted`() throws {
    let original = Scratch()
    let file = try made(original, isClosed: true)
    let bytes = original.bytes(file)
    let state = original.bytes(original.path + "/frames/state")
    for count in 0..<bytes.count {
      let scratch = Scratch()
      let copy = scratch.path + "/frames/" + (file as NSString).lastPathComponent
      let (got, lost) = try outcome(scratch, state, copy, Array(bytes.prefix(count)))
      #expect(got == Array(three.prefix(got.count)), "cut at \(count)")
      #expect(got.count + lost == 3, "cut at \(count): \(got.count) came, \(lost) were told of")
    }
  }

  @Test func `A torn tail that no commit covers is cut off without a word of loss`() throws {
    let original = Scratch()
    let writing = try Store(folder: original.path)
    for entry in three { try writing.append(entry, to: .frames) }
    try writing.flush(.frames)
    let file = try #require(original.files(".open").first)
    let bytes = original.bytes(file)
    let state = original.bytes(original.path + "/frames/state")
    for count in SegmentFormat.headerCount..<bytes.count {
      let scratch = Scratch()
      let copy = scratch.path + "/frames/" + (file as NSString).lastPathComponent
      let (got, lost) = try outcome(scratch, state, copy, Array(bytes.prefix(count)))
      #expect(got == Array(three.prefix(got.count)))
      #expect(lost == 0)
    }
  }

  @Test(arguments: [true, false])
  func `With any bit turned no wrong record is handed out, and what is lost is counted`(
    isClosed: Bool
  ) throws {
    let original = Scratch()
    let file = try made(original, isClosed: isClosed)
    let bytes = original.bytes(file)
    let state = original.bytes(original.path + "/frames/state")
    let scratch = Scratch()
    let folder = scratch.path + "/frames"
    let name = (file as NSString).lastPathComponent
    for bit in 0..<bytes.count * 8 {
      let (got, lost) = try outcome(scratch, state, folder + "/" + name, bytes, bit)
      #expect(got.allSatisfy(three.contains), "bit \(bit)")
      #expect(got.count + lost == 3, "bit \(bit): \(got.count) came, \(lost) told")
    }
  }

  /// A sealed segment of four records of two sources, of which the first two were done with.
  private func begun(_ scratch: Scratch) throws -> (file: String, rest: [SpoolEntry]) {
    let four = [1, 2, 3, 4].map { entry($0, source: $0 % 2 == 0 ? "front" : "back", count: 40) }
    do {
      let store = try Store(folder: scratch.path)
      for entry in four { try store.append(entry, to: .frames) }
      try store.close()
    }
    let store = try Store(folder: scratch.path)
    for _ in 0..<2 {
      let stored = try #require(try store.next(.frames))
      try store.done(stored.position, in: .frames)
    }
    try store.keep()
    return (try #require(scratch.files(".seg").first), Array(four.suffix(2)))
  }

  @Test func `With any bit turned in a segment that was begun, just what was left of it is told`()
    throws
  {
    let scratch = Scratch()
    let (file, rest) = try begun(scratch)
    let folder = scratch.path + "/frames"
    let bytes = scratch.bytes(file)
    let state = scratch.bytes(folder + "/state")
    for bit in stride(from: 0, to: bytes.count * 8, by: 3) {
      let (got, lost) = try outcome(scratch, state, file, bytes, bit)
      #expect(got.allSatisfy(rest.contains), "bit \(bit)")
      #expect(got.count + lost == 2, "bit \(bit): \(got.count) came, \(lost) told")
    }
  }

  @Test func `With any bit turned, what was done with out of turn is neither lost nor sent again`()
    throws
  {
    let scratch = Scratch()
    let six = (UInt64(1)...6).map { entry($0, source: $0 % 2 == 0 ? "front" : "back", count: 40) }
    do {
      let store = try Store(folder: scratch.path)
      for entry in six { try store.append(entry, to: .frames) }
      try store.close()
    }
    do {
      let store = try Store(folder: scratch.path)
      for index in 0..<6 {
        let stored = try #require(try store.next(.frames))
        if [0, 2, 3].contains(index) { try store.done(stored.position, in: .frames) }
      }
      try store.keep()
    }
    let rest = [six[1], six[4], six[5]]
    let file = try #require(scratch.files(".seg").first)
    let folder = scratch.path + "/frames"
    let (bytes, state) = (scratch.bytes(file), scratch.bytes(folder + "/state"))
    for bit in stride(from: 0, to: bytes.count * 8, by: 5) {
      let (got, lost) = try outcome(scratch, state, file, bytes, bit)
      #expect(got == rest.filter(got.contains), "bit \(bit)")
      #expect(got.count + lost == 3, "bit \(bit): \(got.count) came, \(lost) told")
    }
  }

  @Test func `A begun segment that is gone is told of by source`() throws {
    let scratch = Scratch()
    let (file, _) = try begun(scratch)
    try FileManager.default.removeItem(atPath: file)
    let store = try Store(folder: scratch.path)
    #expect(try store.drain(.frames).isEmpty)
    let losses = store.takeNews().losses
    #expect(losses.map(\.source) == ["back", "front"])
    #expect(losses.allSatisfy { $0.count == 1 && $0.reason == .corrupt })
  }

  @Test func `A loss is told after every crash until it was put down`() throws {
    let scratch = Scratch()
    let file = try made(scratch, isClosed: true)
    var bytes = scratch.bytes(file)
    bytes[SegmentFormat.headerCount + SegmentFormat.blockHeaderCount + 5] ^= 1
    scratch.write(bytes, file)
    #expect(try outcome(scratch).lost == 1)
    // The segment is deleted by now.
    for _ in 0..<2 {
      let store = try Store(folder: scratch.path)
      #expect(store.takeNews().losses.map(\.count) == [1])
    }
    do {
      let store = try Store(folder: scratch.path)
      _ = store.takeNews()
      store.noteTold()
      try store.keep()
    }
    #expect(try outcome(scratch).lost == 0)
  }

  @Test func `A segment that was made and not written to is no loss`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    try store.append(three[0], to: .frames)
    let file = try #require(scratch.files(".open").first)
    scratch.write([UInt8](repeating: 0, count: 5000), file)
    let (got, lost) = try outcome(copied(scratch))
    #expect(got.isEmpty && lost == 0)
  }

  private func copied(_ scratch: Scratch) throws -> Scratch {
    let copy = Scratch()
    try FileManager.default.removeItem(atPath: copy.path)
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path)
    return copy
  }

  @Test func `A state that is lost is made anew from the segments`() throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try store.put(1...100)
      try store.close()
    }
    scratch.write([1, 2, 3], scratch.path + "/frames/state")
    let store = try Store(folder: scratch.path, options: smallSegments())
    #expect(try store.drain(.frames) == (1...100).map { entry($0) })
    #expect(store.takeNews().notices.contains { $0.contains("state is damaged") })
  }

  @Test func `Of two slots of the state the one that is whole is used`() throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try store.put(1...100)
      try store.close()
    }
    let state = scratch.path + "/frames/state"
    let bytes = Array(scratch.bytes(state).prefix(256 << 10))
    for slot in [0, 1] {
      var damaged = bytes
      damaged[slot * (128 << 10) + 40] ^= 1
      scratch.write(damaged, state)
      let store = try Store(folder: scratch.path, options: smallSegments())
      #expect(try store.drain(.frames, isDone: false).count == 100)
      scratch.write(bytes, state)
    }
  }

  @Test func `A segment that someone deleted is told of in full`() throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try store.put(1...100)
      try store.close()
    }
    let segments = scratch.files(".seg")
    try FileManager.default.removeItem(atPath: segments[1])
    let store = try Store(folder: scratch.path, options: smallSegments())
    let got = try store.drain(.frames)
    let lost = store.takeNews().losses.reduce(0) { $0 + $1.count }
    #expect(got.count < 100 && got.count + lost == 100)
  }

  @Test func `A damaged segment is kept to be looked at`() throws {
    let scratch = Scratch()
    let file = try made(scratch, isClosed: true)
    var bytes = scratch.bytes(file)
    bytes[SegmentFormat.headerCount + SegmentFormat.blockHeaderCount + 5] ^= 1
    scratch.write(bytes, file)
    let (got, lost) = try outcome(scratch)
    #expect(got == Array(three.suffix(2)) && lost == 1)
    #expect(scratch.files(".seg").map { scratch.bytes($0) } == [bytes])
    #expect(scratch.files(".seg").allSatisfy { $0.contains("/quarantine/") })
  }
}

@Suite struct VanishingTests {
  @Test func `What a commit that was begun did not make last is its owner's again`() throws {
    let scratch = Scratch()
    let failing = Mutex(false)
    var options = SpoolOptions()
    options.faults = DiskFaults { call, _ in
      call == .sync && failing.withLock { $0 } ? EIO : nil
    }
    let store = try Store(folder: scratch.path, options: options)
    try store.put(1...3)
    for number in UInt64(4)...6 { try store.append(entry(number), to: .frames) }
    failing.withLock { $0 = true }
    try store.beginCommit(.frames)
    try store.append(entry(7), to: .frames)
    #expect(store.uncommittedCount(.frames) == 4)
    #expect(try store.drain(.frames, isDone: false).map(\.sequence) == [1, 2, 3])
    #expect {
      try store.beginCommit(.frames)
    } throws: { error in
      (error as? SpoolFailure)?.entries.map(\.sequence) == [4, 5, 6, 7]
    }
    failing.withLock { $0 = false }
    try store.put(8...8)
    try store.close()
    let next = try Store(folder: scratch.path)
    #expect(try next.drain(.frames).map(\.sequence) == [1, 2, 3, 8])
  }

  @Test func `A segment whose new name went with the power is read under its old one`() throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try store.put(1...40)
      try store.close()
    }
    let last = try #require(scratch.files(".seg").filter { $0.contains("/frames/") }.last)
    try FileManager.default.moveItem(
      atPath: last, toPath: String(last.dropLast("seg".count)) + "open")
    let store = try Store(folder: scratch.path, options: smallSegments())
    #expect(store.takeNews().losses.isEmpty)
    #expect(try store.drain(.frames).map(\.sequence) == Array(1...40))
    try store.close()
  }

  @Test(arguments: [DiskFaults.Call.rename, .folderSync, .sync, .unlink], [false, true])
  func `A failure between two steps of sealing or deleting is made good later`(
    call: DiskFaults.Call, isBegun: Bool
  ) throws {
    let scratch = Scratch()
    let failing = Mutex(false)
    var options = smallSegments()
    options.faults = DiskFaults { made, path in
      made == call && path.contains("/frames") && failing.withLock { $0 } ? EIO : nil
    }
    let store = try Store(folder: scratch.path, options: options)
    try store.put(1...30)
    failing.withLock { $0 = true }
    var returned: [SpoolEntry] = []
    for number in UInt64(31)...80 {
      do {
        try store.append(entry(number), to: .frames)
        if isBegun, number % 3 == 0 { try store.beginCommit(.frames) }
      } catch {
        returned += error.entries
      }
    }
    do { try store.commit(.frames) } catch { returned += error.entries }
    while let stored = try store.next(.frames) {
      #expect(stored.entry == entry(stored.entry.sequence))
      do { try store.done(stored.position, in: .frames) } catch { #expect(error.code == .disk) }
    }
    failing.withLock { $0 = false }
    try store.probe()
    for entry in returned { try store.append(entry, to: .frames) }
    try store.commit(.frames)
    _ = try store.drain(.frames)
    #expect(store.backlog(.frames).isEmpty)
    try store.close()
    // Nothing is left behind.
    #expect(scratch.files(".seg").isEmpty && scratch.files(".open").isEmpty)
    let next = try Store(folder: scratch.path, options: options)
    #expect(try next.drain(.frames).isEmpty)
  }

  @Test func `A folder that goes and comes back costs nothing that was durable`() throws {
    let scratch = Scratch()
    let place = scratch.path + "/spool"
    let store = try Store(folder: place, options: smallSegments(1 << 20))
    try store.put(1...5)
    let first = try #require(try store.next(.frames))
    try store.append(entry(6), to: .frames)
    try FileManager.default.moveItem(atPath: place, toPath: scratch.path + "/away")
    // The open segment's descriptor still works; a new segment cannot be made.
    var returned: [SpoolEntry] = []
    for number in UInt64(7)...4000 {
      do {
        try store.append(entry(number), to: .frames)
      } catch {
        returned = error.entries
        break
      }
    }
    #expect(!returned.isEmpty)
    #expect(throws: SpoolError.self) { try store.probe() }
    try FileManager.default.moveItem(atPath: scratch.path + "/away", toPath: place)
    try store.probe()
    for entry in returned { try store.append(entry, to: .frames) }
    try store.commit(.frames)
    try store.done(first.position, in: .frames)
    let last = try #require(returned.last?.sequence)
    #expect(try store.drain(.frames).map(\.sequence) == Array(2...last))
    try store.close()
  }
}
