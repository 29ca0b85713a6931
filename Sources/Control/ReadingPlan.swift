/// What a partition's reader died of, as far as it is known. It is written down before the next reader is started.
package struct ReadingSuspect: Equatable, Sendable {
  /// The offset that was to be read when it first died.
  package var offset: Int64
  /// What has come together against it; see `ReadingPlan.points`.
  package var points = 0
  /// The last offset from which a reader died; nil while it is not certain that it is this partition's fault.
  package var dead: Int64?
  /// The first offset from which one is known to live.
  package var alive: Int64?

  package init(offset: Int64) { self.offset = offset }

  /// Where it is tried next whether a reader lives: in steps that double, so that a batch of one record costs one try, then
  /// between the last that died and the first that lived. Never beyond what an offset may be.
  var nextTry: Int64? {
    guard let dead else { return nil }
    if let alive { return dead + (alive - dead) / 2 }
    let step = dead == offset ? 1 : (dead - offset) * 2
    return min(offset + step, ReaderFrame.offsetMax)
  }

  /// For the gallery's file.
  var bytes: [UInt8] {
    let numbers = [offset, Int64(points), dead ?? -1, alive ?? -1]
    return Array(numbers.map { String($0) }.joined(separator: " ").utf8)
  }

  /// Nil for what this node has not written.
  init?(_ bytes: [UInt8]) {
    let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").map { Int64($0) }
    let range = -1...ReaderFrame.offsetMax
    guard numbers.count == 4, let offset = numbers[0], let points = numbers[1],
      let dead = numbers[2], let alive = numbers[3], offset >= 0,
      numbers.allSatisfy({ $0.map(range.contains) ?? false }),
      dead < 0 || dead >= offset, alive < 0 || alive > max(offset, dead)
    else { return nil }
    self.offset = offset
    self.points = Int(min(points, 1000))
    self.dead = dead < 0 ? nil : dead
    self.alive = alive < 0 ? nil : alive
  }
}

/// Which partitions the next reader reads. Usually all of them. When a reader dies it is not known of what: those that
/// follow read half of the partitions each, then half of these, until the one is alone of which they die. What is
/// known to be read to its end is out of suspicion.
struct ReadingPlan {
  struct Run: Equatable {
    /// Nil for all.
    var partitions: [Int32]?
    /// Whether this is to find out from which offset on a reader of the only partition lives; what it reads is read again.
    var tries: Int64?
  }

  /// What becomes of a partition's record of deaths.
  enum Change: Equatable {
    case keep(ReadingSuspect)
    case forget
    /// From the offset on that was to be read up to, but not with, the other.
    case skip(from: Int64, to: Int64)
  }

  /// Against a partition: what the process did by itself, and what others may have done to it. Two deaths of the first kind
  /// at the same offset are enough, or six of the second.
  private static let ownPoints = 3
  private static let outsidePoints = 1
  private static let pointsMax = 6
  /// A try is one of a row: one death tells, or three of those that others may have caused.
  private static let triedPointsMax = 3
  /// Partitions of which it is written down that one of them is to blame, at most.
  private static let notedMax = 64

  private var groups: [[Int32]] = []
  private(set) var suspects: [Int32: ReadingSuspect]
  /// After so many deaths of a partition's readers the others are read: they are not to wait until the cause is found out.
  private static let deathsInARow = 8
  /// Deaths since something was last read.
  private var deaths = 0

  /// - Parameter suspects: as they were written down.
  init(suspects: [Int32: ReadingSuspect]) {
    self.suspects = suspects
    groups = suspects.keys.sorted().map { [$0] }
  }

  /// - Parameter offsets: that are to be read next.
  func next(_ offsets: [Int32: Int64]) -> Run {
    guard let group = groups.first else { return Run() }
    guard group.count == 1, let suspect = suspects[group[0]], let tries = suspect.nextTry,
      offsets[group[0]].map({ $0 == suspect.offset }) ?? true
    else { return Run(partitions: group) }
    return Run(partitions: group, tries: tries)
  }

  /// Milliseconds until the next reader is started: 200, and twice as many with each death up to 5 s, but for while it is sought
  /// from where on a reader lives, which has an end.
  var pauseMilliseconds: Int32 {
    let isSeeking = suspects.values.contains { $0.dead != nil }
    return deaths > 0 ? min(200 << Int32(min(deaths - 1, 5)), isSeeking ? 200 : 5000) : 0
  }

  /// A reader has read something.
  mutating func progressed() { deaths = 0 }

  /// A reader of these partitions came to the end of all of them.
  mutating func finished(_ run: Run) { groups.removeAll { $0 == run.partitions } }

  /// A reader of these partitions could not read all of them, for one may be offline.
  /// - Parameter ended: those that it could.
  mutating func unfinished(_ run: Run, ended: Set<Int32>) {
    guard let group = run.partitions else { return }
    groups.removeAll { $0 == group }
    let left = group.filter { !ended.contains($0) }
    if group.count > 1, !left.isEmpty { split(left, nil) }
  }

  /// Nothing is known any more of what there is in the topic.
  mutating func restart() { groups = [] }

  /// A reader died before it began to read: that is no partition's fault.
  mutating func diedEarly() { deaths += 1 }

  /// A reader died.
  /// - Parameters:
  ///   - count: of the topic's partitions.
  ///   - culprit: the partition that it died of, where that is known.
  ///   - positions: the offset that was to be read next of each partition.
  /// - Returns: what is to be written down, by partition.
  mutating func died(
    _ run: Run, of death: ReaderDeath, count: Int32, culprit: Int32?, positions: [Int32: Int64]
  ) -> [Int32: Change] {
    deaths += 1
    let all = Array(0..<max(1, count))
    guard let partition = run.partitions?.first, run.partitions?.count == 1 else {
      let group = run.partitions ?? all
      split(group, culprit)
      return suspect(group, positions)
    }
    let group = [partition]
    groups.removeAll { $0 == group }
    let others = all.filter { $0 != partition }
    if groups.isEmpty, !others.isEmpty, deaths % Self.deathsInARow == 0 { groups = [others] }
    groups.append(group)
    let position = positions[partition] ?? suspects[partition]?.offset ?? 0
    var suspect = suspects[partition] ?? ReadingSuspect(offset: position)
    // Something was read since: another place.
    if run.tries == nil, suspect.offset != position { suspect = ReadingSuspect(offset: position) }
    suspect.points += death.isFromOutside ? Self.outsidePoints : Self.ownPoints
    if run.tries != nil {
      if suspect.points >= Self.triedPointsMax {
        // Where it really began.
        let dead = max(suspect.dead ?? suspect.offset, position)
        suspect.dead = dead
        suspect.points = 0
        if let alive = suspect.alive, alive - dead <= 1 {
          return [partition: skip(partition, suspect, to: alive)]
        }
      }
    } else if suspect.dead == nil, suspect.points >= Self.pointsMax {
      suspect.dead = suspect.offset
      suspect.points = 0
    }
    suspects[partition] = suspect
    return [partition: .keep(suspect)]
  }

  /// A box that is started again before more is known goes on with each of them alone.
  private mutating func suspect(
    _ group: [Int32], _ positions: [Int32: Int64]
  ) -> [Int32: Change] {
    guard group.count <= Self.notedMax else { return [:] }
    var changes: [Int32: Change] = [:]
    for partition in group where suspects[partition] == nil {
      let suspect = ReadingSuspect(offset: positions[partition] ?? 0)
      suspects[partition] = suspect
      changes[partition] = .keep(suspect)
    }
    return changes
  }

  /// A reader of one partition lived where it was tried.
  /// - Parameter offset: where it really began: nearer where the partition does not go so far.
  mutating func lived(_ run: Run, at offset: Int64) -> Change? {
    guard let partition = run.partitions?.first, var suspect = suspects[partition],
      let dead = suspect.dead
    else { return nil }
    deaths = 0
    // There is nothing any more where it died.
    guard offset > dead else { return forget(partition) }
    suspect.alive = offset
    suspect.points = 0
    if offset - dead <= 1 { return skip(partition, suspect, to: offset) }
    suspects[partition] = suspect
    return .keep(suspect)
  }

  /// - Returns: `.forget` where something is written down of it.
  mutating func forget(_ partition: Int32) -> Change? {
    suspects.removeValue(forKey: partition) == nil ? nil : .forget
  }

  private mutating func skip(_ partition: Int32, _ suspect: ReadingSuspect, to end: Int64) -> Change
  {
    suspects[partition] = nil
    return .skip(from: suspect.offset, to: end)
  }

  private mutating func split(_ group: [Int32], _ culprit: Int32?) {
    groups.removeAll { $0 == group }
    if let culprit, group.contains(culprit) {
      let others = group.filter { $0 != culprit }
      groups = [[culprit]] + (others.isEmpty ? [] : [others]) + groups.filter { $0 != [culprit] }
    } else if group.count == 1 {
      groups = [group] + groups
    } else {
      let half = group.count / 2
      groups = [Array(group[..<half]), Array(group[half...])] + groups
    }
  }
}
