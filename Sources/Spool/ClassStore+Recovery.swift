import Glibc

extension ClassStore {
  /// Brings files and state together after whatever end the last process had.
  func recover() throws(SpoolError) {
    try verifyKeys()
    try restoreName()
    for number in state.deleting {
      try Folder.remove(path(number), options.faults)
      try Folder.remove(path(number, "open"), options.faults)
    }
    state.deleting = []
    if let number = state.thinning {
      try Folder.remove(path(number, "thin"), options.faults)
      if try openSealed(number)?.header.isThinned == true {
        noteThinned()
      } else {
        forgetThinning()
      }
    }
    let files = try segmentFiles()
    if files.keys.contains(where: { $0 >= state.nextNumber }) {
      notices.append(
        "\(folder)/state is older than the segments: those that it does not know are sent")
      try adoptUnknown(files)
    }
    if state.untouched.contains(where: { isMissing($0, files) }) { try countUntouched() }
    for (number, cursor) in state.cursors.sorted(by: { $0.key < $1.key }) {
      try resume(number, at: cursor)
    }
    backlog.add(state.untouchedTable)
    for track in tracks.values { backlog.add(track.remaining) }
    let open = Set(state.left + [state.active].compactMap { $0 }).subtracting(state.cursors.keys)
    for number in open.sorted() where !state.untouched.contains(where: { $0.contains(number) }) {
      try adopt(number)
    }
    state.left = []
    state.active = nil
    state.open = [:]
    try setClock()
    try writeState()
    // An older slot of the state may know of segments that were done with.
    for track in Array(tracks.values) { try settle(track) }
    reconcile()
  }

  /// The segment that was sealed last may have lost its name with the machine's power: the folder is synced with
  /// the first commit to the next segment.
  private func restoreName() throws(SpoolError) {
    let sealed = [state.untouched.last?.upperBound, state.cursors.keys.max()].compactMap { $0 }
    for number in sealed where !Folder.exists(path(number)) && Folder.exists(path(number, "open")) {
      try Folder.rename(path(number, "open"), path(number), options.faults)
      try Folder.sync(folder, options.faults)
    }
  }

  /// The clock stands no earlier than when the last record was written, whatever the state says.
  private func setClock() throws(SpoolError) {
    for track in tracks.values { noteWritten(at: track.segment.lastAppended) }
    if let last = state.untouched.last?.upperBound, let segment = try openSealed(last) {
      noteWritten(at: segment.lastAppended)
    }
  }

  /// A segment that entries had been taken from.
  private func resume(_ number: UInt64, at cursor: ClassState.Cursor) throws(SpoolError) {
    var found = try openSealed(number)
    if found == nil { found = try mend(number) }
    guard let segment = found else {
      try quarantine(number)
      notices.append("\(path(number)) cannot be read: what was left in it is lost")
      noteLost(cursor.remaining)
      return
    }
    let track = try resumed(segment, at: cursor)
    tracks[number] = track
    trackedBytes[number] = segment.file.size
  }

  private func resumed(
    _ segment: Segment, at cursor: ClassState.Cursor
  ) throws(SpoolError) -> Track {
    let track = Track(segment)
    try track.resume(at: cursor, codec)
    // A footer made anew does not know of entries whose blocks are damaged.
    var lost = cursor.remaining
    lost.subtract(track.remaining)
    if lost.count > 0 {
      notices.append("\(segment.file.path) is damaged: \(lost.count) records of it cannot be read")
      noteLost(segment.bounds.narrow(lost))
    }
    return track
  }

  /// The segment that was being appended to: its tail is cut, and it is sealed.
  private func adopt(_ number: UInt64) throws(SpoolError) {
    let known = state.open[number]
    let isNamed = !Folder.exists(path(number, "open"))
    if isNamed, !Folder.exists(path(number)) {
      // Reserved and never made, unless something was committed to it.
      if let known, known.remaining.count > 0 {
        notices.append(
          "\(path(number, "open")) is gone, though nobody here deleted it: what was in it is lost")
        noteLost(known.remaining)
      }
      return
    }
    if isNamed, let segment = try openSealed(number) {
      // Renamed, and the state not written any more.
      try enter(
        segment,
        try known.map { known throws(SpoolError) in try segment.scan(codec, known: known.count) },
        known)
      return
    }
    let ending = isNamed ? "seg" : "open"
    guard
      let (segment, scan) = try Segment.recover(
        path(number, ending), options.faults, codec, known: known),
      scan.entryCount > 0
    else {
      try dismiss(number, ending, known)
      return
    }
    let isShort = known.map { scan.entryCount - scan.beyond.count < $0.count } ?? false
    if isShort || !scan.damages.isEmpty { try copyToQuarantine(number, ending) }
    if known == nil, !scan.damages.isEmpty {
      // Of which sources they were is not known.
      let lost = scan.damages.reduce(UInt64(0)) { $0.adding($1.entryCount ?? 1) }
      let bytes = scan.damages.reduce(UInt64(0)) { $0.adding($1.count) }
      notices.append("\(path(number, ending)) is damaged: \(lost) records of it cannot be read")
      noteUnknown(count: lost, bytes: bytes)
    }
    try segment.seal()
    if !isNamed {
      try Folder.rename(path(number, "open"), path(number), options.faults)
      try Folder.sync(folder, options.faults)
    }
    try enter(segment, scan, known)
  }

  /// Enters a segment that was open when the last process ended, and what it lacks of what was committed to it.
  private func enter(
    _ segment: Segment, _ scan: SegmentScan?, _ known: ClassState.Open?
  ) throws(SpoolError) {
    let track: Track
    if let known, let scan {
      var expected = known.remaining
      expected.add(scan.beyond)
      track = try resumed(
        segment, at: .init(done: known.done, remaining: expected, beyond: known.beyond))
    } else {
      track = Track(segment)
    }
    backlog.add(track.remaining)
    book(track)
  }

  /// A segment that was being appended to and holds no sound block.
  private func dismiss(
    _ number: UInt64, _ ending: String, _ known: ClassState.Open?
  ) throws(SpoolError) {
    let remains = try SegmentRemains(path(number, ending), options.faults)
    if let known {
      if known.remaining.count > 0 {
        if remains != nil { try copyToQuarantine(number, ending) }
        notices.append("\(path(number, ending)) was emptied or damaged: what was in it is lost")
        noteLost(known.remaining)
      }
    } else if let remains {
      let file = try StoreFile.openForReading(path(number, ending), options.faults)
      if SegmentHeader(try file.read(count: SegmentFormat.headerCount, at: 0)) == nil {
        try copyToQuarantine(number, ending)
        notices.append("\(path(number, ending)) has a damaged header: it cannot be read")
        noteLost(remains.table)
      }
    }
    try Folder.remove(path(number, ending), options.faults)
  }
}
