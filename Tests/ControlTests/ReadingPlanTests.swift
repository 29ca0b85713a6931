import TestDice
import Testing

@testable import Control

/// How it is found out what kills the reader, against a topic whose batches are known.
@Suite("Finding what kills the reader") struct ReadingPlanTests {
  private static let crash = ReaderDeath(.signal(6))
  private static let killed = ReaderDeath(.signal(9))

  /// A topic; its readers die where a batch is bad.
  private struct Topic {
    struct Batch {
      var records: Int64
      var isBad = false
    }

    var partitions: [Int32: [Batch]]
    var offsets: [Int32: Int64] = [:]
    var plan = ReadingPlan(suspects: [:])
    var written: [Int32: ReadingSuspect] = [:]
    /// By partition.
    var read: [Int32: Set<Int64>] = [:]
    var skipped: [(partition: Int32, offsets: Range<Int64>)] = []
    var deaths = 0

    func batch(_ partition: Int32, at offset: Int64) -> (range: Range<Int64>, isBad: Bool)? {
      var first: Int64 = 0
      for batch in partitions[partition] ?? [] {
        if offset < first + batch.records { return (first..<first + batch.records, batch.isBad) }
        first += batch.records
      }
      return nil
    }

    mutating func note(_ change: ReadingPlan.Change?, _ partition: Int32) {
      switch change {
      case .keep(let suspect):
        // As the file gives it back.
        #expect(ReadingSuspect(suspect.bytes) == suspect)
        written[partition] = suspect
      case .forget: written[partition] = nil
      case .skip(let from, let to):
        written[partition] = nil
        skipped.append((partition, from..<to))
        offsets[partition] = to
      case nil: break
      }
    }

    /// One reader; false once there is nothing to do.
    mutating func turn(_ death: ReaderDeath, killsAnyway: Bool = false) -> Bool {
      let run = plan.next(offsets)
      let wanted = run.partitions ?? partitions.keys.sorted()
      var positions: [Int32: Int64] = [:]
      for partition in wanted {
        let end = (partitions[partition] ?? []).reduce(0) { $0 + $1.records }
        positions[partition] = min(run.tries ?? offsets[partition] ?? 0, end)
      }
      for partition in wanted {
        while let batch = batch(partition, at: positions[partition] ?? 0) {
          if batch.isBad || killsAnyway {
            deaths += 1
            let changes = plan.died(
              run, of: death, count: Int32(partitions.count), culprit: nil, positions: positions)
            for (partition, change) in changes { note(change, partition) }
            return true
          }
          if run.tries != nil { break }
          read[partition, default: []].formUnion(
            (positions[partition] ?? 0)..<batch.range.upperBound)
          positions[partition] = batch.range.upperBound
          offsets[partition] = batch.range.upperBound
          plan.progressed()
        }
        if run.tries != nil {
          note(plan.lived(run, at: positions[partition] ?? 0), partition)
          return true
        }
        if run.partitions != nil { note(plan.forget(partition), partition) }
      }
      plan.finished(run)
      return run.partitions != nil
    }

    mutating func restart() { plan = ReadingPlan(suspects: written) }
  }

  @Test("loses nothing of what is good beside a bad batch, and soon ends", arguments: 0..<400)
  func topics(seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    var topic = Topic(partitions: [:])
    let isRestarting = dice.below(2) == 0
    for partition in 0..<Int32(1 + dice.below(6)) {
      var batches: [Topic.Batch] = []
      for _ in 0..<dice.below(8) {
        batches.append(.init(records: Int64(1 + dice.below(200))))
        // Never two in a row.
        if dice.below(6) == 0 {
          batches.append(.init(records: Int64(1 + dice.below(3) * dice.below(500)), isBad: true))
          batches.append(.init(records: 2000))
        }
      }
      topic.partitions[partition] = batches
    }
    var turns = 0
    while topic.turn(Self.crash), turns < 2000 {
      turns += 1
      if isRestarting { topic.restart() }
    }
    for (partition, batches) in topic.partitions {
      var first: Int64 = 0
      for batch in batches {
        let range = first..<first + batch.records
        first = range.upperBound
        let read = topic.read[partition] ?? []
        #expect(read.intersection(Set(range)).count == (batch.isBad ? 0 : range.count), "\(range)")
        guard batch.isBad else { continue }
        #expect(topic.skipped.contains { $0.partition == partition && $0.offsets == range })
      }
    }
    let bad = topic.partitions.values.joined().count { $0.isBad }
    #expect(topic.skipped.count == bad)
    // Two at the place, those that tell which partition it is, and those that find the end.
    #expect(topic.deaths <= bad * 40, "\(topic.deaths) for \(bad)")
    #expect(topic.written.isEmpty)
  }

  @Test("a batch of one record costs three readers of a topic with one partition") func single() {
    var topic = Topic(partitions: [0: [.init(records: 3), .init(records: 1, isBad: true)]])
    while topic.turn(Self.crash) {}
    #expect(topic.deaths == 3)
    #expect(topic.skipped.map(\.offsets) == [3..<4])
  }

  @Test("goes on in a box that is started again after each death") func restarts() {
    var topic = Topic(partitions: [
      0: [.init(records: 9)], 1: [.init(records: 50, isBad: true), .init(records: 100)],
    ])
    var turns = 0
    while topic.turn(Self.crash), turns < 100 {
      topic.restart()
      turns += 1
    }
    #expect(topic.skipped.map(\.offsets) == [0..<50])
    #expect(topic.read[1]?.count == 100)
    #expect(topic.read[0]?.count == 9)
  }

  @Test("readers that others kill cost no good command, unless it is six times at one place")
  func killedByOthers() {
    var topic = Topic(partitions: [0: [.init(records: 9)]])
    for _ in 0..<6 { _ = topic.turn(Self.killed, killsAnyway: true) }
    while topic.turn(Self.killed) {}
    #expect(topic.skipped.isEmpty)
    #expect(topic.read[0]?.count == 9)
    #expect(topic.written.isEmpty)
    // What has killed six in a row at one place is taken for the cause, whoever did it.
    topic = Topic(partitions: [0: [.init(records: 9, isBad: true), .init(records: 20)]])
    var turns = 0
    while topic.turn(Self.killed), turns < 100 { turns += 1 }
    #expect(topic.skipped.map(\.offsets) == [0..<9])
  }

  @Test("the pause grows to five seconds, and is short again once something was read") func pauses()
  {
    var plan = ReadingPlan(suspects: [:])
    #expect(plan.pauseMilliseconds == 0)
    var pauses: [Int32] = []
    for _ in 0..<7 {
      plan.diedEarly()
      pauses.append(plan.pauseMilliseconds)
    }
    #expect(pauses == [200, 400, 800, 1600, 3200, 5000, 5000])
    plan.progressed()
    #expect(plan.pauseMilliseconds == 0)
  }

  @Test("what the file says of it is believed only where this node can have written it")
  func stored() {
    for text in [
      "", "1 2 3", "a b c d", "-1 0 -1 -1", "5 0 4 -1", "5 0 6 6", "1 0 9223372036854775807 -1",
      "5 0 -1 5", "9223372036854775807 0 -1 -1",
    ] {
      #expect(ReadingSuspect(Array(text.utf8)) == nil, "\(text)")
    }
    #expect(ReadingSuspect(Array("5 3 -1 -1".utf8))?.points == 3)
    var suspect = ReadingSuspect(offset: 1 << 59)
    suspect.dead = 1 << 60
    #expect(suspect.nextTry == 1 << 60)
  }
}
