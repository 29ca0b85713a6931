/// Which segments there are, against what the state says of them.
extension ClassStore {
  /// Makes the state anew from the files: only where the state itself is lost.
  func rebuild(isNew: Bool) throws(SpoolError) {
    let files = try segmentFiles()
    if !isNew || !files.isEmpty {
      notices.append(
        "\(folder)/state is damaged: it is made anew from the segments, and what was sent of them is sent again"
      )
    }
    try adoptUnknown(files)
  }

  /// Segments in the folder, by their numbers.
  func segmentFiles() throws(SpoolError) -> [UInt64: String] {
    var files: [UInt64: String] = [:]
    for name in try Folder.list(folder) {
      let parts = name.split(separator: ".")
      guard parts.count == 2, parts[1] == "seg" || parts[1] == "open",
        let number = UInt64(parts[0], radix: 16), (1..<SourceTable.countMax).contains(number),
        files[number] != "seg"
      else { continue }
      files[number] = String(parts[1])
    }
    return files
  }

  /// Takes segments in that are younger than the state: it is lost, or an old one was put back.
  func adoptUnknown(_ files: [UInt64: String]) throws(SpoolError) {
    let unknown = files.filter { $0.key >= state.nextNumber }.sorted { $0.key < $1.key }
    guard let last = unknown.last?.key else { return }
    state.nextNumber = last + 1
    for (number, ending) in unknown {
      guard ending == "seg" else {
        state.left.append(number)
        continue
      }
      var found = try openSealed(number)
      if found == nil {
        let size = try StoreFile.openForReading(path(number), options.faults).size
        found = try mend(number)
        if let segment = found { noteMended(segment, size: size) }
      }
      guard let segment = found else {
        notices.append("\(path(number)) cannot be read: what was in it is lost")
        if let remains = try SegmentRemains(path(number), options.faults) {
          noteLost(remains.table)
        } else {
          noteUnknown(count: 1, bytes: 0)
        }
        try quarantine(number)
        continue
      }
      state.addUntouched(number)
      state.untouchedTable.add(segment.table)
      state.untouchedBytes = state.untouchedBytes.adding(segment.file.size)
    }
  }

  /// No state tells what was in a segment whose footer was lost: gaps between its blocks do, and bytes behind the last
  /// one that are no footer.
  private func noteMended(_ segment: Segment, size: UInt64) {
    let found = segment.table.count
    var lost = segment.entryCount - min(segment.entryCount, found)
    let footer = segment.file.size - min(segment.file.size, segment.end)
    if size != segment.end.adding(footer) { lost = lost.adding(1) }
    guard lost > 0 else { return }
    noteUnknown(count: lost, bytes: size - min(size, segment.end))
  }

  func isMissing(_ range: ClosedRange<UInt64>, _ files: [UInt64: String]) -> Bool {
    // A range may be damaged and long, the folder is not.
    let present = files.count { range.contains($0.key) && $0.value == "seg" }
    return UInt64(present) <= range.upperBound - range.lowerBound
  }

  /// Adds up the footers of all untouched segments; what they lack of what the state counts is lost: a segment is
  /// gone, or cannot be read.
  func countUntouched() throws(SpoolError) {
    let files = try segmentFiles()
    var present: [(number: UInt64, table: SourceTable)] = []
    var bad: [UInt64] = []
    var sum = SourceTable()
    var bytes: UInt64 = 0
    for range in state.untouched {
      let numbers = files.keys.filter { range.contains($0) && files[$0] == "seg" }.sorted()
      var next = range.lowerBound
      for number in numbers + [range.upperBound + 1] {
        if next < number {
          bad += next + 1 < number ? [next, number - 1] : [next]
          let which =
            next + 1 < number
            ? "\(path(next)) and those up to \(path(number - 1)) are" : "\(path(next)) is"
          notices.append("\(which) gone, though nobody here deleted it: what was in it is lost")
        }
        next = number + 1
      }
      for number in numbers {
        var found = try openSealed(number)
        if found == nil {
          bad.append(number)
          found = try mend(number)
        }
        guard let segment = found else {
          notices.append("\(path(number)) cannot be read: what was in it is lost")
          try quarantine(number)
          continue
        }
        present.append((number, segment.table))
        sum.add(segment.table)
        bytes = bytes.adding(segment.file.size)
      }
    }
    var lost = state.untouchedTable
    lost.subtract(sum)
    let opened = tracks.values.map { (number: $0.segment.number, table: $0.segment.table) }
    lost = Self.narrow(lost, between: bad, of: present + opened)
    state.untouched = []
    for (number, _) in present { state.addUntouched(number) }
    state.untouchedTable = sum
    state.untouchedBytes = bytes
    backlog.subtract(lost)
    noteLost(lost)
  }

  /// Narrows the ranges of what was lost by the segments around those that are bad.
  private static func narrow(
    _ lost: SourceTable, between bad: [UInt64], of present: [(number: UInt64, table: SourceTable)]
  ) -> SourceTable {
    guard let first = bad.min(), let last = bad.max() else { return lost }
    var narrowed = lost
    for (source, row) in lost.rows {
      let rows = present.compactMap { segment in
        segment.table.rows[source].map { (number: segment.number, row: $0) }
      }
      var row = row
      let before = rows.filter { $0.number < first }.map(\.row.last).max()
      let after = rows.filter { $0.number > last }.map(\.row.first).min()
      if let before, before >= row.first, before < row.last { row.first = before + 1 }
      if let after, after > row.first, after <= row.last { row.last = after - 1 }
      narrowed.rows[source] = row
    }
    return narrowed
  }

  /// Enters a loss of records of which nothing else is known.
  func noteUnknown(count: UInt64, bytes: UInt64) {
    var row = SourceTable.Row()
    row.count = count
    row.bytes = bytes
    var table = SourceTable()
    table.add(row, of: "")
    noteLost(table)
  }
}
