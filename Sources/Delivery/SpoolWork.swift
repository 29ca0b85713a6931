import Journal
import Meters
import Spool
import Threads

/// What the spool's thread does, and what it holds meanwhile.
struct SpoolWork: ~Copyable {
  private static let upkeepNanoseconds: UInt64 = 1_000_000_000
  /// Records read in one round, so that writing is not kept waiting.
  private static let readsMax = 256
  /// How many times as many bytes as otherwise are written together while the disk is slow.
  private static let rushFactor = 4

  private let keeper: SpoolKeeper
  private var store: Store?
  /// Appended, but not lasting yet, in order.
  private var pending: [SpoolClass: [RecordWindow.Entry]] = [:]
  private var pendingBytes = 0
  /// Bytes of them that no commit was begun for.
  private var freshBytes = 0
  private var firstPending: UInt64 = 0
  private var retryAt: UInt64 = 0
  private var nextUpkeep: UInt64 = 0
  private var fault: SpoolError?
  private var note: [UInt8] = []

  init(keeper: SpoolKeeper) { self.keeper = keeper }

  mutating func run() {
    open()
    while true {
      let inbox = keeper.next(isWriting: pendingBytes > 0)
      takeDone(inbox)
      write(inbox.spills)
      let now = Clock.monotonic
      let isDue = pendingBytes > 0 && now >= firstPending + UInt64(keeper.use.commitInterval * 1e9)
      if isDue || inbox.deadline != nil { commit() }
      if inbox.deadline != nil { break }
      discard(inbox.discarded)
      readBack()
      leaveNote()
      if now >= nextUpkeep { keepUp(now) }
    }
    do {
      try store?.close()
    } catch {
      fail(error.error)
    }
    keeper.note(store?.picture)
  }

  // MARK: Opening and failing

  private mutating func open() {
    do {
      let opened = try Store(folder: keeper.use.folder, options: keeper.use.store)
      let news = opened.takeNews()
      store = opened
      for spoolClass in SpoolClass.allCases {
        for (source, count) in opened.backlog(spoolClass) {
          keeper.meters.meters(spoolClass, RecordSource(source).name).ledger.enter(
            .spooled, count: count)
        }
      }
      recover()
      for notice in news.notices { keeper.complaints.spoolNotice(notice) }
      for loss in news.losses { enter(loss) }
      putDown(news.losses)
      note = opened.leftNote
      countCrash([Gap](note: note))
      keeper.note(opened.picture)
    } catch {
      fail(error)
    }
  }

  /// What the last run had in memory alone when it was killed is told and counted: as far as its note
  /// tells, which was a quarter of a second old at most. Some of it may have arrived.
  private mutating func countCrash(_ gaps: [Gap]) {
    for gap in gaps {
      keeper.meters.meters(.frames, gap.camera).ledger.enter(.dropped(.crash), count: gap.count)
      keeper.complaints.crashed(gap)
    }
    announceGaps(gaps)
    // The note goes once what it says lasts elsewhere.
    if !gaps.isEmpty { commit() }
  }

  /// Leaves word of what a crash would take, for the next run. No sync: it outlives the process, and
  /// nothing else is asked of it.
  private mutating func leaveNote() {
    guard let store, fault == nil else { return }
    var book = keeper.state.withLock { $0.exposed }
    for spoolClass in SpoolClass.heldInMemory {
      for entry in pending[spoolClass] ?? [] { book.add(entry.record, .crash) }
    }
    let now = book.take().note
    guard now != note else { return }
    do {
      try store.leaveNote(now)
      note = now
    } catch {
      fail(error)
    }
  }

  /// The disk refuses: records stay in memory until it is tried again.
  private mutating func fail(_ error: SpoolError) {
    // What fails meanwhile puts off nothing.
    if fault == nil { retryAt = Clock.monotonic + retryNanoseconds }
    fault = error
    keeper.state.withLock { $0.spoolFault = error.description }
    keeper.complaints.spoolFailed(error, retrySeconds: keeper.use.retryInterval)
  }

  private var retryNanoseconds: UInt64 { UInt64(keeper.use.retryInterval * 1e9) }

  private mutating func recover() {
    guard fault != nil else { return }
    fault = nil
    keeper.state.withLock { $0.spoolFault = nil }
    keeper.complaints.spoolRecovered()
  }

  private mutating func retry() {
    guard let store else {
      open()
      return
    }
    do {
      try store.probe()
      recover()
    } catch {
      fail(error)
    }
  }

  // MARK: Writing

  private mutating func write(_ entries: [RecordWindow.Entry]) {
    guard let store, fault == nil else {
      keeper.state.withLock { $0.unspilled(entries) }
      return
    }
    var rest = entries[...]
    while let entry = rest.popFirst() {
      let spoolClass = entry.record.spoolClass
      if pendingBytes == 0 { firstPending = Clock.monotonic }
      pending[spoolClass, default: []].append(entry)
      pendingBytes += entry.record.memoryBytes
      freshBytes += entry.record.memoryBytes
      do {
        try store.append(entry.stored, to: spoolClass, isLate: entry.isLate)
      } catch {
        guard tryAnew(spoolClass, error) else {
          keeper.state.withLock { $0.unspilled(Array(rest)) }
          return
        }
      }
      if freshBytes >= keeper.commitBytes { beginCommit(spoolClass) }
      if fault != nil, !rest.isEmpty {
        keeper.state.withLock { $0.unspilled(Array(rest)) }
        return
      }
    }
    flush(store)
  }

  private mutating func flush(_ store: Store) {
    for spoolClass in SpoolClass.allCases where pending[spoolClass]?.isEmpty == false {
      do {
        try store.flush(spoolClass)
      } catch {
        guard tryAnew(spoolClass, error) else { return }
      }
    }
  }

  private mutating func commit() {
    freshBytes = 0
    for spoolClass in SpoolClass.allCases { commit(spoolClass) }
  }

  private mutating func commit(_ spoolClass: SpoolClass) {
    guard let store, let count = pending[spoolClass]?.count, count > 0 else { return }
    do {
      try store.commit(spoolClass)
      settle(spoolClass, lasting: count)
    } catch {
      _ = tryAnew(spoolClass, error)
    }
  }

  /// In a rush: the disk works at what was appended to one class, while the next records are. A disk that is slow is
  /// given more at a time, up to a bound.
  private mutating func beginCommit(_ spoolClass: SpoolClass) {
    guard let store else { return }
    do {
      let waits = freshBytes >= keeper.commitBytes * Self.rushFactor
      guard try store.beginCommit(spoolClass, waits: waits) else { return }
      freshBytes = 0
      settle(
        spoolClass,
        lasting: (pending[spoolClass]?.count ?? 0) - store.uncommittedCount(spoolClass))
    } catch {
      _ = tryAnew(spoolClass, error)
    }
  }

  /// After a failure: what does not last is appended once more, to another segment, for the first one's
  /// descriptor is not to be trusted.
  /// - Returns: false where that fails too; the records are in memory again.
  private mutating func tryAnew(_ spoolClass: SpoolClass, _ failure: SpoolFailure) -> Bool {
    let all = pending[spoolClass] ?? []
    settle(spoolClass, lasting: all.count - failure.entries.count)
    // Those that the store does not have.
    var rest = failure.entries[...]
    do {
      while let entry = rest.popFirst() { try store?.append(entry, to: spoolClass) }
      try store?.commit(spoolClass)
      settle(spoolClass, lasting: failure.entries.count)
      return true
    } catch {
      settle(
        spoolClass, lasting: failure.entries.count - error.entries.count - rest.count)
      let returned = pending[spoolClass] ?? []
      pending[spoolClass] = []
      pendingBytes -= returned.reduce(0) { $0 + $1.record.memoryBytes }
      fail(error.error)
      keeper.state.withLock { $0.unspilled(returned) }
      return false
    }
  }

  /// The first `lasting` of the pending records last now.
  private mutating func settle(_ spoolClass: SpoolClass, lasting: Int) {
    guard lasting > 0, let all = pending[spoolClass] else { return }
    let settled = Array(all.prefix(lasting))
    pending[spoolClass] = Array(all.dropFirst(lasting))
    pendingBytes -= settled.reduce(0) { $0 + $1.record.memoryBytes }
    keeper.state.withLock { $0.spilled(settled) }
  }

  // MARK: Reading

  private mutating func takeDone(_ inbox: SpoolKeeper.Inbox) {
    guard let store else { return }
    // One that cannot be put down leaves the others as they are.
    var failure: SpoolError?
    for (spoolClass, position) in inbox.done {
      do {
        try store.done(position, in: spoolClass)
      } catch {
        failure = error
      }
    }
    if let failure { fail(failure) }
    for entry in inbox.buried {
      do {
        try store.bury(entry)
      } catch {
        fail(error.error)
      }
    }
  }

  private mutating func readBack() {
    guard let store else { return }
    // What lasts already, since its segment was full, is booked so before it can be sent from there.
    for (spoolClass, entries) in pending where !entries.isEmpty {
      settle(spoolClass, lasting: entries.count - store.uncommittedCount(spoolClass))
    }
    var loaded = false
    if keeper.state.withLock({ $0.wantsPassedOver }) {
      store.beginAnew()
      keeper.state.withLock { $0.begunAnew() }
    }
    do {
      for spoolClass in SpoolClass.allCases.reversed() {
        var room = keeper.state.withLock { $0.prefetchRoom(spoolClass) }
        var count = 0
        while room > 0, count < Self.readsMax,
          let stored = try store.next(spoolClass, where: keeper.wants)
        {
          count += 1
          guard let entry = entry(stored, spoolClass) else { continue }
          room -= entry.record.memoryBytes
          keeper.state.withLock { $0.load(entry) }
          loaded = true
        }
      }
    } catch {
      if fault == nil { fail(error) }
    }
    if loaded { keeper.announceBacklog() }
  }

  private mutating func entry(
    _ stored: StoredEntry, _ spoolClass: SpoolClass
  ) -> RecordWindow.Entry? {
    let meters = keeper.meters.meters(
      spoolClass, RecordSource(stored.entry.source).name)
    guard
      var entry = RecordWindow.Entry(stored, spoolClass, meters: meters)
    else {
      keeper.complaints.spoolNotice(
        "a record of another version is kept under dead: it cannot be sent")
      meters.ledger.move(.spooled, to: .dead)
      do {
        try store?.bury(stored.entry)
        try store?.done(stored.position, in: spoolClass)
      } catch {
        keeper.complaints.spoolNotice("\(error)")
      }
      return nil
    }
    // What was written ahead and goes on at once is no replay.
    entry.isReplay =
      spoolClass.priority != .durable || entry.attempt > 0 || stored.age > 2
    return entry
  }

  // MARK: Upkeep

  /// By the operator's word.
  private mutating func discard(_ classes: Set<SpoolClass>) {
    guard let store, fault == nil else { return }
    for spoolClass in classes.sorted() {
      do {
        let losses = try store.discard(spoolClass)
        book(losses)
        announce(losses)
      } catch {
        fail(error)
      }
    }
  }

  private mutating func keepUp(_ now: UInt64) {
    nextUpkeep = now + Self.upkeepNanoseconds
    if fault != nil, now >= retryAt {
      retryAt = now + retryNanoseconds
      retry()
    }
    announceGaps(keeper.state.withLock { $0.gaps.take() })
    guard let store, fault == nil else { return }
    do {
      try store.keep()
      try store.makeRoom { losses in
        book(losses)
        announce(losses)
        // Here and not by the store, which would have to give back what it cannot write.
        for spoolClass in SpoolClass.allCases where spoolClass.isGrouped { commit(spoolClass) }
      }
    } catch {
      fail(error)
    }
    let news = store.takeNews()
    for notice in news.notices { keeper.complaints.spoolNotice(notice) }
    book(news.losses)
    putDown(news.losses)
    keeper.note(store.picture)
  }

  /// Losses that the store tells again after a crash until they are put down.
  private mutating func putDown(_ losses: [SpoolLoss]) {
    guard !losses.isEmpty else { return }
    announce(losses)
    commit()
    if fault == nil { store?.noteTold() }
  }

  /// What was lost before this run began: it is no part of the backlog that the run began with.
  private func enter(_ loss: SpoolLoss) {
    keeper.meters.meters(loss.spoolClass, RecordSource(loss.source).name).ledger.enter(
      .dropped(DropReason(loss.reason)), count: loss.count)
    keeper.complaints.spoolLost(loss)
  }

  private func book(_ losses: [SpoolLoss]) {
    for loss in losses {
      keeper.meters.meters(loss.spoolClass, RecordSource(loss.source).name).ledger.move(
        .spooled, to: .dropped(DropReason(loss.reason)), count: loss.count)
      keeper.complaints.spoolLost(loss)
    }
  }

  private mutating func announce(_ losses: [SpoolLoss]) {
    announceGaps(losses.filter { $0.spoolClass <= .faces }.map(Gap.init))
  }

  private mutating func announceGaps(_ gaps: [Gap]) {
    for gap in gaps {
      guard let record = keeper.announcements.gap(gap) else { continue }
      if let entry = keeper.state.withLock({ $0.acceptAhead(record) }) {
        write([entry])
      } else {
        keeper.state.withLock { $0.accept(record) }
      }
    }
  }
}

extension DropReason {
  init(_ reason: LossReason) {
    self =
      switch reason {
      case .quota: .quota
      case .discarded: .discarded
      case .age: .age
      case .decimated: .decimated
      case .corrupt: .corrupt
      case .ioError: .ioError
      }
  }
}

extension Gap {
  init(_ loss: SpoolLoss) {
    let source = RecordSource(loss.source)
    self.init(
      camera: source.name, run: source.run, firstSequence: loss.firstSequence,
      lastSequence: loss.lastSequence,
      count: loss.count, bytes: loss.bytes, reason: DropReason(loss.reason))
  }
}
