extension ClassStore {
  /// The oldest segment that is not being sent, or nil.
  func droppable() -> UInt64? {
    let untouched = state.untouched.first?.lowerBound
    let idle = tracks.values.filter { $0.segment.isSealed && $0.handedCount == 0 }
      .map(\.segment.number).min()
    return [untouched, idle].compactMap { $0 }.min()
  }

  /// Gives up the oldest segment that is not being sent.
  /// - Parameter tell: is told of the losses before the segment goes, so that no crash can hide them.
  /// - Returns: false where there is none.
  func dropOldest(
    _ reason: LossReason, _ tell: ([SpoolLoss]) throws(SpoolError) -> Void
  ) throws(SpoolError) -> Bool {
    if droppable() == nil, let active, active.handedCount == 0, active.segment.entryCount > 0 {
      try seal()
    }
    guard let number = droppable() else { return false }
    var found = tracks[number]
    if found == nil { found = try touch(number) }
    guard let track = found else { return true }
    try tell(track.remaining.losses(spoolClass, reason))
    backlog.subtract(track.remaining)
    try finish(track)
    return true
  }

  /// The seconds since the newest entry of the oldest segment that is not being sent was appended; nil
  /// where there is none.
  func oldestAge() throws(SpoolError) -> Double? {
    guard let number = droppable() else {
      // A quiet class has no more than the segment that it is appended to.
      guard let active, active.handedCount == 0, active.readableCount > active.doneCount else {
        return nil
      }
      return Double(clock - min(clock, active.segment.lastAppended)) / 1000
    }
    if oldestSeen?.number != number {
      var segment = tracks[number]?.segment
      if segment == nil { segment = try openSealed(number) }
      guard let segment else { return nil }
      oldestSeen = (number, segment.lastAppended)
    }
    guard let appended = oldestSeen?.appended else { return nil }
    return Double(clock - min(clock, appended)) / 1000
  }

  /// The seconds since the oldest entry was appended that waits; nil where none does.
  func oldestEntryAge() throws(SpoolError) -> Double? {
    var appended = (Array(tracks.values) + abandoned).filter { $0.remaining.count > 0 }
      .map(\.oldestAppended).min()
    if let number = state.untouched.first?.lowerBound {
      if oldestCreated?.number != number, let segment = try openSealed(number) {
        oldestCreated = (number, segment.header.created)
      }
      if let oldestCreated, oldestCreated.number == number {
        appended = min(appended ?? .max, oldestCreated.created)
      }
    }
    return appended.map { Double(clock - min(clock, $0)) / 1000 }
  }

  /// Whether there is a segment that every second frame can be taken out of.
  var canThin: Bool { nextToThin != nil }

  private var nextToThin: UInt64? {
    for range in state.untouched where range.upperBound > state.thinnedUpTo {
      return max(range.lowerBound, state.thinnedUpTo + 1)
    }
    return nil
  }

  /// Takes every second entry of each source out of the oldest segment that still has all.
  func thinOldest(
    _ tell: ([SpoolLoss]) throws(SpoolError) -> Void
  ) throws(SpoolError) -> Bool {
    guard let number = nextToThin else { return false }
    guard let old = try openSealed(number) else {
      // Reading it will find out what is wrong with it.
      state.thinnedUpTo = number
      return true
    }
    let temporary = path(number, "thin")
    try Folder.remove(temporary, options.faults)
    let (new, lost) = try thinned(old, temporary)
    CrashPoint.pass(.withinThinning)
    // Where what follows fails, it is tried again.
    if toldThinning != number {
      toldThinning = number
      try tell(lost.losses(spoolClass, .decimated))
    }
    let oldBytes = old.file.size
    state.thinning = number
    state.thinnedTable = lost
    state.thinnedBytes = oldBytes - min(oldBytes, new.file.size)
    try writeState()
    CrashPoint.pass(.beforeThinningRename)
    try Folder.rename(temporary, path(number), options.faults)
    try Folder.sync(folder, options.faults)
    noteThinned()
    backlog.subtract(lost)
    try writeState()
    return true
  }

  /// The copy has taken the segment's place.
  func noteThinned() {
    guard let number = state.thinning else { return }
    state.untouchedTable.subtract(state.thinnedTable)
    state.untouchedBytes -= min(state.untouchedBytes, state.thinnedBytes)
    state.thinnedUpTo = max(state.thinnedUpTo, number)
    forgetThinning()
  }

  func forgetThinning() {
    state.thinning = nil
    state.thinnedTable = SourceTable()
    state.thinnedBytes = 0
  }

  private func thinned(
    _ old: Segment, _ temporary: String
  ) throws(SpoolError) -> (Segment, SourceTable) {
    var header = old.header.renewed(codec)
    header.isThinned = true
    let new = try Segment.create(
      path: temporary, folder: folder, header: header, capacity: old.end / 2,
      faults: options.faults)
    var kept: [String: Bool] = [:]
    let stayed = try old.copy(to: new, codec) { entries in
      entries.filter { entry in
        let isKept = !(kept[entry.source] ?? false)
        kept[entry.source] = isKept
        return isKept
      }
    }
    var lost = old.table
    lost.subtract(stayed)
    try new.seal()
    return (new, lost)
  }
}
