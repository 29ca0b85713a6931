import Foundation
import Testing

@testable import Spool

/// Whatever happens to the files, each record comes or is counted as lost: once, of its source, with a range of numbers
/// that it lies in.
@Suite struct LossTests {
  /// What happens to a file.
  enum Damage: String, CaseIterable, CustomTestStringConvertible {
    case emptied, removed, zeroed, headerZeroed, middleZeroed, secondHalfZeroed, cut, noise
    case footerZeroed, endsZeroed

    var testDescription: String { rawValue }

    func strike(_ path: String, _ scratch: Scratch) throws {
      var bytes = scratch.bytes(path)
      // An open segment has room behind its blocks.
      let count = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
      func zero(_ range: Range<Int>) {
        bytes.replaceSubrange(range, with: repeatElement(0, count: range.count))
      }
      switch self {
      case .emptied: bytes = []
      case .removed:
        try FileManager.default.removeItem(atPath: path)
        return
      case .zeroed: zero(0..<count)
      case .headerZeroed: zero(0..<64)
      case .middleZeroed: zero(count * 2 / 5..<count * 3 / 5)
      case .secondHalfZeroed: zero(count / 2..<count)
      case .cut: bytes.removeLast(bytes.count - count * 2 / 3)
      case .noise: for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: index &* 37) }
      case .footerZeroed: zero(count - 100..<count)
      case .endsZeroed:
        zero(0..<64)
        zero(count - 100..<count)
      }
      scratch.write(bytes, path)
    }
  }

  /// Records of two cameras in turn; their numbers begin at 1000 and at 5000.
  private func record(_ index: Int) -> SpoolEntry {
    entry(
      UInt64(index % 2 == 0 ? 1000 + index / 2 : 5000 + index / 2),
      source: index % 2 == 0 ? "front" : "back", count: 200)
  }

  /// As a kill leaves it.
  private func left(by store: Store, _ scratch: Scratch) throws -> Scratch {
    let copy = Scratch()
    try FileManager.default.removeItem(atPath: copy.path)
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path)
    _ = store
    return copy
  }

  /// Opens the store again and again, as crashes would have it, and takes all that comes.
  private func verify(
    _ scratch: Scratch, waiting: [SpoolEntry], options: SpoolOptions, isKnown: Bool = true,
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    let store = try Store(folder: scratch.path, options: options)
    var losses = store.takeNews().losses
    let got = try store.drain(.frames)
    losses += store.takeNews().losses
    #expect(store.backlog(.frames).isEmpty, sourceLocation: place)
    let missing = waiting.filter { !got.contains($0) }
    #expect(got == waiting.filter(got.contains), "what comes is in order", sourceLocation: place)
    for source in ["front", "back"] where isKnown {
      let lost = missing.filter { $0.source == source }.map(\.sequence)
      let told = losses.filter { $0.source == source }
      #expect(
        told.reduce(0) { $0 + $1.count } == lost.count,
        "\(source): \(lost) are lost, told is \(told)", sourceLocation: place)
      for number in lost {
        #expect(
          told.contains { ($0.firstSequence...$0.lastSequence).contains(number) },
          "\(number) is in none of \(told)", sourceLocation: place)
      }
      for loss in told {
        #expect(loss.firstSequence >= 1000 && loss.sentence(source: source).contains(source))
      }
    }
    if isKnown {
      #expect(losses.allSatisfy { $0.isKnown }, "\(losses)", sourceLocation: place)
    } else {
      #expect(missing.isEmpty == losses.isEmpty, sourceLocation: place)
    }
    try store.close()
  }

  @Test(arguments: Damage.allCases, [0, 5])
  func `Of an open segment every record that was committed comes or is counted`(
    damage: Damage, done: Int
  ) throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    for index in 0..<20 {
      try store.append(record(index), to: .frames)
      if index % 3 == 2 { try store.commit(.frames) }
    }
    try store.commit(.frames)
    for _ in 0..<done {
      let stored = try #require(try store.next(.frames))
      try store.done(stored.position, in: .frames)
    }
    try store.keep()
    let copy = try left(by: store, scratch)
    try damage.strike(try #require(copy.files("frames/0000000000000001.open").first), copy)
    try verify(copy, waiting: (done..<20).map(record), options: SpoolOptions())
    if damage == .headerZeroed || damage == .endsZeroed && done == 0 {
      // The state knows the header, so that the blocks are read all the same.
      let again = try left(by: store, scratch)
      try Damage.headerZeroed.strike(
        try #require(again.files("frames/0000000000000001.open").first), again)
      #expect(try Store(folder: again.path).drain(.frames).count == 20 - done)
    }
  }

  @Test(arguments: Damage.allCases, [0, 7])
  func `Of a sealed segment among others every record comes or is counted`(
    damage: Damage, done: Int
  ) throws {
    let scratch = Scratch()
    let options = smallSegments()
    do {
      let store = try Store(folder: scratch.path, options: options)
      for index in 0..<60 { try store.append(record(index), to: .frames) }
      try store.close()
    }
    if done > 0 {
      let store = try Store(folder: scratch.path, options: options)
      for _ in 0..<done {
        let stored = try #require(try store.next(.frames))
        try store.done(stored.position, in: .frames)
      }
      try store.close()
    }
    let files = scratch.files(".seg")
    #expect(files.count > 3)
    for victims in [[0], [1], [files.count - 1], [1, 2], [0, files.count - 1]] {
      let copy = Scratch()
      try FileManager.default.removeItem(atPath: copy.path)
      try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path)
      let struck = copy.files(".seg")
      for victim in victims { try damage.strike(struck[victim], copy) }
      try verify(copy, waiting: (done..<60).map(record), options: options)
    }
  }

  @Test func `With its header or its footer gone a sealed segment is read to the last record`()
    throws
  {
    for damage in [Damage.headerZeroed, .footerZeroed] {
      let scratch = Scratch()
      let store = try Store(folder: scratch.path)
      for index in 0..<20 { try store.append(record(index), to: .frames) }
      try store.close()
      try damage.strike(try #require(scratch.files(".seg").first), scratch)
      #expect(try Store(folder: scratch.path).drain(.frames).count == 20)
    }
  }

  @Test func `A loss in the midst is told with the numbers that it has, and no others`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    try store.put(100...178)
    try store.close()
    let file = try #require(scratch.files(".seg").first)
    var bytes = scratch.bytes(file)
    let each = (bytes.count - 64) / 80
    // A few in the midst, and one near the end: two places in one segment are told together.
    for index in 64 + each * 30..<64 + each * 32 { bytes[index] = 0 }
    scratch.write(bytes, file)
    let next = try Store(folder: scratch.path)
    let got = try next.drain(.frames).map(\.sequence)
    let loss = try #require(next.takeNews().losses.first)
    let lost = (100...178).filter { !got.contains(UInt64($0)) }
    #expect(loss.firstSequence == UInt64(lost.first ?? 0))
    #expect(loss.lastSequence == UInt64(lost.last ?? 0))
    #expect(loss.count == lost.count && lost.count < 6)
    #expect(
      loss.sentence(source: "front")
        == "\(loss.count) frames of front, numbers \(loss.firstSequence) to \(loss.lastSequence), were lost: the spool's files were damaged"
    )
  }

  @Test(arguments: [Damage.removed, .emptied, .noise])
  func `Segments that nothing was taken from are told, lost, with just the numbers that they had`(
    damage: Damage
  ) throws {
    let scratch = Scratch()
    let options = smallSegments()
    let store = try Store(folder: scratch.path, options: options)
    try store.put(0...278)
    try store.close()
    let files = scratch.files(".seg")
    for victim in files[4...6] { try damage.strike(victim, scratch) }
    let next = try Store(folder: scratch.path, options: options)
    let got = try next.drain(.frames).map(\.sequence)
    let losses = next.takeNews().losses
    let lost = (UInt64(0)...278).filter { !got.contains($0) }
    #expect(lost.count > 20 && losses.reduce(0) { $0 + $1.count } == lost.count)
    #expect(losses.map(\.firstSequence).min() == lost.first)
    #expect(losses.map(\.lastSequence).max() == lost.last)
    try next.close()
  }

  @Test func `An older copy of an open segment that was put back lacks what came later`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    for index in 0..<8 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    let old = try left(by: store, scratch)
    for index in 8..<20 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    let copy = try left(by: store, scratch)
    let name = "/frames/0000000000000001.open"
    copy.write(old.bytes(old.path + name), copy.path + name)
    try verify(copy, waiting: (0..<20).map(record), options: SpoolOptions())
  }

  @Test func `A segment of another life under the name of one is none of this one`() throws {
    let other = Scratch()
    let stranger = try Store(folder: other.path)
    for index in 0..<20 { try stranger.append(entry(UInt64(index), source: "x"), to: .frames) }
    try stranger.commit(.frames)
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    for index in 0..<20 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    let copy = try left(by: store, scratch)
    let name = "/frames/0000000000000001.open"
    copy.write(other.bytes(other.path + name), copy.path + name)
    try verify(copy, waiting: (0..<20).map(record), options: SpoolOptions())
  }

  @Test(arguments: Damage.allCases)
  func `With the state gone, too, what cannot be read is counted as far as it leaves traces`(
    damage: Damage
  ) throws {
    let scratch = Scratch()
    let options = smallSegments()
    let store = try Store(folder: scratch.path, options: options)
    for index in 0..<60 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    let copy = try left(by: store, scratch)
    copy.write([], copy.path + "/frames/state")
    // Of a file that is gone nothing is left to tell of it.
    guard damage != .removed else { return }
    try damage.strike(copy.files(".seg")[1], copy)
    try verify(copy, waiting: (0..<60).map(record), options: options, isKnown: false)
  }

  @Test func `An older state that was put back overwrites nothing, and all that waits comes`()
    throws
  {
    let scratch = Scratch()
    let options = smallSegments()
    var store = try Store(folder: scratch.path, options: options)
    for index in 0..<10 { try store.append(record(index), to: .frames) }
    try store.close()
    let state = scratch.path + "/frames/state"
    let old = scratch.bytes(state)
    store = try Store(folder: scratch.path, options: options)
    for index in 10..<60 { try store.append(record(index), to: .frames) }
    try store.close()
    scratch.write(old, state)
    store = try Store(folder: scratch.path, options: options)
    for index in 60..<100 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    #expect(try store.drain(.frames) == (0..<100).map(record))
    #expect(store.takeNews().losses.isEmpty)
    try store.close()
  }

  /// What was added since at the state's end, each a count that is 0 here: of open segments; of those that records were
  /// sent from past others, and of those that came late.
  @Test(arguments: [3, 2])
  func `A spool of the layout before is opened, and nothing of it is lost or repeated`(
    counts: Int
  ) throws {
    let scratch = Scratch()
    let options = smallSegments()
    let store = try Store(folder: scratch.path, options: options)
    for index in 0..<60 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    for _ in 0..<25 {
      let stored = try #require(try store.next(.frames))
      try store.done(stored.position, in: .frames)
    }
    try store.close()
    try FileManager.default.removeItem(atPath: scratch.path + "/copies")
    let path = scratch.path + "/frames/state"
    let state = try #require(try StateFile.peek(path))
    #expect(state.open.isEmpty)
    #expect(state.late.isEmpty && state.cursors.values.allSatisfy { $0.beyond.bytes.isEmpty })
    let payload = Array(state.bytes.dropLast(4 * counts))
    var slot = ByteWriter()
    slot.put(UInt64(0x0A32_5453_4C50_5356))
    slot.put(UInt64(7))
    slot.put(UInt32(payload.count))
    var checksum = Checksum()
    checksum.add(UInt64(7))
    checksum.add(payload)
    slot.put(checksum.value)
    slot.put(UInt64(0))
    scratch.write([UInt8](repeating: 0, count: 128 << 10) + slot.bytes + payload, path)
    let next = try Store(folder: scratch.path, options: options)
    #expect(next.takeNews().notices.isEmpty)
    #expect(try next.drain(.frames) == (25..<60).map(record))
    #expect(next.takeNews().losses.isEmpty)
    try next.close()
  }

  @Test func `What was done with of an open segment is not handed out again after a kill`() throws {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path)
    for index in 0..<20 { try store.append(record(index), to: .frames) }
    try store.commit(.frames)
    for _ in 0..<13 {
      let stored = try #require(try store.next(.frames))
      try store.done(stored.position, in: .frames)
    }
    try store.keep()
    let copy = try left(by: store, scratch)
    #expect(try Store(folder: copy.path).drain(.frames) == (13..<20).map(record))
  }

  @Test func `A loss of which nothing is known is told so`() {
    let loss = SpoolLoss(
      spoolClass: .frames, source: "", firstSequence: 0, lastSequence: 0, count: 3, bytes: 9,
      reason: .corrupt)
    #expect(
      loss.sentence(source: "")
        == "at least 3 frames of unknown cameras and numbers were lost: the spool's files were damaged"
    )
  }
}
