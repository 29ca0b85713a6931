import CPosix
import Glibc

/// The segments of one class. Used by one thread; every call may block on the disk.
final class ClassStore {
  let spoolClass: SpoolClass
  let folder: String
  let options: SpoolOptions
  let codec: BlockCodec
  let states: StateFile
  /// What the state on disk says, but for the cursors of `tracks`.
  var state: ClassState
  /// Segments that entries are taken from or appended to.
  var tracks: [UInt64: Track] = [:]
  /// Bytes on disk of the segments in `tracks`, without the one that is appended to.
  var trackedBytes: [UInt64: UInt64] = [:]
  /// All entries that are neither done with nor lost, but those that no commit covers yet.
  var backlog = SourceTable()
  /// What was lost to damage and the owner does not know of yet, each damage by itself.
  var untold: [SourceTable] = []
  var notices: [String] = []
  /// Bytes before and after compression, of this process.
  var rawBytes: UInt64 = 0
  var storedBytes: UInt64 = 0
  /// Appended since what lasts, in order.
  var uncommitted: [SpoolEntry] = []
  /// How many of them a commit that was begun covers.
  var committing = 0
  /// Made when a commit is begun for the first time.
  var syncer: Syncer?
  /// Those of them that wait to be written as one block.
  var group: [SpoolEntry] = []
  var groupBytes = 0
  var samples: [[UInt8]]? = []
  /// The age of the oldest segment, looked up once.
  var oldestSeen: (number: UInt64, appended: UInt64)?
  var oldestCreated: (number: UInt64, created: UInt64)?
  /// Whether the entries that are being appended came late.
  var isAppendingLate = false
  /// Segments that failed and could not be sealed yet; what was committed to them can still be read.
  var abandoned: [Track] = []
  /// The segment whose thinning was told of last.
  var toldThinning: UInt64?
  private let began: UInt64
  /// What the clock showed when the store was opened.
  private var clockBase: UInt64
  /// What the state on disk says of the clock.
  private(set) var storedClock: UInt64 = 0

  /// Opens the folder, or makes it, and recovers what a crash left.
  init(
    _ spoolClass: SpoolClass, folder: String, options: SpoolOptions, keys: SpoolKeys
  ) throws(SpoolError) {
    self.spoolClass = spoolClass
    self.folder = folder
    self.options = options
    codec = BlockCodec(keys)
    try Folder.make(folder)
    let (states, known, isNew) = try StateFile.open(folder + "/state", options.faults)
    self.states = states
    state = known ?? ClassState()
    if !state.lost.isEmpty { untold = [state.lost] }
    clockBase = state.clock
    began = options.monotonic()
    try loadDictionary()
    if known == nil { try rebuild(isNew: isNew) }
    try recover()
  }

  /// Milliseconds that the store has been open, in all its life. It has one base and one start, so that writing it
  /// down changes nothing.
  var clock: UInt64 {
    let now = options.monotonic()
    return clockBase + (now - min(now, began))
  }

  /// Sets the clock forward to when something on disk was written: the state that said so may be lost or old.
  func noteWritten(at time: UInt64) {
    let behind = time - min(time, clock)
    clockBase += behind
  }

  func path(_ number: UInt64, _ ending: String = "seg") -> String {
    let digits = String(number, radix: 16)
    return
      "\(folder)/\(String(repeating: "0", count: max(0, 16 - digits.count)))\(digits).\(ending)"
  }

  var active: Track? { state.active.flatMap { tracks[$0] } }

  /// Bytes on disk, sealed or not.
  var diskBytes: UInt64 {
    state.untouchedBytes + trackedBytes.values.reduce(0, +) + (active?.segment.end ?? 0)
  }

  var segmentCount: Int {
    state.untouched.reduce(0) { $0 + Int(clamping: $1.upperBound - $1.lowerBound) + 1 }
      + tracks.count
  }

  /// What the state on disk says was lost.
  var storedLost = SourceTable()

  /// Enters the cursors as they are now.
  private func noteCursors() {
    state.clock = clock
    state.cursors = [:]
    state.open = [:]
    for (number, track) in tracks where track.segment.isSealed {
      state.cursors[number] = track.cursor(track.outstanding())
    }
    state.late = state.late.filter(isKnown)
    if let active, !active.segment.isSealed { state.open[active.segment.number] = open(active) }
    for track in abandoned { state.open[track.segment.number] = open(track) }
  }

  private func open(_ track: Track) -> ClassState.Open {
    let cursor = track.cursor(outstanding(track))
    return .init(
      header: track.segment.header.bytes, count: track.segment.committedCount,
      end: track.segment.committedEnd, done: cursor.done, remaining: cursor.remaining,
      beyond: cursor.beyond)
  }

  private func isKnown(_ number: UInt64) -> Bool {
    tracks[number] != nil || state.active == number || state.left.contains(number)
      || state.untouched.contains { $0.contains(number) }
  }

  /// What is left of a segment, of what lasts.
  func outstanding(_ track: Track) -> SourceTable {
    guard track === active else { return track.outstanding() }
    return track.outstanding(without: uncommitted.prefix(max(0, uncommitted.count - group.count)))
  }

  /// Writes the state with the cursors as they are now.
  func writeState() throws(SpoolError) {
    noteCursors()
    try states.write(state)
    storedLost = state.lost
    storedClock = state.clock
    noteStored()
  }

  /// Leaves the cursors, and what commits have covered, with the system: they outlive the process.
  func jotState() {
    noteCursors()
    states.jot(state)
    noteStored()
  }

  private func noteStored() {
    for track in Array(tracks.values) + abandoned { track.noteStored() }
  }

  // MARK: Appending

  /// Takes an entry; it lasts once `commit` has returned.
  /// - Parameter isLate: whether it belongs before entries of its source that were appended before it.
  func append(_ entry: SpoolEntry, isLate: Bool = false) throws(SpoolFailure) {
    do {
      if let number = state.active, state.late.contains(number) != isLate { try seal() }
    } catch {
      uncommitted.append(entry)
      group.append(entry)
      throw giveBack(error)
    }
    isAppendingLate = isLate
    uncommitted.append(entry)
    group.append(entry)
    groupBytes += entry.encodedCount
    do {
      if !spoolClass.isGrouped || groupBytes >= options.groupBytes { try writeGroup() }
    } catch {
      throw giveBack(error)
    }
  }

  func writeGroup() throws(SpoolError) {
    guard !group.isEmpty else { return }
    let rawCount = groupBytes
    let entries = group
    let segment = try segment(withRoomFor: rawCount)
    var writer = ByteWriter()
    let single = entries.count == 1 ? entries.first : nil
    writer.bytes.reserveCapacity(single.map { $0.encodedCount - $0.body.count } ?? rawCount)
    for entry in entries {
      entry.encodePrefix(into: &writer)
      if single == nil { writer.bytes += entry.body }
    }
    var block = BlockHeader(
      encoding: .raw, storedCount: rawCount, rawCount: rawCount, entryCount: entries.count,
      firstOrdinal: segment.entryCount, appended: clock)
    let packed = pack(writer.bytes, single)
    if let packed {
      block.encoding = .zstd
      block.storedCount = packed.count
    }
    let prefix = packed ?? writer.bytes
    let body = packed == nil ? single?.body ?? [] : []
    let stored = try segment.append(block, parts: [prefix, body], of: entries, codec)
    rawBytes += UInt64(rawCount)
    storedBytes += UInt64(stored)
    tracks[segment.number]?.noteAppended(entries)
    group = []
    groupBytes = 0
  }

  /// The bytes of a block compressed, where that pays: groups whole, a large record by a probe first.
  private func pack(_ bytes: [UInt8], _ single: SpoolEntry?) -> [UInt8]? {
    guard let single else {
      learn()
      return codec.zstandard.compress(bytes)
    }
    let isWorthwhile = unsafe single.body.withUnsafeBytes { body in
      unsafe body.count > 64 << 10 ? codec.zstandard.isWorthwhile(body) : true
    }
    return isWorthwhile ? codec.zstandard.compress(bytes + single.body) : nil
  }

  /// The segment to append to, a new one where the last is full.
  private func segment(withRoomFor count: Int) throws(SpoolError) -> Segment {
    let need = UInt64(count + SegmentFormat.blockHeaderCount + 16 + BlockCipher.overhead)
    if let active {
      if active.segment.entryCount == 0 || active.segment.end + need <= options.segmentBytes {
        return active.segment
      }
      try seal(isFollowed: true)
    }
    CrashPoint.pass(.beforeReserve)
    let number = state.nextNumber
    state.nextNumber += 1
    state.active = number
    if isAppendingLate { state.late.append(number) }
    do {
      try writeState()
      CrashPoint.pass(.afterReserve)
      var uuid = [UInt8](repeating: 0, count: 16)
      unsafe vp_random(&uuid, uuid.count)
      var wall = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &wall)
      let header = SegmentHeader(
        spoolClass: spoolClass, number: number, uuid: uuid,
        createdWall: Int64(wall.tv_sec) * 1_000_000 + Int64(wall.tv_nsec) / 1000, created: clock,
        keyID: codec.keyID)
      let segment = try Segment.create(
        path: path(number, "open"), folder: folder, header: header,
        capacity: max(options.segmentBytes, need + UInt64(SegmentFormat.headerCount)),
        faults: options.faults)
      tracks[number] = Track(segment)
      return segment
    } catch {
      state.active = nil
      throw error
    }
  }

  /// Ends the segment that is appended to.
  /// - Parameter isFollowed: whether the next one is made at once: what is told to the folder and to the state then
  ///   waits for what the next one has to tell them.
  func seal(isFollowed: Bool = false) throws(SpoolError) {
    guard let active else { return }
    try finishCommit()
    try active.segment.seal()
    // All that was written to it lasts now; a group that was not written goes to the next one.
    noteCommitted(uncommitted.count - group.count)
    try putAway(active, isFollowed: isFollowed)
  }

  /// Gives a sealed segment its name, and books it.
  func putAway(_ track: Track, isFollowed: Bool = false) throws(SpoolError) {
    let number = track.segment.number
    if track.isDone {
      state.left.removeAll { $0 == number }
      try finish(track)
      return
    }
    // It may have its name already, where what follows failed before.
    if !Folder.exists(path(number)) {
      try Folder.rename(path(number, "open"), path(number), options.faults)
    }
    CrashPoint.pass(.afterRename)
    if !isFollowed { try Folder.sync(folder, options.faults) }
    if state.active == number { state.active = nil }
    state.left.removeAll { $0 == number }
    book(track)
    if track.isDone {
      try finish(track)
    } else if !isFollowed {
      try writeState()
    }
  }

  /// Enters a sealed segment, as untouched where nothing was taken from it.
  func book(_ track: Track) {
    let number = track.segment.number
    if track.isUntouched {
      tracks[number] = nil
      trackedBytes[number] = nil
      state.addUntouched(number)
      state.untouchedTable.add(track.segment.table)
      state.untouchedBytes += track.segment.file.size
    } else {
      tracks[number] = track
      trackedBytes[number] = track.segment.file.size
    }
  }

  /// Deletes a segment that is done with.
  func finish(_ track: Track) throws(SpoolError) {
    let number = track.segment.number
    tracks[number] = nil
    trackedBytes[number] = nil
    if state.active == number { state.active = nil }
    try delete(number)
  }

  /// The state first, so that a crash in between leaves a file that is known to be done with.
  func delete(_ number: UInt64) throws(SpoolError) {
    state.deleting.append(number)
    try writeState()
    CrashPoint.pass(.beforeDelete)
    try clearAway(number)
    CrashPoint.pass(.afterDelete)
  }

  /// Deletes the files of a segment that is done with. In a folder that is gone nothing is deleted: it may
  /// come back.
  private func clearAway(_ number: UInt64) throws(SpoolError) {
    guard Folder.exists(folder) else {
      throw SpoolError(.disk, errno: ENOENT, "the folder \(folder) is gone")
    }
    try Folder.remove(path(number), options.faults)
    try Folder.remove(path(number, "open"), options.faults)
    state.deleting.removeAll { $0 == number }
  }

  /// Tries again what failed before.
  func catchUp() throws(SpoolError) {
    try retryAbandoned()
    // As in `delete`: files whose state could not be written are not known to be done with.
    try writeState()
    for number in state.deleting { try clearAway(number) }
  }
}
