import Glibc
import Journal
import Logging
import Meters
import Spool
import Synchronization
import Threads

/// The thread that owns the spool: it writes what Delivery cannot send, reads it back when it can, and
/// keeps within quota and age. Whatever the disk does, nobody else waits for it.
final class SpoolKeeper: Sendable {
  /// Bytes that are written together at most: fewer than would keep others waiting for memory.
  let commitBytes: Int
  private static let idleMilliseconds: Int32 = 250

  struct Inbox {
    var spills: [RecordWindow.Entry] = []
    var done: [(SpoolClass, SpoolPosition)] = []
    var buried: [SpoolEntry] = []
    var discarded: Set<SpoolClass> = []
    /// By when all is to be written and the thread gone, nanoseconds of CLOCK_MONOTONIC.
    var deadline: UInt64?
  }

  let use: SpoolUse
  let announcements: Announcements
  let state: SharedState
  let meters: MeterBook
  let complaints: Complaints
  private let inbox = Mutex(Inbox())
  private let signal = EventSignal()
  private let thread = Mutex<NamedThread?>(nil)
  private let lastPicture = Mutex<SpoolPicture?>(nil)
  /// Called when something was read that can be sent.
  private let onBacklog: @Sendable () -> Void

  init(
    _ use: SpoolUse, memoryMax: Int, state: SharedState, meters: MeterBook,
    announcements: Announcements, complaints: Complaints, onBacklog: @escaping @Sendable () -> Void
  ) {
    self.use = use
    commitBytes = min(1 << 20, memoryMax / 16)
    self.state = state
    self.meters = meters
    self.announcements = announcements
    self.complaints = complaints
    self.onBacklog = onBacklog
  }

  func start() throws(ThreadError) {
    let started = try NamedThread("spool") { [self] in
      var work = SpoolWork(keeper: self)
      work.run()
    }
    thread.withLock { $0 = started }
  }

  /// Hands records over to be written, in order.
  func spill(_ entries: [RecordWindow.Entry]) {
    guard !entries.isEmpty else { return }
    inbox.withLock { $0.spills += entries }
    signal.set()
  }

  /// The record was delivered, or given up and told of.
  func done(_ spoolClass: SpoolClass, _ position: SpoolPosition) {
    let isFirst = inbox.withLock { inbox in
      inbox.done.append((spoolClass, position))
      return inbox.done.count == 1
    }
    if isFirst { signal.set() }
  }

  /// Keeps a record that no broker will ever take.
  func bury(_ entry: SpoolEntry) {
    inbox.withLock { $0.buried.append(entry) }
    signal.set()
  }

  /// Gives up what is on disk of a class.
  func discard(_ spoolClass: SpoolClass) {
    inbox.withLock { _ = $0.discarded.insert(spoolClass) }
    signal.set()
  }

  func wake() { signal.set() }

  /// Writes what is left and ends the thread, within its time unless the disk itself hangs.
  func shutdown(by deadline: UInt64) {
    inbox.withLock { $0.deadline = deadline }
    signal.set()
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
  }

  /// How the spool stood when its thread last came round; nil before that, or where it cannot be opened.
  var picture: SpoolPicture? { lastPicture.withLock { $0 } }

  func note(_ picture: SpoolPicture?) { lastPicture.withLock { $0 = picture } }

  /// Waits for something to do.
  func next(isWriting: Bool) -> Inbox {
    if inbox.withLock({ $0.spills.isEmpty && $0.done.isEmpty && $0.deadline == nil }) {
      let pause = isWriting ? Int32(use.commitInterval * 1000) : Self.idleMilliseconds
      signal.wait(milliseconds: max(1, min(pause, Self.idleMilliseconds)))
    }
    return inbox.withLock { inbox in
      defer { inbox = Inbox(deadline: inbox.deadline) }
      return inbox
    }
  }

  func announceBacklog() { onBacklog() }

  /// False for a record of a lane that is blocked by itself: others are read past it.
  func wants(_ entry: SpoolEntry) -> Bool {
    guard let id = StoredRecord.lane(of: entry) else { return true }
    return state.withLock { $0.wants(id) }
  }
}

/// The state that Delivery and the spool's thread share.
final class SharedState: Sendable {
  private let state: Mutex<DeliveryState>

  init(options: DeliveryOptions) { state = Mutex(DeliveryState(options: options)) }

  func withLock<Result>(_ body: (inout sending DeliveryState) -> sending Result) -> sending Result {
    state.withLock(body)
  }
}

/// The books of the streams whose records are in the spool: those of the configuration's cameras, and those that
/// were there in an earlier run.
final class MeterBook: Sendable {
  private let streams: [String: StreamMeters]
  private let others: Mutex<[String: StreamMeters]>

  /// - Parameter classes: of classes, by their names.
  init(_ streams: [StreamMeters], classes: [StreamMeters]) {
    self.streams = Dictionary(streams.map { ($0.name, $0) }) { first, _ in first }
    others = Mutex(Dictionary(classes.map { ($0.name, $0) }) { first, _ in first })
  }

  /// Whose records they were is not known any more.
  static let unknown = "unknown"

  /// What is held in memory first is booked by stream, all else by class.
  func meters(_ spoolClass: SpoolClass, _ source: String) -> StreamMeters {
    let isDurable = spoolClass.priority == .durable
    if !isDurable, let known = streams[source] { return known }
    let name = isDurable ? spoolClass.name : source.isEmpty ? Self.unknown : source
    return others.withLock { others in
      if let known = others[name] { return known }
      let made = StreamMeters(name: name)
      others[name] = made
      return made
    }
  }

  /// Books beside those of the configuration's streams, by name.
  var unlisted: [StreamMeters] { others.withLock { $0.values.sorted { $0.name < $1.name } } }
}
