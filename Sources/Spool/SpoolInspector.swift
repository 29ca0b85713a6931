/// What was found of one segment.
package struct SegmentReport: Sendable {
  package var path: String
  /// The class's folder.
  package var folder: String
  package var number: UInt64
  package var isSealed: Bool
  package var bytes: Int
  /// What its records come to without compression, prefixes aside.
  package var rawBytes = 0
  /// Records from the start that are done with.
  package var done = 0
  /// Sound records, and those of them that are not done with.
  package var records = 0
  package var waiting = 0
  /// By source, of those that wait.
  package var waitingBySource: [String: Int] = [:]
  /// A sentence for each damage.
  package var damages: [String] = []
  /// Records that damage took, as far as that can be told.
  package var lost = 0
  /// The file belongs to no segment that the state knows of: it was done with, or never begun.
  package var isStray = false
}

/// Looks at a spool from outside, whether an agent is at work on it or not. Nothing is changed, but by
/// `repair`.
package struct SpoolInspector {
  private let folder: String
  private let keys: SpoolKeys

  /// - Parameter keyFile: where the keys are; nil for a spool that is not encrypted.
  package init(_ folder: String, keyFile: String? = nil) throws(SpoolError) {
    self.folder = folder
    keys = try keyFile.map(SpoolKeys.load) ?? .none
  }

  /// Folders of the classes, and of dead letters.
  package static let folders = SpoolClass.allCases.reversed().map(\.name) + ["dead"]

  /// Whether an agent has the spool now.
  package var isInUse: Bool {
    guard let lock = try? StoreFile.openForReading(folder + "/lock", DiskFaults()) else {
      return false
    }
    defer { lock.unlock() }
    return !lock.lock()
  }

  /// Walks through all segments.
  /// - Parameters:
  ///   - isThorough: whether every record's checksum is verified, or footers alone are read.
  ///   - progress: told how many of how many segments were looked at.
  package func inspect(
    isThorough: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SpoolError) -> [SegmentReport] {
    let files = try files()
    var reports: [SegmentReport] = []
    for (index, file) in files.enumerated() {
      progress(index, files.count)
      // An agent at work may have deleted it meanwhile.
      if let report = try report(file, isThorough: isThorough) { reports.append(report) }
    }
    progress(files.count, files.count)
    return reports
  }

  /// Every sound record that is not done with, in order, class by class.
  /// - Parameter body: gets the class's folder and the record; false ends the walk.
  package func forEachEntry(
    in folders: [String] = SpoolInspector.folders,
    _ body: (String, StoredEntry) throws -> Bool
  ) throws {
    for file in try files() where folders.contains(file.folder) && !file.isStray {
      guard let segment = try open(file) else { continue }
      let codec = try codec(folder + "/" + file.folder)
      var offset = UInt64(SegmentFormat.headerCount)
      while offset < segment.end {
        guard let block = try segment.blockHeader(at: offset),
          let entries = try segment.entries(of: block, at: offset, codec)
        else {
          guard let next = try segment.nextSoundBlock(from: offset + SegmentFormat.alignment) else {
            break
          }
          offset = next
          continue
        }
        for (index, entry) in entries.enumerated() {
          let ordinal = block.firstOrdinal + UInt64(index)
          guard ordinal >= file.done else { continue }
          let stored = StoredEntry(
            position: SpoolPosition(segment: segment.number, ordinal: ordinal), entry: entry,
            age: 0)
          guard try body(file.folder, stored) else { return }
        }
        offset = block.end(from: offset)
      }
    }
  }

  /// Takes damage out of the segments, keeping the originals under `backup`, and clears stray files away.
  /// - Returns: what was done, or would be.
  package func repair(
    isApplied: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SpoolError) -> [String] {
    let lock = try StoreFile.openOrCreate(folder + "/lock", DiskFaults())
    guard lock.lock() else {
      throw SpoolError(.busy, "an agent is at work on \(folder); stop it first")
    }
    var actions: [String] = []
    for report in try inspect(isThorough: true, progress: progress) {
      let name = report.path.split(separator: "/").last ?? ""
      let backup = "\(folder)/\(report.folder)/backup"
      if report.isStray {
        actions.append("\(report.path): move to backup, for the state does not know it")
        guard isApplied else { continue }
        try Folder.make(backup)
        try Folder.rename(report.path, "\(backup)/\(name)", DiskFaults())
      } else if report.isSealed, !report.damages.isEmpty, report.done > 0 {
        // Its records are known by their numbers, which rewriting would change.
        actions.append(
          "\(report.path): leave as it is; the agent is within it and passes over the damage")
      } else if report.isSealed, !report.damages.isEmpty {
        actions.append(
          "\(report.path): keep \(report.records) sound records, \(report.lost) are lost, the original goes to backup"
        )
        guard isApplied else { continue }
        try Folder.make(backup)
        try rewrite(report, folder: "\(folder)/\(report.folder)", "\(backup)/\(name)")
      }
    }
    return actions
  }

  // MARK: Files

  private struct File {
    var path: String
    var folder: String
    var number: UInt64
    var isSealed: Bool
    var isStray: Bool
    /// Records from the start that are done with.
    var done: UInt64
  }

  private func files() throws(SpoolError) -> [File] {
    guard Folder.exists(folder) else {
      throw SpoolError(.disk, "there is no spool in \(folder)")
    }
    var files: [File] = []
    for name in Self.folders {
      let place = "\(folder)/\(name)"
      let state = try StateFile.peek(place + "/state")
      var found: [File] = []
      for file in Folder.names(place) {
        let parts = file.split(separator: ".")
        guard parts.count == 2, let number = UInt64(parts[0], radix: 16),
          ["seg", "open", "thin"].contains(parts[1])
        else { continue }
        let isSealed = parts[1] == "seg"
        let isKnown =
          state.map { state in
            isSealed
              ? state.untouched.contains { $0.contains(number) } || state.cursors[number] != nil
                || state.active == number || state.left.contains(number)
              : parts[1] == "open" && (state.active == number || state.left.contains(number))
          } ?? true
        found.append(
          File(
            path: "\(place)/\(file)", folder: name, number: number, isSealed: isSealed,
            isStray: !isKnown, done: state?.cursors[number]?.done ?? 0))
      }
      files += found.sorted { $0.number < $1.number }
    }
    return files
  }

  private func open(_ file: File) throws(SpoolError) -> Segment? {
    guard Folder.exists(file.path) else { return nil }
    if file.isSealed, let segment = try Segment.openSealed(file.path, DiskFaults()) {
      return segment
    }
    let opened = try StoreFile.openForReading(file.path, DiskFaults())
    return SegmentHeader(try opened.read(count: SegmentFormat.headerCount, at: 0)).map {
      Segment(recovering: $0, opened)
    }
  }

  /// - Parameter folder: the class's.
  private func codec(_ folder: String) throws(SpoolError) -> BlockCodec {
    let codec = BlockCodec(keys)
    let path = folder + "/dictionary"
    if let file = try? StoreFile.openForReading(path, DiskFaults()),
      let bytes = try? file.read(count: 1 << 20, at: 0)
    {
      try codec.learn(dictionary: bytes, path)
    }
    return codec
  }

  private func report(_ file: File, isThorough: Bool) throws(SpoolError) -> SegmentReport? {
    guard Folder.exists(file.path) else { return nil }
    var report = SegmentReport(
      path: file.path, folder: file.folder, number: file.number, isSealed: file.isSealed, bytes: 0)
    report.isStray = file.isStray
    report.done = Int(file.done)
    guard let segment = try open(file) else {
      report.damages.append("its header is damaged: nothing in it can be read")
      return report
    }
    report.bytes = Int(segment.file.size)
    var table = segment.table
    if file.isSealed, !segment.isSealed {
      report.damages.append("its footer is damaged")
    }
    if isThorough || !segment.isSealed {
      let scan = try segment.scan(codec(folder + "/" + file.folder))
      table = scan.table
      report.records = Int(scan.entryCount)
      for damage in scan.damages {
        let lost = damage.entryCount.map { "\($0) records" } ?? "an unknown number of records"
        report.damages.append(
          "\(damage.count) bytes at byte \(damage.offset) are damaged: \(lost)")
        report.lost += Int(damage.entryCount ?? 0)
      }
    } else {
      report.records = Int(segment.entryCount)
    }
    report.waiting = max(0, report.records - Int(file.done))
    report.rawBytes = Int(table.bytes)
    report.waitingBySource = table.rows.mapValues { Int($0.count) }
    return report
  }

  private func rewrite(
    _ report: SegmentReport, folder: String, _ backup: String
  ) throws(SpoolError) {
    let file = File(
      path: report.path, folder: report.folder, number: report.number, isSealed: true,
      isStray: false, done: 0)
    guard let old = try open(file) else {
      try Folder.rename(report.path, backup, DiskFaults())
      return
    }
    let codec = try codec(folder)
    let temporary = report.path + ".new"
    try Folder.remove(temporary, DiskFaults())
    let new = try Segment.create(
      path: temporary, folder: folder, header: old.header.renewed(codec), capacity: old.end,
      faults: DiskFaults())
    _ = try old.copy(to: new, codec) { $0 }
    try new.seal()
    try Folder.rename(report.path, backup, DiskFaults())
    try Folder.rename(temporary, report.path, DiskFaults())
    try Folder.sync(folder, DiskFaults())
  }
}
