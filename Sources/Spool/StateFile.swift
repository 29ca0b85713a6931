/// The state on disk. Two slots are written in turn and made to last, so that one is always whole. Two more are written
/// without waiting for the disk, after each commit: they outlive the process, though perhaps not the machine.
final class StateFile {
  private static let magic: UInt64 = 0x0A32_5453_4C50_5356  // "VSPLST2\n"
  private static let jotMagic: UInt64 = 0x0A31_5442_4C50_5356  // "VSPLBT1\n"
  private static let slotCount = 128 << 10
  private static let headerCount = 32

  /// Which of two states is the newer one.
  private struct Age: Comparable {
    /// Of what lasts.
    var generation: UInt64
    /// Jottings since.
    var jots: UInt64

    static func < (left: Age, right: Age) -> Bool {
      (left.generation, left.jots) < (right.generation, right.jots)
    }
  }

  private var file: StoreFile
  private var age = Age(generation: 0, jots: 0)

  private init(file: StoreFile) { self.file = file }

  /// Opens the file, or makes it.
  /// - Returns: no state where no slot is sound; `isNew` where there was no file.
  static func open(
    _ path: String, _ faults: DiskFaults
  ) throws(SpoolError) -> (file: StateFile, state: ClassState?, isNew: Bool) {
    let isNew = !Folder.exists(path)
    let states = StateFile(file: try StoreFile.openOrCreate(path, faults))
    let newest = try states.newest()
    return (states, newest, isNew)
  }

  /// The state as it is on disk, while another process may be writing it; nil where there is none.
  static func peek(_ path: String) throws(SpoolError) -> ClassState? {
    guard Folder.exists(path) else { return nil }
    return try StateFile(file: try StoreFile.openForReading(path, DiskFaults())).newest()
  }

  private func newest() throws(SpoolError) -> ClassState? {
    var newest: ClassState?
    for slot in 0..<4 {
      guard let (age, state) = try read(slot), newest == nil || age > self.age else { continue }
      self.age = age
      newest = state
    }
    return newest
  }

  private static func isJot(_ slot: Int) -> Bool { slot >= 2 }

  private func read(_ slot: Int) throws(SpoolError) -> (Age, ClassState)? {
    let offset = UInt64(slot * Self.slotCount)
    var reader = ByteReader(try file.read(count: Self.headerCount, at: offset))
    let magic = Self.isJot(slot) ? Self.jotMagic : Self.magic
    guard reader.get(UInt64.self) == magic, let generation = reader.get(UInt64.self),
      let count = reader.get(UInt32.self), Int(count) <= Self.slotCount - Self.headerCount,
      let expected = reader.get(UInt32.self), let jots = reader.get(UInt64.self),
      generation < SourceTable.countMax, jots < SourceTable.countMax
    else { return nil }
    let age = Age(generation: generation, jots: Self.isJot(slot) ? jots : 0)
    let bytes = try file.read(count: Int(count), at: offset + UInt64(Self.headerCount))
    guard bytes.count == Int(count), Self.checksum(age, bytes) == expected,
      let state = ClassState(bytes)
    else { return nil }
    return (age, state)
  }

  private static func checksum(_ age: Age, _ bytes: [UInt8]) -> UInt32 {
    var checksum = Checksum()
    checksum.add(age.generation)
    if age.jots > 0 { checksum.add(age.jots) }
    checksum.add(bytes)
    return checksum.value
  }

  private static func slot(_ age: Age, _ bytes: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.put(age.jots > 0 ? jotMagic : magic)
    writer.put(age.generation)
    writer.put(UInt32(bytes.count))
    writer.put(checksum(age, bytes))
    writer.put(age.jots)
    writer.bytes += bytes
    return writer.bytes
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
    let next = Age(generation: age.generation + 1, jots: 0)
    let slot = Self.slot(next, bytes)
    let offset = UInt64(Int(next.generation % 2) * Self.slotCount)
    if CrashPoint.isDue(.withinState) {
      try file.write(Array(slot.prefix(slot.count / 2)), at: offset)
      CrashPoint.die()
    }
    try file.write(slot, at: offset)
    try file.sync()
    age = next
    CrashPoint.pass(.afterState)
  }

  /// Leaves the state with the system, where it outlives the process. Where that fails, the one before counts.
  func jot(_ state: ClassState) {
    let bytes = state.bytes
    guard !file.isTainted, age.generation > 0, bytes.count <= Self.slotCount - Self.headerCount
    else {
      return
    }
    let next = Age(generation: age.generation, jots: age.jots + 1)
    let offset = UInt64(Int(2 + next.jots % 2) * Self.slotCount)
    guard (try? file.write(Self.slot(next, bytes), at: offset)) != nil else { return }
    age = next
  }
}
