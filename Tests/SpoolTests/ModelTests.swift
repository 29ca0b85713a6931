import TestDice
import Testing

@testable import Spool

/// Random operations on a store and on lists in memory, which must agree.
@Suite struct ModelTests {
  private struct Model {
    var known: [UInt64: SpoolEntry] = [:]
    /// Committed, in order; those done with leave.
    var waiting: [UInt64] = []
    var appended: [UInt64] = []
    /// Handed out since the store was opened, not done with.
    var handed: [(SpoolPosition, UInt64)] = []
    var lastHanded: UInt64 = 0
    /// Done with out of turn: the cursor on disk does not say so, and a new process may see them again.
    var maybe: Set<UInt64> = []
  }

  @Test(arguments: [UInt64.random(in: 0...UInt64.max), 1])
  func `A hundred thousand random steps agree with a model`(seed: UInt64) throws {
    print("seed \(seed)")
    var dice = Dice(seed: seed)
    let scratch = Scratch()
    var options = smallSegments(8192)
    options.groupBytes = 1500
    options.quotaBytes = 200_000
    if seed == 1 {
      scratch.write(Array(String(repeating: "5a", count: 32).utf8), scratch.path + "/key")
      options.keyFile = scratch.path + "/key"
    }
    var store = try Store(folder: scratch.path, options: options)
    var models: [SpoolClass: Model] = [:]
    var number: UInt64 = 0
    for step in 0..<50_000 {
      let spoolClass = SpoolClass.allCases[
        Int.random(in: 0..<SpoolClass.allCases.count, using: &dice)]
      var model = models[spoolClass] ?? Model()
      switch Int.random(in: 0..<1000, using: &dice) {
      case 0..<450:
        number += 1
        let entry = entry(
          number, source: spoolClass.name, count: Int.random(in: 0...600, using: &dice))
        model.known[number] = entry
        model.appended.append(number)
        try store.append(entry, to: spoolClass)
      case 450..<475:
        try store.beginCommit(spoolClass, waits: Bool.random(using: &dice))
        let lasting = model.appended.count - store.uncommittedCount(spoolClass)
        model.waiting += model.appended.prefix(lasting)
        model.appended.removeFirst(max(0, lasting))
      case 475..<500:
        try store.commit(spoolClass)
        model.waiting += model.appended
        model.appended = []
      case 500..<750:
        if let stored = try store.next(spoolClass) {
          let sequence = stored.entry.sequence
          #expect(stored.entry == model.known[sequence], "step \(step)")
          #expect(sequence > model.lastHanded, "step \(step): out of order")
          let skipped = model.waiting.filter { $0 > model.lastHanded && $0 < sequence }
          #expect(skipped.isEmpty, "step \(step): \(skipped) passed over")
          model.lastHanded = sequence
          model.handed.append((stored.position, sequence))
          // A full segment makes its records last before the commit is asked for.
          if let index = model.appended.firstIndex(of: sequence) {
            model.waiting += model.appended[...index]
            model.appended.removeFirst(index + 1)
          }
        } else {
          #expect(!model.waiting.contains { $0 > model.lastHanded }, "step \(step): nothing came")
        }
      case 750..<985:
        guard !model.handed.isEmpty else { break }
        // Mostly in order, as acknowledgements come.
        let index =
          Int.random(in: 0..<10, using: &dice) == 0
          ? Int.random(in: 0..<model.handed.count, using: &dice) : 0
        let (position, sequence) = model.handed.remove(at: index)
        if index > 0 { model.maybe.insert(sequence) }
        try store.done(position, in: spoolClass)
        model.waiting.removeAll { $0 == sequence }
      case 985..<995:
        try store.keep()
      default:
        for spoolClass in models.keys {
          let added = models[spoolClass]?.appended ?? []
          models[spoolClass]?.waiting += added
          models[spoolClass]?.appended = []
        }
        model.waiting += model.appended
        model.appended = []
        if spoolClass == .frames {
          try store.close()
          store = try Store(folder: scratch.path, options: options)
          for spoolClass in models.keys {
            models[spoolClass]?.handed = []
            models[spoolClass]?.lastHanded = 0
          }
          model.handed = []
          model.lastHanded = 0
        } else {
          for spoolClass in SpoolClass.allCases { try store.commit(spoolClass) }
          var losses: [SpoolLoss] = []
          try store.makeRoom { losses += $0 }
          models[spoolClass] = model
          for loss in losses {
            let range = loss.firstSequence...loss.lastSequence
            let gone = models[loss.spoolClass]?.waiting.filter(range.contains) ?? []
            let again = models[loss.spoolClass]?.maybe.filter(range.contains).count ?? 0
            #expect(
              (gone.count...gone.count + again).contains(loss.count), "step \(step): \(loss)")
            models[loss.spoolClass]?.waiting.removeAll(where: range.contains)
          }
          model = models[spoolClass] ?? model
        }
      }
      models[spoolClass] = model
    }
    for (spoolClass, model) in models {
      try store.commit(spoolClass)
      let waiting = model.waiting + model.appended
      let known = store.backlog(spoolClass).values.reduce(0, +)
      #expect((waiting.count...waiting.count + model.maybe.count).contains(known))
      let handed = model.maybe.union(model.handed.map(\.1))
      let left = try store.drain(spoolClass).map(\.sequence)
      #expect(left.filter { !handed.contains($0) } == waiting.filter { !handed.contains($0) })
    }
  }
}
