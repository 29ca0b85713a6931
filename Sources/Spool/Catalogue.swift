/// The segments of a class as its files and its state tell together, while another process may be changing both.
struct Catalogue {
  struct File {
    var path: String
    var folder: String
    var number: UInt64
    var isSealed: Bool
    var isStray: Bool
    /// Records from the start that are done with.
    var done: UInt64 = 0
    /// Those behind them that are done with, too.
    var beyond = OrdinalMap()
    /// What is left of it, where the state says.
    var left: SourceTable?
    var open: ClassState.Open?

    /// The same segment as it is there now: an agent at work may have sealed it since it was listed.
    /// - Returns: nil where it has been deleted.
    var present: File? {
      if Folder.exists(path) { return self }
      guard path.hasSuffix(".open") else { return nil }
      var sealed = self
      sealed.path = String(path.dropLast("open".count)) + "seg"
      sealed.isSealed = true
      return Folder.exists(sealed.path) ? sealed : nil
    }
  }

  private static let triesMax = 10

  let folder: String
  let files: [File]
  private let state: ClassState?

  /// - Parameters:
  ///   - root: the spool's folder.
  ///   - name: the class's.
  init(_ root: String, _ name: String, isInUse: Bool) throws(SpoolError) {
    let place = "\(root)/\(name)"
    folder = name
    guard Folder.exists(place) else {
      (files, state) = ([], nil)
      return
    }
    var seen = try StateFile.peek(place + "/state")
    var names = try Folder.list(place)
    // Between two looks at a state that has not changed its segments, the folder has not either.
    for _ in 0..<Self.triesMax where isInUse {
      let again = try StateFile.peek(place + "/state")
      let isSame = again?.hasSameSegments(as: seen) ?? (seen == nil)
      seen = again
      if isSame { break }
      names = try Folder.list(place)
    }
    state = seen
    files = names.compactMap { Self.file($0, place, name, seen) }.sorted { $0.number < $1.number }
  }

  private static func file(
    _ file: String, _ place: String, _ name: String, _ state: ClassState?
  ) -> File? {
    let parts = file.split(separator: ".")
    guard parts.count == 2, let number = UInt64(parts[0], radix: 16),
      ["seg", "open", "thin"].contains(parts[1])
    else { return nil }
    let isSealed = parts[1] == "seg"
    var found = File(
      path: "\(place)/\(file)", folder: name, number: number, isSealed: isSealed, isStray: false)
    guard let state else { return found }
    // Done with: whoever has the spool deletes it.
    guard !state.deleting.contains(number) else { return nil }
    let isOpen = state.active == number || state.left.contains(number)
    let isKnown =
      isOpen || state.cursors[number] != nil
      || state.untouched.contains { $0.contains(number) }
      // Younger than the state.
      || number >= state.nextNumber
    found.isStray = !isKnown || parts[1] == "thin"
    if let open = state.open[number] {
      found.open = open
      (found.done, found.beyond, found.left) = (open.done, open.beyond, open.remaining)
    } else if let cursor = state.cursors[number] {
      (found.done, found.beyond, found.left) = (cursor.done, cursor.beyond, cursor.remaining)
    } else if isOpen, !isSealed, !state.isOld {
      // Reserved, and nothing was committed to it.
      found.left = SourceTable()
    }
    return found
  }

  /// Segments that the state knows and that are not there.
  /// - Parameter reports: of those that are.
  func absent(_ reports: ArraySlice<SegmentReport>) -> [SegmentReport] {
    guard let state else { return [] }
    var missing: [SegmentReport] = []
    func add(_ number: UInt64, _ left: SourceTable, _ sentence: String) {
      var report = SegmentReport(
        path: "\(folder)/segment \(String(number, radix: 16))", folder: folder, number: number,
        isSealed: true, bytes: 0)
      report.isGone = true
      report.damages = [sentence]
      report.waiting = Int(clamping: left.count)
      report.waitingBytes = Int(clamping: left.bytes)
      report.lost = report.waiting
      missing.append(report)
    }
    let there = Set(files.map(\.number))
    for (number, cursor) in state.cursors.sorted(by: { $0.key < $1.key })
    where !there.contains(number) {
      add(number, cursor.remaining, "it is gone, with \(cursor.remaining.count) records that wait")
    }
    for (number, open) in state.open.sorted(by: { $0.key < $1.key })
    where !there.contains(number) && open.remaining.count > 0 {
      add(number, open.remaining, "it is gone, with \(open.remaining.count) records that wait")
    }
    // Of the others the state knows the sum alone.
    let found = reports.filter { report in
      !report.isStray && state.untouched.contains { $0.contains(report.number) }
    }
    let counted = found.reduce(0) { $0 + $1.records + $1.lost }
    let lacking = Int(clamping: state.untouchedTable.count) - counted
    for range in state.untouched {
      let present = there.count { range.contains($0) }
      guard UInt64(present) <= range.upperBound - range.lowerBound, lacking > 0 else { continue }
      var left = SourceTable()
      var row = SourceTable.Row()
      row.count = UInt64(lacking)
      left.add(row, of: "")
      add(
        range.lowerBound, left,
        "one or more segments up to \(String(range.upperBound, radix: 16)) are gone, with \(lacking) records that wait"
      )
      break
    }
    return missing
  }
}

extension ClassState {
  /// Whether the other one has the same files.
  fileprivate func hasSameSegments(as other: ClassState?) -> Bool {
    guard let other else { return false }
    return untouched == other.untouched && active == other.active && left == other.left
      && deleting == other.deleting && thinning == other.thinning
      && Set(cursors.keys) == Set(other.cursors.keys)
  }
}
