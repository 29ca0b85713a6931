/// What a class must remember beside its segments. It is small and written whole.
struct ClassState: Equatable {
  /// A segment that entries were taken from.
  struct Cursor: Equatable {
    /// Entries from its start that are done with.
    var done: UInt64
    /// What was neither done with nor lost.
    var remaining: SourceTable
  }

  /// Sealed segments that nothing was taken from yet, as ranges of their numbers, ascending.
  var untouched: [ClosedRange<UInt64>] = []
  /// What is in those.
  var untouchedTable = SourceTable()
  var untouchedBytes: UInt64 = 0
  var cursors: [UInt64: Cursor] = [:]
  var nextNumber: UInt64 = 1
  /// The segment being appended to; its number is reserved here before the file is made.
  var active: UInt64?
  /// Segments that failed while they were appended to, and have no name of their own yet.
  var left: [UInt64] = []
  /// Segments that are done with, whose files may still be there.
  var deleting: [UInt64] = []
  /// Untouched segments up to this number were thinned.
  var thinnedUpTo: UInt64 = 0
  /// A segment whose thinned copy may just have taken its place, and what that took away.
  var thinning: UInt64?
  var thinnedTable = SourceTable()
  var thinnedBytes: UInt64 = 0
  /// Milliseconds that the store has been open, in all its life: an age by it cannot jump.
  var clock: UInt64 = 0
  /// What was lost to damage, until the owner says that it has put that down for good.
  var lost = SourceTable()

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.put(nextNumber)
    writer.put(active ?? 0)
    writer.put(clock)
    writer.put(thinnedUpTo)
    writer.put(thinning ?? 0)
    writer.put(thinnedBytes)
    writer.put(untouchedBytes)
    writer.put(UInt32(untouched.count))
    for range in untouched {
      writer.put(range.lowerBound)
      writer.put(range.upperBound)
    }
    writer.put(UInt32(cursors.count))
    for (number, cursor) in cursors.sorted(by: { $0.key < $1.key }) {
      writer.put(number)
      writer.put(cursor.done)
      cursor.remaining.encode(into: &writer)
    }
    writer.put(UInt32(deleting.count))
    for number in deleting { writer.put(number) }
    writer.put(UInt32(left.count))
    for number in left { writer.put(number) }
    untouchedTable.encode(into: &writer)
    thinnedTable.encode(into: &writer)
    lost.encode(into: &writer)
    return writer.bytes
  }

  init() {}

  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    func number() -> UInt64? { reader.get(UInt64.self) }
    func count() -> UInt32? { reader.get(UInt32.self) }
    guard let next = number(), let active = number(), let clock = number(), let thinned = number(),
      let thinning = number(), let thinnedBytes = number(), let bytes = number()
    else { return nil }
    nextNumber = next
    self.active = active == 0 ? nil : active
    self.clock = clock
    thinnedUpTo = thinned
    self.thinning = thinning == 0 ? nil : thinning
    self.thinnedBytes = thinnedBytes
    untouchedBytes = bytes
    guard let ranges = count() else { return nil }
    for _ in 0..<ranges {
      guard let first = number(), let last = number(), first <= last else { return nil }
      untouched.append(first...last)
    }
    guard let cursorCount = count() else { return nil }
    for _ in 0..<cursorCount {
      guard let segment = number(), let done = number(),
        let remaining = SourceTable(from: &reader)
      else { return nil }
      cursors[segment] = Cursor(done: done, remaining: remaining)
    }
    guard let deletions = count() else { return nil }
    for _ in 0..<deletions {
      guard let segment = number() else { return nil }
      deleting.append(segment)
    }
    guard let leftCount = count() else { return nil }
    for _ in 0..<leftCount {
      guard let segment = number() else { return nil }
      left.append(segment)
    }
    guard let table = SourceTable(from: &reader), let thinnedTable = SourceTable(from: &reader),
      let lost = SourceTable(from: &reader)
    else { return nil }
    untouchedTable = table
    self.thinnedTable = thinnedTable
    self.lost = lost
  }

  mutating func addUntouched(_ number: UInt64) {
    if let last = untouched.last, last.upperBound + 1 == number {
      untouched[untouched.count - 1] = last.lowerBound...number
    } else {
      untouched.append(number...number)
      untouched.sort { $0.lowerBound < $1.lowerBound }
    }
  }

  mutating func removeUntouched(_ number: UInt64) {
    guard let index = untouched.firstIndex(where: { $0.contains(number) }) else { return }
    let range = untouched.remove(at: index)
    if number < range.upperBound { untouched.insert(number + 1...range.upperBound, at: index) }
    if range.lowerBound < number { untouched.insert(range.lowerBound...number - 1, at: index) }
  }
}

/// The state on disk: two slots, written in turn, so that one is always whole.
final class StateFile {
  private static let magic: UInt64 = 0x0A32_5453_4C50_5356  // "VSPLST2\n"
  private static let slotCount = 128 << 10
  private static let headerCount = 32

  private var file: StoreFile
  private var generation: UInt64 = 0

  private init(file: StoreFile) { self.file = file }

  /// Opens the file, or makes it.
  /// - Returns: no state where no slot is sound; `isNew` where there was no file.
  static func open(
    _ path: String, _ faults: DiskFaults
  ) throws(SpoolError) -> (file: StateFile, state: ClassState?, isNew: Bool) {
    let isNew = !Folder.exists(path)
    let states = StateFile(file: try StoreFile.openOrCreate(path, faults))
    var newest: ClassState?
    for slot in 0..<2 {
      guard let (generation, state) = try states.read(slot), generation >= states.generation else {
        continue
      }
      states.generation = generation
      newest = state
    }
    return (states, newest, isNew || states.file.size == 0)
  }

  /// The state as it is on disk, while another process may be writing it; nil where there is none.
  static func peek(_ path: String) throws(SpoolError) -> ClassState? {
    guard Folder.exists(path) else { return nil }
    let states = StateFile(file: try StoreFile.openForReading(path, DiskFaults()))
    let slots = [try states.read(0), try states.read(1)].compactMap { $0 }
    return slots.max { $0.0 < $1.0 }?.1
  }

  private func read(_ slot: Int) throws(SpoolError) -> (UInt64, ClassState)? {
    let offset = UInt64(slot * Self.slotCount)
    var reader = ByteReader(try file.read(count: Self.headerCount, at: offset))
    guard reader.get(UInt64.self) == Self.magic, let generation = reader.get(UInt64.self),
      let count = reader.get(UInt32.self), Int(count) <= Self.slotCount - Self.headerCount,
      let expected = reader.get(UInt32.self)
    else { return nil }
    let bytes = try file.read(count: Int(count), at: offset + UInt64(Self.headerCount))
    guard bytes.count == Int(count), Self.checksum(generation, bytes) == expected,
      let state = ClassState(bytes)
    else { return nil }
    return (generation, state)
  }

  private static func checksum(_ generation: UInt64, _ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    checksum.add(generation)
    checksum.add(bytes)
    return checksum.value
  }

  /// Writes the state and makes it last.
  func write(_ state: ClassState) throws(SpoolError) {
    CrashPoint.pass(.beforeState)
    // A slot is always written whole, so another descriptor may be trusted with it.
    if file.isTainted { file = try file.reopened() }
    let bytes = state.bytes
    guard bytes.count <= Self.slotCount - Self.headerCount else {
      throw SpoolError(.disk, "the state of \(file.path) has outgrown its slot")
    }
    var writer = ByteWriter()
    writer.put(Self.magic)
    writer.put(generation + 1)
    writer.put(UInt32(bytes.count))
    writer.put(Self.checksum(generation + 1, bytes))
    writer.put(UInt64(0))
    writer.bytes += bytes
    let offset = UInt64(Int((generation + 1) % 2) * Self.slotCount)
    if CrashPoint.isDue(.withinState) {
      try file.write(Array(writer.bytes.prefix(writer.bytes.count / 2)), at: offset)
      CrashPoint.die()
    }
    try file.write(writer.bytes, at: offset)
    try file.sync()
    generation += 1
    CrashPoint.pass(.afterState)
  }
}
