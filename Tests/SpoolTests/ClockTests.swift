import Foundation
import Synchronization
import Testing

@testable import Spool

/// A clock that stands until it is moved, in milliseconds.
final class FakeClock: Sendable {
  private let now = Mutex<UInt64>(5_000_000)

  func advance(seconds: Double) { now.withLock { $0 += UInt64(seconds * 1000) } }

  /// As after a restart of the machine.
  func restart() { now.withLock { $0 = 1000 } }

  func options(_ segmentBytes: UInt64 = 4096) -> SpoolOptions {
    var options = smallSegments(segmentBytes)
    options.monotonic = { [self] in now.withLock { $0 } }
    return options
  }
}

/// Ages grow with the time for which the spool was open, and by nothing else.
@Suite struct ClockTests {
  @Test(arguments: [1, 7, 100])
  func `Ages grow with time alone, however often the state is written and the store is opened`(
    savesPerSecond: Int
  ) throws {
    let scratch = Scratch()
    let clock = FakeClock()
    var store = try Store(folder: scratch.path, options: clock.options())
    try store.put([1])
    for second in 1...120 {
      clock.advance(seconds: 1)
      for save in 0..<savesPerSecond {
        // A full segment, and a cursor that moves: each writes the state.
        try store.append(entry(UInt64(second * 1000 + save), count: 5000), to: .events)
        try store.commit(.events)
        if let stored = try store.next(.events) { try store.done(stored.position, in: .events) }
        try store.keep()
      }
      if second % 10 == 0 {
        try store.close()
        if second % 20 == 0 { clock.restart() }
        store = try Store(folder: scratch.path, options: clock.options())
      }
    }
    #expect(store.picture.classes[.frames]?.oldestAge == 120)
    #expect(try store.next(.frames)?.age == 120)
  }

  @Test func `What is younger than the limit stays, however often the state was written`() throws {
    let scratch = Scratch()
    let clock = FakeClock()
    var options = clock.options()
    options.ageMax = [.frames: 180]
    let store = try Store(folder: scratch.path, options: options)
    for second in UInt64(1)...170 {
      try store.put([second])
      clock.advance(seconds: 1)
      try store.makeRoom { Issue.record("\($0) at \(second) s") }
    }
    var lost = 0
    for _ in 1...30 {
      clock.advance(seconds: 1)
      try store.makeRoom { lost += $0.reduce(0) { $0 + $1.count } }
    }
    // Segments go whole, once their last record is too old.
    #expect((1...20).contains(lost))
  }

  @Test func `A crash makes records no younger, and a lost state neither`() throws {
    let scratch = Scratch()
    let clock = FakeClock()
    var store = try Store(folder: scratch.path, options: clock.options(1 << 20))
    try store.put([1])
    clock.advance(seconds: 600)
    try store.put([2])
    // Killed: nothing is written at the end.
    let state = scratch.path + "/frames/state"
    let copy = Scratch()
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path + "/spool")
    store = try Store(folder: copy.path + "/spool", options: clock.options(1 << 20))
    #expect(store.picture.classes[.frames]?.oldestAge == 600)
    try store.close()
    let lost = copy.path + "/spool/frames/state"
    copy.write([UInt8](repeating: 0, count: scratch.bytes(state).count), lost)
    store = try Store(folder: copy.path + "/spool", options: clock.options(1 << 20))
    #expect(store.picture.classes[.frames]?.oldestAge == 600)
  }

  @Test func `A quiet outage that ends with a crash counts as it lasted`() throws {
    let scratch = Scratch()
    let clock = FakeClock()
    let store = try Store(folder: scratch.path, options: clock.options(1 << 20))
    try store.put([1])
    for _ in 0..<600 {
      clock.advance(seconds: 1)
      try store.keep()
    }
    let copy = Scratch()
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path + "/spool")
    let next = try Store(folder: copy.path + "/spool", options: clock.options(1 << 20))
    let age = try #require(next.picture.classes[.frames]?.oldestAge)
    #expect((540...600).contains(age))
  }

  @Test func `A spool that was emptied keeps nothing of what was sent, and takes no room`() throws {
    let scratch = Scratch()
    let clock = FakeClock()
    let store = try Store(folder: scratch.path, options: clock.options(1 << 20))
    try store.put(1...20)
    #expect(try store.drain(.frames).count == 20)
    try store.keep()
    #expect(store.picture.records == 0 && store.picture.bytesWaiting == 0)
    #expect(store.picture.bytes > 0)
    clock.advance(seconds: 11)
    try store.keep()
    #expect(store.picture.bytes == 0)
    #expect(scratch.files(".open").isEmpty && scratch.files(".seg").isEmpty)
    try store.put([21])
    #expect(try store.drain(.frames).map(\.sequence) == [21])
    try store.close()
  }
}
