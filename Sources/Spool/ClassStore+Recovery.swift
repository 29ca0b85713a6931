import Glibc

extension ClassStore {
  /// Makes the state anew from the files: only where the state itself is lost.
  func rebuild() throws(SpoolError) {
    var numbers: [UInt64] = []
    var open: [UInt64] = []
    for name in Folder.names(folder) {
      let parts = name.split(separator: ".")
      guard parts.count == 2, let number = UInt64(parts[0], radix: 16) else { continue }
      if parts[1] == "seg" { numbers.append(number) }
      if parts[1] == "open" { open.append(number) }
    }
    for number in numbers.sorted() {
      var found = try openSealed(number)
      if found == nil { found = try mend(number) }
      guard let segment = found else {
        let file = try StoreFile.openForReading(path(number), options.faults)
        noteUnknown(count: 1, bytes: file.size)
        try quarantine(number)
        continue
      }
      state.addUntouched(number)
      state.untouchedTable.add(segment.table)
      state.untouchedBytes += segment.file.size
    }
    state.active = open.max()
    state.nextNumber = (numbers + open).max().map { $0 + 1 } ?? 1
    for number in open.sorted().dropLast() { try adopt(number) }
  }

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
      if try Segment.openSealed(path(number), options.faults)?.header.isThinned == true {
        noteThinned()
      } else {
        forgetThinning()
      }
    }
    for (number, cursor) in state.cursors.sorted(by: { $0.key < $1.key }) {
      try resume(number, at: cursor)
    }
    backlog.add(state.untouchedTable)
    for track in tracks.values { backlog.add(track.remaining) }
    for number in state.left + [state.active].compactMap({ $0 }) { try adopt(number) }
    state.left = []
    state.active = nil
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
    let track = Track(segment)
    try track.resume(at: cursor, codec)
    // A footer made anew does not know of entries whose blocks are damaged.
    var lost = cursor.remaining
    lost.subtract(track.remaining)
    noteLost(lost)
    tracks[number] = track
    trackedBytes[number] = segment.file.size
  }

  /// The segment that was being appended to: its tail is cut, and it is sealed.
  private func adopt(_ number: UInt64) throws(SpoolError) {
    if !Folder.exists(path(number, "open")) {
      // Reserved and never made; or renamed, and the state not written any more.
      if Folder.exists(path(number)),
        let segment = try Segment.openSealed(path(number), options.faults)
      {
        backlog.add(segment.table)
        book(Track(segment))
      }
      return
    }
    guard
      let (segment, scan) = try Segment.recover(path(number, "open"), options.faults, codec),
      scan.entryCount > 0
    else {
      try dismiss(number)
      return
    }
    if !scan.damages.isEmpty {
      try copyToQuarantine(number, "open")
      let lost = scan.damages.reduce(0) { $0 + ($1.entryCount ?? 1) }
      let bytes = scan.damages.reduce(0) { $0 + $1.count }
      notices.append("\(path(number, "open")) is damaged: \(lost) records of it cannot be read")
      noteUnknown(count: lost, bytes: bytes)
    }
    try segment.seal()
    try Folder.rename(path(number, "open"), path(number), options.faults)
    try Folder.sync(folder, options.faults)
    backlog.add(segment.table)
    book(Track(segment))
  }

  /// A segment that was being appended to and holds no sound block: nothing was committed to it, unless its
  /// header is there and damaged.
  private func dismiss(_ number: UInt64) throws(SpoolError) {
    let file = try StoreFile.openForReading(path(number, "open"), options.faults)
    let header = try file.read(count: SegmentFormat.headerCount, at: 0)
    if SegmentHeader(header) == nil, header.contains(where: { $0 != 0 }) {
      try copyToQuarantine(number, "open")
      notices.append("\(path(number, "open")) has a damaged header: it cannot be read")
      noteUnknown(count: 1, bytes: file.size)
    }
    try Folder.remove(path(number, "open"), options.faults)
  }

  /// Enters a loss of records of which nothing else is known.
  private func noteUnknown(count: UInt64, bytes: UInt64) {
    var table = SourceTable()
    table.add(SourceTable.Row(count: count, bytes: bytes, first: 0, last: 0), of: "")
    noteLost(table)
  }

  private var quarantineFolder: String { folder + "/quarantine" }

  /// Moves a segment that cannot be read out of the way.
  func quarantine(_ number: UInt64) throws(SpoolError) {
    guard Folder.exists(path(number)) else { return }
    try copyToQuarantine(number)
    try Folder.remove(path(number), options.faults)
  }

  /// Keeps a copy of a damaged segment, while there is room for it.
  func copyToQuarantine(_ number: UInt64, _ ending: String = "seg") throws(SpoolError) {
    try Folder.make(quarantineFolder)
    let source = try StoreFile.openForReading(path(number, ending), options.faults)
    let kept = Folder.names(quarantineFolder).reduce(UInt64(0)) { sum, name in
      var status = stat()
      return unsafe stat(quarantineFolder + "/" + name, &status) == 0
        ? sum + UInt64(max(0, status.st_size)) : sum
    }
    guard kept + source.size <= options.quarantineBytes else {
      notices.append("\(quarantineFolder) is full: a damaged segment is not kept")
      return
    }
    let name = path(number, ending).split(separator: "/").last ?? ""
    let copy = try StoreFile.openOrCreate("\(quarantineFolder)/\(name)", options.faults)
    var offset: UInt64 = 0
    while offset < source.size {
      let bytes = try source.read(count: 1 << 20, at: offset)
      guard !bytes.isEmpty else { break }
      try copy.write(bytes, at: offset)
      offset += UInt64(bytes.count)
    }
    try copy.sync()
    CrashPoint.pass(.afterQuarantine)
  }

  // MARK: Dictionary

  private static let sampleCount = 1000
  private var dictionaryPath: String { folder + "/dictionary" }

  func loadDictionary() throws(SpoolError) {
    guard spoolClass.isGrouped, Folder.exists(dictionaryPath),
      let file = try? StoreFile.openForReading(dictionaryPath, options.faults),
      let bytes = try? file.read(count: 1 << 20, at: 0)
    else { return }
    try codec.learn(dictionary: bytes, dictionaryPath)
    if !codec.zstandard.dictionary.isEmpty { samples = nil }
  }

  /// Says at the start that a key is missing, so that nothing is taken for damaged that is only locked. The
  /// first and the last segment are enough: keys change in order.
  private func verifyKeys() throws(SpoolError) {
    let ends = [state.untouched.first?.lowerBound, state.untouched.last?.upperBound, state.active]
    for number in ends.compactMap({ $0 }) + Array(state.cursors.keys) {
      for file in [path(number), path(number, "open")] where Folder.exists(file) {
        let opened = try StoreFile.openForReading(file, options.faults)
        guard
          let header = SegmentHeader(
            try opened.read(count: SegmentFormat.headerCount, at: 0)),
          header.keyID != 0, codec.keys.cipher(header.keyID) == nil
        else { continue }
        throw BlockCodec.missing(file, header.keyID)
      }
    }
  }

  /// Gathers small records until there are enough to train a dictionary on, once in the store's life.
  func learn() {
    guard spoolClass.isGrouped, samples != nil else { return }
    for entry in group { samples?.append(entry.meta + entry.body) }
    guard let enough = samples, enough.count >= Self.sampleCount else { return }
    samples = nil
    guard let dictionary = Zstandard.train(enough) else { return }
    // It must last before a block needs it.
    do {
      let temporary = dictionaryPath + ".new"
      try Folder.remove(temporary, options.faults)
      let file = try StoreFile.create(temporary, options.faults)
      try file.write(try codec.sealDictionary(dictionary), at: 0)
      try file.sync()
      try Folder.rename(temporary, dictionaryPath, options.faults)
      try Folder.sync(folder, options.faults)
      _ = codec.zstandard.know(dictionary, isCurrent: true)
    } catch {
      notices.append("no dictionary could be kept, so events are compressed without: \(error)")
    }
  }
}
