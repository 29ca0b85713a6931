import TestDice
import Testing

@testable import Spool

/// What comes late stands in its place, and what was sent past others is not sent again.
@Suite struct OrderTests {
  private func append(
    _ numbers: some Sequence<UInt64>, of sources: [String], isLate: Bool = false, to store: Store
  ) throws {
    for number in numbers {
      for source in sources {
        try store.append(entry(number, source: source), to: .frames, isLate: isLate)
      }
    }
    try store.commit(.frames)
  }

  private func numbers(_ entries: [SpoolEntry], _ source: String) -> [UInt64] {
    entries.filter { $0.source == source }.map(\.sequence)
  }

  @Test(arguments: [false, true])
  func `Records that came late are read before younger ones of their source`(
    isReopened: Bool
  ) throws {
    let scratch = Scratch()
    var store = try Store(folder: scratch.path, options: smallSegments())
    // An older backlog, then younger records of two cameras before their older ones, and one camera that is in order.
    try append(1...20, of: ["a", "b", "c"], to: store)
    try append(41...60, of: ["a"], to: store)
    try append(51...80, of: ["b"], to: store)
    try append(21...40, of: ["c"], to: store)
    try append(21...40, of: ["a"], isLate: true, to: store)
    try append(21...50, of: ["b"], isLate: true, to: store)
    try append(61...70, of: ["a"], to: store)
    if isReopened {
      try store.close()
      store = try Store(folder: scratch.path, options: smallSegments())
    }
    let entries = try store.drain(.frames)
    #expect(numbers(entries, "a") == Array(1...70))
    #expect(numbers(entries, "b") == Array(1...80))
    #expect(numbers(entries, "c") == Array(1...40))
    #expect(store.backlog(.frames).isEmpty)
    try store.close()
    #expect(try Store(folder: scratch.path).drain(.frames).isEmpty)
  }

  @Test func `Whatever is late, each source comes in its order, each record once, over restarts`()
    throws
  {
    for seed in UInt64(0)..<20 {
      var dice = Dice(seed: seed)
      let scratch = Scratch()
      var store = try Store(folder: scratch.path, options: smallSegments())
      let sources = ["a", "b", "c"]
      // Each round some records are held, and written after younger ones.
      var next: UInt64 = 1
      for _ in 0..<6 {
        let held = next..<next + UInt64.random(in: 1...9, using: &dice)
        let younger = held.upperBound..<held.upperBound + UInt64.random(in: 1...30, using: &dice)
        let some = sources.filter { _ in Bool.random(using: &dice) }
        let others = sources.filter { !some.contains($0) }
        try append(held, of: others, to: store)
        try append(younger, of: sources, to: store)
        try append(held, of: some, isLate: true, to: store)
        next = younger.upperBound
        if Bool.random(using: &dice) {
          try store.close()
          store = try Store(folder: scratch.path, options: smallSegments())
        }
      }
      var seen: [String: [UInt64]] = [:]
      while let stored = try store.next(.frames) {
        seen[stored.entry.source, default: []].append(stored.entry.sequence)
        try store.done(stored.position, in: .frames)
        if Int.random(in: 0..<40, using: &dice) == 0 {
          try store.close()
          store = try Store(folder: scratch.path, options: smallSegments())
        }
      }
      for source in sources { #expect(seen[source] == Array(1..<next), "\(source), seed \(seed)") }
      try store.close()
    }
  }

  @Test(arguments: [UInt64(3), 100], [true, false])
  func `What was sent past records of another source is not sent again by the next process`(
    count: UInt64, isClosed: Bool
  ) throws {
    let scratch = Scratch()
    do {
      let store = try Store(folder: scratch.path, options: smallSegments())
      try append(1...count, of: ["blocked", "free"], to: store)
      var sent: [UInt64] = []
      while let stored = try store.next(.frames, where: { $0.source == "free" }) {
        sent.append(stored.entry.sequence)
        try store.done(stored.position, in: .frames)
      }
      #expect(sent == Array(1...count))
      #expect(store.backlog(.frames) == ["blocked": Int(count)])
      // Or killed, once the cursors were written.
      if isClosed { try store.close() } else { try store.keep() }
    }
    // Looked at from outside, the same waits.
    var waiting: UInt64 = 0
    try SpoolInspector(scratch.path).forEachEntry { _, stored in
      #expect(stored.entry.source == "blocked")
      waiting += 1
      return true
    }
    #expect(waiting == count)
    let store = try Store(folder: scratch.path, options: smallSegments())
    #expect(store.backlog(.frames) == ["blocked": Int(count)])
    let left = try store.drain(.frames)
    #expect(left.map(\.source) == [String](repeating: "blocked", count: Int(count)))
    #expect(left.map(\.sequence) == Array(1...count))
    #expect(store.takeNews().losses.isEmpty && store.backlog(.frames).isEmpty)
  }

  @Test func `Past so many segments nothing is passed over, and all is read once it may be`() throws
  {
    let scratch = Scratch()
    let store = try Store(folder: scratch.path, options: smallSegments())
    try append(1...900, of: ["blocked", "free"], to: store)
    #expect(store.picture.classes[.frames]?.segments ?? 0 > 2 * ClassStore.passedOverMax)
    var sent: [UInt64] = []
    while let stored = try store.next(.frames, where: { $0.source == "free" }) {
      sent.append(stored.entry.sequence)
      try store.done(stored.position, in: .frames)
    }
    #expect((1..<900).contains(sent.count) && sent == Array(1...UInt64(sent.count)))
    store.beginAnew()
    let rest = try store.drain(.frames)
    #expect(numbers(rest, "blocked") == Array(1...900))
    #expect(sent + numbers(rest, "free") == Array(1...900))
  }

  @Test func `However many sources are passed over, the state has room in its slot`() throws {
    let scratch = Scratch()
    let options = smallSegments(64 << 10)
    let sources = (0..<60).map { "camera-\($0)@01234567-89ab-cdef-0123-456789abcdef" }
    let store = try Store(folder: scratch.path, options: options)
    for number in UInt64(1)...120 {
      for source in sources { try store.append(entry(number, source: source), to: .frames) }
    }
    try store.commit(.frames)
    while let stored = try store.next(.frames, where: { $0.source == sources[0] }) {
      try store.done(stored.position, in: .frames)
      try store.keep()
    }
    try store.close()
    let next = try Store(folder: scratch.path, options: options)
    #expect(try next.drain(.frames).filter { $0.source == sources[1] }.count == 120)
  }

  @Test func `A map of ordinals gives back what it was made of`() {
    for first in [UInt64(0), 5, 1 << 40] {
      let ordinals = Set([0, 1, 7, 8, 9, 63, 200].map { first + $0 })
      let map = OrdinalMap(ordinals, from: first)
      #expect(map.ordinals(from: first, below: .max) == ordinals)
      #expect(map.ordinals(from: first, below: first + 9) == Set([0, 1, 7, 8].map { first + $0 }))
      #expect(map.contains(first + 63, from: first) && !map.contains(first + 64, from: first))
      #expect(!map.contains(first + 100_000, from: first))
      #expect(first == 0 || !map.contains(first - 1, from: first))
    }
    #expect(OrdinalMap([], from: 3).bytes.isEmpty)
    // As damage may make it.
    #expect(OrdinalMap(bytes: [255, 255]).ordinals(from: .max - 3, below: .max).count == 3)
  }
}
