extension ClassStore {
  /// Segments that records may be passed over in, at most: each of them stays open.
  static let passedOverMax = 64
  /// The same in records, and in bytes of the state: what lies behind is read once what was passed over has gone.
  private static let passedOverRecordsMax = 100_000
  private static let passedOverStateMax = 48 << 10

  /// Hands out the next entry that lasts and was not handed out before, oldest first or newest segment
  /// first; nil where there is none.
  /// - Parameter wants: false for an entry that is passed over until `beginAnew`.
  func next(
    where wants: (SpoolEntry) -> Bool = { _ in true }
  ) throws(SpoolError) -> StoredEntry? {
    while let track = try nextTrack() {
      if let entry = try track.peek(codec, where: wants) {
        return try nextLate(before: entry, in: track.segment.number, where: wants)
          ?? track.take(entry, clock: clock)
      }
      try settle(track)
    }
    return nil
  }

  /// An entry that came late and belongs before `entry`, which is about to be handed out of another segment.
  private func nextLate(
    before entry: SpoolEntry, in segment: UInt64, where wants: (SpoolEntry) -> Bool
  ) throws(SpoolError) -> StoredEntry? {
    guard !options.isNewestFirst else { return nil }
    for number in state.late where number > segment {
      let isThere = tracks[number] != nil || state.untouched.contains { $0.contains(number) }
      guard isThere else { continue }
      var late = tracks[number]
      if late == nil { late = try touch(number) }
      if let late,
        let found = try late.peekAhead(
          codec, of: entry.source, below: entry.sequence, where: wants)
      {
        return late.take(found, clock: clock)
      }
    }
    return nil
  }

  /// Hands out what was passed over, in its order.
  func beginAnew() { for track in Array(tracks.values) + abandoned { track.beginAnew() } }

  private func nextTrack() throws(SpoolError) -> Track? {
    if let found = try nextOpenTrack() {
      return readAhead(upTo: found.segment.number) ?? found
    }
    return readAhead(upTo: .max)
  }

  /// A segment of what came late whose turn has come by its number: what is left in it.
  private func readAhead(upTo number: UInt64) -> Track? {
    guard !state.late.isEmpty,
      let late = tracks.values.first(where: { $0.isReadAhead && $0.segment.number <= number })
    else { return nil }
    late.isReadAhead = false
    late.beginAnew()
    return late.hasUnread ? late : nil
  }

  private func nextOpenTrack() throws(SpoolError) -> Track? {
    let open = (Array(tracks.values) + abandoned).filter(\.hasUnread)
    let opened =
      options.isNewestFirst
      ? open.max { $0.segment.number < $1.segment.number }
      : open.min { $0.segment.number < $1.segment.number }
    // A segment that was begun is ended first, whichever is the order.
    if options.isNewestFirst, let begun = open.first(where: { $0.handedCount > 0 }) { return begun }
    let waiting =
      options.isNewestFirst ? state.untouched.last?.upperBound : state.untouched.first?.lowerBound
    guard let waiting else { return opened }
    if let opened {
      let isFirst =
        options.isNewestFirst ? opened.segment.number > waiting : opened.segment.number < waiting
      if isFirst { return opened }
    }
    guard !isFullOfPassedOver else { return nil }
    if let touched = try touch(waiting) { return touched }
    return try nextOpenTrack()
  }

  /// Whether so much was passed over that no other segment is opened.
  private var isFullOfPassedOver: Bool {
    let open = tracks.values.filter(\.hasPassedOver)
    return open.count >= Self.passedOverMax
      || open.reduce(0) { $0 + $1.passedOverCount } >= Self.passedOverRecordsMax
      || open.reduce(0) { $0 + (state.cursors[$1.segment.number]?.size ?? 0) }
        >= Self.passedOverStateMax
  }

  /// Opens an untouched segment to take entries from it.
  /// - Returns: nil where it is damaged beyond reading; it is then in quarantine, and told of.
  func touch(_ number: UInt64) throws(SpoolError) -> Track? {
    var found = try openSealed(number)
    if found == nil {
      try countUntouched()
      found = Folder.exists(path(number)) ? try openSealed(number) : nil
    }
    guard let segment = found else {
      try writeState()
      reconcile()
      return nil
    }
    let track = Track(segment)
    state.removeUntouched(number)
    state.untouchedTable.subtract(segment.table, isWhole: true)
    state.untouchedBytes -= min(state.untouchedBytes, segment.file.size)
    tracks[number] = track
    trackedBytes[number] = segment.file.size
    return track
  }

  /// Nil where the segment is damaged or gone; a disk that fails is an error.
  func openSealed(_ number: UInt64) throws(SpoolError) -> Segment? {
    guard Folder.exists(path(number)),
      let segment = try Segment.openSealed(path(number), options.faults),
      segment.number == number
    else { return nil }
    return segment
  }

  /// Makes a new footer for a segment whose own is damaged, if its blocks can be read.
  func mend(_ number: UInt64) throws(SpoolError) -> Segment? {
    guard Folder.exists(path(number)) else { return nil }
    try copyToQuarantine(number)
    guard let (segment, scan) = try Segment.recover(path(number), options.faults, codec),
      segment.number == number, scan.entryCount > 0
    else { return nil }
    notices.append("\(path(number)) had a damaged footer: it was made anew from the blocks")
    try segment.seal()
    return segment
  }

  /// The entry was delivered, or given up and told of.
  func done(_ position: SpoolPosition) throws(SpoolError) {
    guard
      let track = tracks[position.segment]
        ?? abandoned.first(where: { $0.segment.number == position.segment }),
      let entry = track.done(position.ordinal)
    else { return }
    backlog.subtract(entry, isWhole: true)
    try settle(track)
  }

  /// Deletes a segment once all of it is done with; tells of damage once all of it was read.
  func settle(_ track: Track) throws(SpoolError) {
    if track.isDamaged, !track.hasUnread, track.segment.isSealed {
      try copyToQuarantine(track.segment.number)
      let lost = track.takeLosses()
      backlog.subtract(lost)
      noteLost(lost)
      notices.append(
        "\(track.segment.file.path) is damaged: \(lost.count) records of it cannot be read")
    }
    guard track.isDone, track.segment.isSealed, tracks[track.segment.number] === track else {
      return
    }
    try finish(track)
    reconcile()
  }

  /// Enters a loss, which stays in the state until the owner has put it down: no crash can hide it.
  func noteLost(_ lost: SourceTable) {
    guard lost.count > 0 else { return }
    if untold.count < Self.untoldMax {
      untold.append(lost)
    } else {
      untold[untold.count - 1].add(lost)
    }
    state.lost.add(lost)
  }

  /// Damages that are told of each by itself, at most.
  private static let untoldMax = 1000

  /// The owner has put down for good all that was lost, but for what it does not know yet.
  func forgetLost() {
    state.lost = SourceTable()
    for lost in untold { state.lost.add(lost) }
  }

  /// Where every segment is open, nothing may be counted that is not in one of them: such records were in
  /// segments that are gone or cannot be read.
  func reconcile() {
    guard state.untouched.isEmpty else { return }
    var lost = backlog
    // What no commit covers yet is in its segment, but not in the backlog.
    for track in Array(tracks.values) + abandoned { lost.subtract(outstanding(track)) }
    state.untouchedTable = SourceTable()
    state.untouchedBytes = 0
    guard lost.count > 0 else { return }
    noteLost(lost)
    backlog.subtract(lost)
  }

  /// While records wait, the clock is written down this often, in milliseconds: a crash makes them no younger.
  private static let clockInterval: UInt64 = 60_000
  /// How long a segment with nothing left in it is kept for what may come, in milliseconds.
  private static let idleMax: UInt64 = 10_000

  /// Writes the cursors where they have moved; those in the state lag behind by less than a second.
  func writeCursors() throws(SpoolError) {
    try releaseIdle()
    let isDue =
      tracks.values.contains { $0.segment.isSealed && $0.hasMoved }
      || state.lost != storedLost
      || (backlog.count > 0 && clock >= storedClock + Self.clockInterval)
    if isDue {
      CrashPoint.pass(.beforeCursor)
      try writeState()
    } else if let active, active.hasMoved {
      jotState()
    }
  }

  /// Deletes the segment that is appended to once all of it is done with and nothing comes: what was sent is not
  /// kept, and takes no room.
  private func releaseIdle() throws(SpoolError) {
    guard let active, !active.segment.isSealed, active.segment.entryCount > 0, active.isDone,
      active.handedCount == 0, uncommitted.isEmpty,
      clock >= active.segment.lastAppended + Self.idleMax
    else { return }
    try finish(active)
  }
}
