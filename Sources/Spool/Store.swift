import Glibc

/// How the spool stands.
package struct SpoolPicture: Sendable {
  package struct ClassPicture: Sendable {
    /// Records that wait: that are neither delivered nor lost.
    package var records = 0
    package var recordsBySource: [String: Int] = [:]
    /// What those come to, uncompressed.
    package var bytesWaiting = 0
    /// Bytes on disk: also of what was delivered and is in a segment with others.
    package var bytes = 0
    package var segments = 0
    /// Seconds, by the store's own clock, since the oldest record was written that waits; nil where none does.
    package var oldestAge: Double?
    /// Bytes written in this run, before and after compression.
    package var rawBytes = 0
    package var storedBytes = 0
  }

  package var classes: [SpoolClass: ClassPicture] = [:]
  /// Of all classes.
  package var records = 0
  package var bytesWaiting = 0
  /// On disk.
  package var bytes = 0
  package var quotaBytes = 0
  /// Kept to be looked at, apart from the rest: those that no broker will ever take.
  package var deadRecords = 0
  package var deadBytes = 0
}

/// A crash-safe store of records on disk, by classes. It belongs to one thread, and every call may block
/// on the disk. What `commit` has covered is handed out again after any crash until it is `done`, at
/// least once, in the order of appending within a class.
package final class Store {
  private let options: SpoolOptions
  private let folder: String
  private let lock: StoreFile
  private var classes: [SpoolClass: ClassStore] = [:]
  private let dead: ClassStore
  private let noteFile: StoreFile
  /// The last note of a process that did not come to `close`; else empty.
  package let leftNote: [UInt8]

  /// Opens the folder, made where it is not there, and recovers what a crash left.
  /// - Throws: `.busy` where another process has it, `.unreadable` where a key is missing.
  package init(folder: String, options: SpoolOptions = SpoolOptions()) throws(SpoolError) {
    self.folder = folder
    self.options = options
    let keys = try options.keyFile.map(SpoolKeys.load) ?? .none
    try Folder.make(folder)
    lock = try StoreFile.openOrCreate(folder + "/lock", options.faults)
    guard lock.lock() else {
      throw SpoolError(.busy, "another process has the spool \(folder)")
    }
    let note = folder + "/note"
    noteFile = try StoreFile.openOrCreate(note, options.faults)
    leftNote = try StoreNote.read(noteFile)
    for spoolClass in SpoolClass.allCases {
      var own = options
      // Under a small quota segments are small, so that what is dropped at once is little.
      if let quota = options.classQuotaBytes[spoolClass] {
        own.segmentBytes = min(own.segmentBytes, max(256 << 10, quota / 4))
      }
      classes[spoolClass] = try ClassStore(
        spoolClass, folder: "\(folder)/\(spoolClass.name)", options: own, keys: keys)
    }
    dead = try ClassStore(.frames, folder: folder + "/dead", options: options, keys: keys)
  }

  private func store(_ spoolClass: SpoolClass) throws(SpoolError) -> ClassStore {
    guard let store = classes[spoolClass] else {
      throw SpoolError(.disk, "the spool has no class \(spoolClass.name)")
    }
    return store
  }

  // MARK: Writing

  /// Takes a record; it lasts once `commit` has returned.
  /// - Parameter isLate: whether it belongs before records of its source that were appended before it, which have
  ///   larger numbers: it is then read before them.
  /// - Throws: with all records of the class that do not last; they are their owner's again.
  package func append(
    _ entry: SpoolEntry, to spoolClass: SpoolClass, isLate: Bool = false
  ) throws(SpoolFailure) {
    try classes[spoolClass]?.append(entry, isLate: isLate)
  }

  /// Makes all that was appended to the class last.
  package func commit(_ spoolClass: SpoolClass) throws(SpoolFailure) {
    try classes[spoolClass]?.commit()
  }

  /// Hands all that was appended to the class over to the system, where it outlives the process.
  package func flush(_ spoolClass: SpoolClass) throws(SpoolFailure) {
    try classes[spoolClass]?.flush()
  }

  /// Begins to make all that was appended to the class last, so that the disk works while the next records are
  /// appended. What it covers lasts once a later call has begun another, or `commit` has returned.
  /// - Parameter waits: whether to wait where the disk is still at what was begun before.
  /// - Returns: whether it was begun; false only where the disk is still at what was begun before.
  @discardableResult
  package func beginCommit(_ spoolClass: SpoolClass, waits: Bool = true) throws(SpoolFailure)
    -> Bool
  {
    try classes[spoolClass]?.beginCommit(waits: waits) ?? true
  }

  /// Records of the class that do not last yet.
  package func uncommittedCount(_ spoolClass: SpoolClass) -> Int {
    classes[spoolClass]?.uncommitted.count ?? 0
  }

  /// Keeps a record that no broker will ever take; the oldest of those go when there are too many.
  package func bury(_ entry: SpoolEntry) throws(SpoolFailure) {
    try dead.append(entry)
    try dead.commit()
    do {
      while dead.diskBytes > options.deadBytes {
        guard try dead.dropOldest(.quota, { _ in }) else { return }
      }
    } catch {
      throw SpoolFailure(error: error, entries: [])
    }
  }

  /// Leaves word for whoever opens the store after a crash; it need not outlive the machine.
  package func leaveNote(_ bytes: [UInt8]) throws(SpoolError) {
    try StoreNote.write(bytes, noteFile)
  }

  // MARK: Reading

  /// The next record of the class that lasts and was not handed out since the store was opened.
  /// - Parameter wants: false for a record that is passed over until `beginAnew`.
  package func next(
    _ spoolClass: SpoolClass, where wants: (SpoolEntry) -> Bool = { _ in true }
  ) throws(SpoolError) -> StoredEntry? {
    try store(spoolClass).next(where: wants)
  }

  /// Hands out what was passed over, in its order.
  package func beginAnew() { for store in classes.values { store.beginAnew() } }

  /// The record was delivered, or given up and told of: it is not handed out again.
  package func done(
    _ position: SpoolPosition, in spoolClass: SpoolClass
  ) throws(SpoolError) {
    try store(spoolClass).done(position)
  }

  // MARK: Room

  /// Drops what is too old, and what is too much, the lowest class first.
  /// - Parameter tell: is told of losses before what was lost is deleted. What it appends to a class is
  ///   committed before that.
  package func makeRoom(_ tell: ([SpoolLoss]) -> Void) throws(SpoolError) {
    func announce(_ losses: [SpoolLoss]) throws(SpoolError) {
      guard !losses.isEmpty else { return }
      tell(losses)
      for store in classes.values.filter({ $0.spoolClass.isGrouped }) {
        do {
          try store.commit()
        } catch {
          throw error.error
        }
      }
    }
    for (spoolClass, store) in classes {
      guard let ageMax = options.ageMax[spoolClass] else { continue }
      while let age = try store.oldestAge(), age > ageMax {
        guard try store.dropOldest(.age, announce) else { break }
      }
    }
    for store in classes.values.sorted(by: { $0.spoolClass < $1.spoolClass }) {
      let quota = options.classQuotaBytes[store.spoolClass] ?? options.quotaBytes
      // Of all classes together, the lowest gives first.
      while store.diskBytes > quota || bytes > options.quotaBytes {
        if options.isThinning, !store.spoolClass.isGrouped, store.canThin {
          _ = try store.thinOldest(announce)
        } else {
          guard try store.dropOldest(.quota, announce) else { break }
        }
      }
    }
  }

  /// Bytes on disk of all classes.
  package var bytes: UInt64 { classes.values.reduce(0) { $0.adding($1.diskBytes) } }

  /// Gives up all records of a class that are not being sent.
  /// - Returns: what that were.
  package func discard(_ spoolClass: SpoolClass) throws(SpoolError) -> [SpoolLoss] {
    var losses: [SpoolLoss] = []
    while try store(spoolClass).dropOldest(.discarded, { losses += $0 }) {}
    return losses
  }

  // MARK: Upkeep

  /// To be called about every 100 ms to a second: writes cursors that have moved.
  package func keep() throws(SpoolError) {
    for store in classes.values { try store.writeCursors() }
  }

  /// Sees whether the disk works again, by making a segment's file and writing the states.
  package func probe() throws(SpoolError) {
    for store in classes.values {
      let path = store.folder + "/probe"
      try Folder.remove(path, options.faults)
      let file = try StoreFile.create(path, options.faults)
      defer { try? Folder.remove(path, options.faults) }
      try file.allocate(options.segmentBytes)
      try file.write([0], at: 0)
      try file.sync()
      try store.catchUp()
    }
  }

  /// Losses and sentences for the log since the last call. Losses are told again after a crash until
  /// `noteTold` is called.
  package func takeNews() -> (losses: [SpoolLoss], notices: [String]) {
    var news: (losses: [SpoolLoss], notices: [String]) = ([], [])
    for store in Array(classes.values) + [dead] {
      news.notices += store.notices
      store.notices = []
    }
    for store in classes.values {
      for lost in store.untold { news.losses += lost.losses(store.spoolClass, .corrupt) }
      store.untold = []
    }
    dead.untold = []
    dead.forgetLost()
    return news
  }

  /// All losses that `takeNews` gave were put down where a crash does not take them.
  package func noteTold() {
    for store in classes.values { store.forgetLost() }
  }

  /// Records that wait, by source and class: of what lasts.
  package func backlog(_ spoolClass: SpoolClass) -> [String: Int] {
    classes[spoolClass]?.backlog.rows.mapValues { Int(clamping: $0.count) } ?? [:]
  }

  package var picture: SpoolPicture {
    var picture = SpoolPicture()
    for (spoolClass, store) in classes {
      var one = SpoolPicture.ClassPicture()
      one.recordsBySource = backlog(spoolClass)
      one.records = Int(clamping: store.backlog.count)
      one.bytesWaiting = Int(clamping: store.backlog.bytes)
      one.bytes = Int(clamping: store.diskBytes)
      one.segments = store.segmentCount
      one.oldestAge = try? store.oldestEntryAge()
      one.rawBytes = Int(clamping: store.rawBytes)
      one.storedBytes = Int(clamping: store.storedBytes)
      picture.classes[spoolClass] = one
      picture.records += one.records
      picture.bytesWaiting += one.bytesWaiting
    }
    picture.bytes = Int(clamping: bytes)
    picture.quotaBytes = Int(clamping: options.quotaBytes)
    picture.deadRecords = Int(clamping: dead.backlog.count)
    picture.deadBytes = Int(clamping: dead.diskBytes)
    return picture
  }

  /// Commits, seals and writes the state; the store is not to be used after that.
  /// - Throws: what failed first; all the rest is done nevertheless.
  package func close() throws(SpoolFailure) {
    var failure: SpoolFailure?
    for store in Array(classes.values) + [dead] {
      do throws(SpoolFailure) {
        try close(store)
      } catch {
        failure = SpoolFailure(
          error: failure?.error ?? error.error, entries: (failure?.entries ?? []) + error.entries)
      }
    }
    do {
      try leaveNote([])
    } catch {
      failure = failure ?? SpoolFailure(error: error, entries: [])
    }
    lock.unlock()
    if let failure { throw failure }
  }

  private func close(_ store: ClassStore) throws(SpoolFailure) {
    try store.commit()
    do {
      try store.seal()
      try store.writeState()
    } catch {
      throw SpoolFailure(error: error, entries: [])
    }
  }
}
