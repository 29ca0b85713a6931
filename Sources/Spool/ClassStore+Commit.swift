extension ClassStore {
  /// Makes all that was appended last.
  func commit() throws(SpoolFailure) {
    guard !uncommitted.isEmpty else { return }
    do {
      try finishCommit()
      try writeGroup()
      try active?.segment.sync()
    } catch {
      throw giveBack(error)
    }
    noteCommitted(uncommitted.count)
    jotState()
  }

  func flush() throws(SpoolFailure) {
    do {
      try active?.segment.flush()
    } catch {
      throw giveBack(error)
    }
  }

  /// Begins what `commit` does, and leaves waiting for the disk to another thread.
  /// - Parameter waits: whether to wait for a commit that was begun before; else nothing is begun while the disk is
  ///   still at that.
  /// - Returns: whether it was begun.
  func beginCommit(waits: Bool) throws(SpoolFailure) -> Bool {
    if syncer == nil { syncer = try? Syncer() }
    guard let syncer else {
      // Without a thread it is done here and now.
      try commit()
      return true
    }
    guard waits || committing == 0 || !syncer.isBusy else { return false }
    do {
      try finishCommit()
      guard !uncommitted.isEmpty else { return true }
      try writeGroup()
      try active?.segment.beginSync(by: syncer)
    } catch {
      throw giveBack(error)
    }
    committing = uncommitted.count
    return true
  }

  /// Waits for the commit that was begun.
  func finishCommit() throws(SpoolError) {
    guard committing > 0, let syncer else { return }
    let count = committing
    committing = 0
    try active?.segment.finishSync(by: syncer)
    noteCommitted(count)
    jotState()
  }

  /// The first `count` of the entries last now.
  func noteCommitted(_ count: Int) {
    for entry in uncommitted.prefix(count) { backlog.add(entry) }
    uncommitted.removeFirst(count)
  }

  /// After a failure: takes back what does not last, and leaves the segment behind, for its descriptor
  /// is not to be trusted any more.
  func giveBack(_ error: SpoolError) -> SpoolFailure {
    // Another write may have failed than that which was begun.
    try? finishCommit()
    let failure = SpoolFailure(error: error, entries: uncommitted)
    if let active {
      let written = uncommitted.count - group.count
      active.noteRolledBack(Array(uncommitted.prefix(max(0, written))))
      active.segment.rollBack()
      do {
        try leave(active)
      } catch {
        notices.append("\(active.segment.file.path) is left as it is: \(error)")
        let number = active.segment.number
        abandoned.append(active)
        tracks[number] = nil
        state.left.append(number)
        state.active = nil
      }
    }
    uncommitted = []
    group = []
    groupBytes = 0
    return failure
  }

  /// Seals a segment whose descriptor failed.
  private func leave(_ track: Track) throws(SpoolError) {
    let number = track.segment.number
    if !track.segment.isSealed { try track.segment.sealAnew(options.faults) }
    tracks[number] = track
    do {
      try putAway(track)
    } catch {
      if state.left.contains(number) { tracks[number] = nil }
      throw error
    }
  }

  /// Tries again to seal what failed before.
  func retryAbandoned() throws(SpoolError) {
    while let track = abandoned.first {
      try leave(track)
      abandoned.removeFirst()
    }
  }
}
