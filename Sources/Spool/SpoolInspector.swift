import CPosix
import Glibc

/// What was found of one segment.
package struct SegmentReport: Sendable {
  package var path: String
  /// The class's folder.
  package var folder: String
  package var number: UInt64
  package var isSealed: Bool
  /// On disk; of one that is appended to, as far as it is filled.
  package var bytes: Int
  /// What its records come to without compression, prefixes aside.
  package var rawBytes = 0
  /// Records from the start that are done with.
  package var done = 0
  /// Sound records.
  package var records = 0
  /// Those that are neither done with nor lost, and what they come to, uncompressed.
  package var waiting = 0
  package var waitingBytes = 0
  /// A sentence for each damage.
  package var damages: [String] = []
  /// Records that damage took, as far as that can be told.
  package var lost = 0
  /// The file belongs to no segment that the state knows of: it was done with, or never begun.
  package var isStray = false
  /// There is no such file: the state knows it, and counts records in it.
  package var isGone = false
}

/// Looks at a spool from outside, whether an agent is at work on it or not. Nothing is changed, but by
/// `repair`. What waits is what the state says, as the agent left it a second ago at most.
package struct SpoolInspector {
  let folder: String
  private let keys: SpoolKeys

  /// - Parameter keyFile: where the keys are; nil for a spool that is not encrypted.
  /// - Throws: `.absent`, `.noSpool` or `.denied` where there is nothing to look at.
  package init(_ folder: String, keyFile: String? = nil) throws(SpoolError) {
    self.folder = folder
    keys = try keyFile.map(SpoolKeys.load) ?? .none
    try verify()
  }

  /// Folders of the classes, and of dead letters.
  package static let folders = SpoolClass.allCases.reversed().map(\.name) + ["dead"]

  private func verify() throws(SpoolError) {
    guard try Self.exists(folder) else {
      throw SpoolError(.absent, "there is no folder \(folder)")
    }
    let names = try Folder.list(folder)
    guard names.contains("lock") || names.contains(where: Self.folders.contains) else {
      throw SpoolError(
        .noSpool, "\(folder) is no spool: it has neither a lock nor a class's folder")
    }
    guard try isReadable("lock") else { return }
    for name in Self.folders where names.contains(name) {
      _ = try Folder.list("\(folder)/\(name)")
      _ = try isReadable("\(name)/state")
    }
  }

  /// False where there is no such file.
  private func isReadable(_ name: String) throws(SpoolError) -> Bool {
    guard try Self.exists("\(folder)/\(name)") else { return false }
    _ = try StoreFile.openForReading("\(folder)/\(name)", DiskFaults())
    return true
  }

  /// Whether there is something by that name; an error where that cannot be told.
  private static func exists(_ path: String) throws(SpoolError) -> Bool {
    if unsafe vp_access(path, F_OK) == 0 { return true }
    guard errno == ENOENT || errno == ENOTDIR else {
      throw SpoolError(.disk, errno: errno, "\(path) cannot be looked at")
    }
    return false
  }

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
    try inspect(isThorough: isThorough, isInUse: isInUse, progress: progress)
  }

  func inspect(
    isThorough: Bool, isInUse: Bool, progress: (Int, Int) -> Void
  ) throws(SpoolError) -> [SegmentReport] {
    var catalogues: [Catalogue] = []
    for name in Self.folders {
      catalogues.append(try Catalogue(folder, name, isInUse: isInUse))
    }
    let count = catalogues.reduce(0) { $0 + $1.files.count }
    var reports: [SegmentReport] = []
    for catalogue in catalogues {
      let first = reports.count
      for file in catalogue.files {
        progress(reports.count, max(count, reports.count))
        // An agent at work may have deleted it meanwhile.
        if let report = try report(file, isThorough: isThorough, isInUse: isInUse) {
          reports.append(report)
        }
      }
      if !isInUse {
        reports += catalogue.absent(reports[first...])
      }
    }
    progress(count, count)
    return reports
  }

  /// Every sound record that is not done with, in order, class by class.
  /// - Parameters:
  ///   - isAll: whether those that are done with, and are on disk yet, are wanted too.
  ///   - body: gets the class's folder and the record; false ends the walk.
  package func forEachEntry(
    in folders: [String] = SpoolInspector.folders, isAll: Bool = false,
    _ body: (String, StoredEntry) throws -> Bool
  ) throws {
    let isInUse = isInUse
    for name in Self.folders where folders.contains(name) {
      for file in try Catalogue(folder, name, isInUse: isInUse).files where isAll || !file.isStray {
        guard let segment = try open(file) else { continue }
        let codec = try codec(folder + "/" + name)
        var offset = UInt64(SegmentFormat.headerCount)
        while offset < segment.end {
          guard let block = try segment.blockHeader(at: offset),
            let entries = try segment.entries(of: block, at: offset, codec)
          else {
            guard let next = try segment.nextSoundBlock(from: offset + SegmentFormat.alignment)
            else { break }
            offset = next
            continue
          }
          for (index, entry) in entries.enumerated() {
            let ordinal = block.firstOrdinal + UInt64(index)
            let isDone = ordinal < file.done || file.beyond.contains(ordinal, from: file.done)
            guard isAll || !isDone else { continue }
            let stored = StoredEntry(
              position: SpoolPosition(segment: segment.number, ordinal: ordinal), entry: entry,
              age: 0)
            guard try body(name, stored) else { return }
          }
          offset = block.end(from: offset)
        }
      }
    }
  }

  // MARK: Files

  typealias File = Catalogue.File

  /// Nil where the file is gone, or has no sound header.
  func open(_ file: File) throws(SpoolError) -> Segment? {
    // An agent at work may seal it, and then delete it, between the look and the opening.
    while let present = file.present {
      do throws(SpoolError) {
        return try openPresent(present)
      } catch {
        guard error.errno == ENOENT else { throw error }
      }
    }
    return nil
  }

  private func openPresent(_ file: File) throws(SpoolError) -> Segment? {
    if file.isSealed, let segment = try Segment.openSealed(file.path, DiskFaults()) {
      return segment
    }
    let opened = try StoreFile.openForReading(file.path, DiskFaults())
    let header = SegmentHeader(try opened.read(count: SegmentFormat.headerCount, at: 0))
    return (header ?? file.open.flatMap { SegmentHeader($0.header) }).map {
      Segment(recovering: $0, opened)
    }
  }

  /// - Parameter folder: the class's.
  func codec(_ folder: String) throws(SpoolError) -> BlockCodec {
    let codec = BlockCodec(keys)
    let path = folder + "/dictionary"
    if let file = try? StoreFile.openForReading(path, DiskFaults()),
      let bytes = try? file.read(count: 1 << 20, at: 0)
    {
      try codec.learn(dictionary: bytes, path)
    }
    return codec
  }

  private func report(
    _ file: File, isThorough: Bool, isInUse: Bool
  ) throws(SpoolError) -> SegmentReport? {
    guard let file = file.present else { return nil }
    var report = SegmentReport(
      path: file.path, folder: file.folder, number: file.number, isSealed: file.isSealed, bytes: 0)
    report.isStray = file.isStray
    report.done = Int(clamping: file.done)
    if let left = file.left {
      report.waiting = Int(clamping: left.count)
      report.waitingBytes = Int(clamping: left.bytes)
    }
    guard let segment = try open(file) else {
      guard file.present != nil else { return nil }
      // An agent at work has made the file, and is about to write its header.
      if isInUse, !file.isSealed, file.open == nil { return report }
      report.damages.append("its header is damaged: nothing in it can be read")
      report.lost = report.waiting
      return report
    }
    report.bytes = Int(clamping: file.open?.end ?? segment.file.size)
    if file.isSealed, !segment.isSealed { report.damages.append("its footer is damaged") }
    var table = segment.table
    if isThorough || !segment.isSealed && file.open == nil {
      let scan = try segment.scan(
        codec(folder + "/" + file.folder), known: file.open?.count ?? .max)
      table = scan.table
      report.records = Int(clamping: scan.entryCount)
      for damage in scan.damages {
        let lost = damage.entryCount.map { "\($0) records" } ?? "an unknown number of records"
        report.damages.append(
          "\(damage.count) bytes at byte \(damage.offset) are damaged: \(lost)")
        report.lost += Int(clamping: damage.entryCount ?? 0)
      }
      if let open = file.open {
        let found = scan.entryCount - min(scan.entryCount, scan.beyond.count)
        let missing = Int(clamping: open.count - min(open.count, found)) - report.lost
        if missing > 0 {
          report.damages.append("\(missing) records that were committed to it are gone")
          report.lost += missing
        }
      }
      // A file that an agent is appending to ends with what is not written yet.
      if isInUse, !file.isSealed { (report.damages, report.lost) = ([], 0) }
    } else {
      report.records = Int(clamping: file.open?.count ?? segment.entryCount)
    }
    report.rawBytes = Int(clamping: table.bytes)
    if file.left == nil, !file.isStray {
      report.waiting = max(0, report.records - report.done)
      report.waitingBytes = report.done == 0 ? report.rawBytes : 0
    }
    return report
  }
}
