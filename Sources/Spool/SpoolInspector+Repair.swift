extension SpoolInspector {
  /// Takes damage out of the segments, keeping the originals under `backup`, and clears stray files away.
  /// - Returns: what was done, or would be.
  package func repair(
    isApplied: Bool, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SpoolError) -> [String] {
    let path = folder + "/lock"
    let lock =
      isApplied
      ? try StoreFile.openOrCreate(path, DiskFaults())
      : Folder.exists(path) ? try StoreFile.openForReading(path, DiskFaults()) : nil
    guard lock?.lock() ?? true else {
      throw SpoolError(.busy, "an agent is at work on \(folder); stop it first")
    }
    defer { lock?.unlock() }
    var actions: [String] = []
    for report in try inspect(isThorough: true, isInUse: false, progress: progress) {
      let name = report.path.split(separator: "/").last ?? ""
      let backup = "\(folder)/\(report.folder)/backup"
      if report.isStray {
        actions.append("\(report.path): move to backup, for the state does not know it")
        guard isApplied else { continue }
        try Folder.make(backup)
        try Folder.rename(report.path, "\(backup)/\(name)", DiskFaults())
      } else if report.isGone {
        actions.append(
          "\(report.path): nothing to keep; the agent counts what was in it as lost at its start")
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

  private func rewrite(
    _ report: SegmentReport, folder: String, _ backup: String
  ) throws(SpoolError) {
    let file = File(
      path: report.path, folder: report.folder, number: report.number, isSealed: true,
      isStray: false)
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
