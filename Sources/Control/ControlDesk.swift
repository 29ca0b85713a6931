package import Documents
package import Gallery
import Journal
package import Logging
import Synchronization
import Threads

/// Takes the messages of the control topic one after the other, and sees to it that each has its effect once: where
/// the node stands in the topic, whom it has heard, what it has still to do and to answer change in one
/// transaction with the gallery.
///
/// `handle` and `tick` are called on one thread. Long commands are carried out on another.
package final class ControlDesk: Sendable {
  struct Inner: Sendable {
    var memory = ControlMemory()
    /// As it is in the file.
    var saved = ControlMemory()
    var ring = KeyRing()
    /// Changes over the configuration's files, and of keys.
    var overrides = Overrides()
    /// Of the overrides, as they are on the disk.
    var generation = 0
    /// Why it is not known what commands changed; nil where it is.
    var unknown: String?
    /// Messages that were passed since the last transaction.
    var unsaved = 0
    /// Results that were handed on, and are in the file until they are settled.
    var sent: Set<Int> = []
    var reports = TokenBucket.reports
    var keyReports = KeyReportLimits()
    /// The last of this run.
    var last: ControlResult?
  }

  /// Messages without effect that may be handled anew after a crash: judging them costs less than a transaction each.
  private static let unsavedMax = 256
  /// What is kept of a command that is still to be carried out, in bytes.
  static let pendingBytesMax = 256 << 10
  /// What the file keeps of a result; a broker takes 1 MiB.
  private static let resultBytesMax = 900_000

  let gallery: Gallery
  let target: any CommandTarget
  let commands: BoundCommands
  package let options: ControlOptions
  let logger: Logger
  private let judge: Judge
  private let sink: any ResultSink
  private let faults: FaultLog
  /// Held for no longer than it takes to copy: those who look at the box must not wait for a disk.
  let inner = Mutex(Inner())
  /// Held by whoever changes what is inside, for as long as a transaction takes. Taken before `inner`.
  private let writing = Mutex(())
  /// Held while overlay and agent change together. Taken before `writing`.
  let configuring = Mutex(())
  let worker = LongWork()
  private let frozen = FreezeWatch()
  /// Where the attempts at the photographs at hand are counted; nil for none.
  let attempted = Mutex<String?>(nil)
  let isEnding = Atomic(false)
  let reading = Mutex(ReadingStanding())

  /// Reads the node's memory and its keys.
  /// - Parameter commands: those that it obeys.
  package init(
    gallery: Gallery, target: any CommandTarget, commands: BoundCommands, sink: any ResultSink,
    options: ControlOptions, logger: Logger
  ) throws(GalleryError) {
    self.gallery = gallery
    self.target = target
    self.commands = commands
    self.sink = sink
    self.options = options
    self.logger = logger
    faults = FaultLog(logger: logger)
    judge = Judge(identity: options.identity, commands: commands)
    let topic = options.topic
    let found = options.store?.read() ?? .none
    let made = try gallery.transaction { edit throws(GalleryError) in
      try Self.begin(found, try ControlMemory(edit, topic: topic), &edit, topic)
    }
    inner.withLock { $0 = made }
    for sentence in Self.news(found, made) { logger.error("\(sentence)") }
    loadKeys()
    guard made.unknown == nil else { return }
    // Whatever was damaged, missing or behind is whole again from here on.
    try commit { edit, inner, _ throws(GalleryError) in
      inner.overrides.sources = target.sources(inner.overrides.sources)
    }
  }

  /// What commands changed, from whichever of its copies is the newest; nil where this node has never been commanded.
  /// - Throws: where the gallery's copy is needed and cannot be read.
  package static func overrides(
    _ found: OverrideStore.Found, _ gallery: Gallery
  ) throws(GalleryError) -> Overrides? {
    if case .copy(let copy, _) = found { return copy.overrides }
    return try gallery.transaction { edit throws(GalleryError) in
      try Overrides.stored(edit)?.1
    }
  }

  package var overrides: Overrides { inner.withLock { $0.overrides } }

  /// Why it is not known what commands changed; nil where it is.
  package var unknownOverrides: String? { inner.withLock { $0.unknown } }

  package var overlay: JSON { overrides.overlay }

  /// The next offset of each partition.
  package var offsets: [Int32: Int64] { inner.withLock { $0.memory.offsets } }

  package var keyCount: Int { inner.withLock { $0.ring.keys.count } }

  /// Whether nothing signed has come for longer than it may.
  package var isFrozen: Bool { frozen.isFrozen }

  package var standing: ControlStanding {
    let isFrozen = isFrozen
    let reading = reading.withLock { $0 }
    return inner.withLock { inner in
      ControlStanding(
        keyCount: inner.ring.keys.count, heard: inner.memory.heard?.microseconds,
        isFrozen: isFrozen, last: inner.last, readerDeaths: reading.deaths, skips: reading.skips,
        skipped: reading.last)
    }
  }

  /// Trusts the keys of the folder and those that were put, without those that were revoked. Where it is not known which
  /// were revoked, it trusts none.
  package func loadKeys() {
    var (ring, troubles) = KeyRing.load(folder: options.keysFolder)
    mutate { inner in
      for (_, value) in inner.overrides.keys.sorted(by: { $0.key < $1.key }) {
        do throws(Rejection) {
          try ring.put(try TrustedKey(value))
        } catch {
          troubles.append("a key that came over the topic is not used: \(error)")
        }
      }
      for key in inner.overrides.revoked { ring.revoke(key) }
      inner.ring = inner.unknown == nil ? ring : KeyRing()
    }
    for trouble in troubles { logger.warning("\(trouble)") }
  }

  /// Changes what is not written yet. Waits for a transaction that is under way.
  private func mutate<Result: Sendable>(_ body: (inout Inner) -> Result) -> Result {
    writing.withLock { _ in inner.withLock { body(&$0) } }
  }

  // MARK: Messages

  /// Handles a message, unless it was handled before.
  /// - Returns: whether it costs as much as a command that is obeyed: its answer is written.
  /// - Throws: what the file refuses; nothing has happened then, and the message is to be given again.
  @discardableResult
  package func handle(
    partition: Int32, offset: Int64, value: [UInt8]
  ) throws(GalleryError) -> Bool {
    var (memory, ring) = inner.withLock { ($0.memory, $0.ring) }
    guard offset >= memory.offsets[partition] ?? 0 else { return false }
    memory.pass(partition, offset)
    let envelope: Envelope
    do throws(Rejection) {
      envelope = try judge.read(value)
    } catch {
      try pass(memory, nil, error)
      return false
    }
    switch judge.judge(envelope, ring, &memory, clock: .now) {
    case .ignore: try pass(memory, nil, nil)
    case .reject(let rejection, isReported: false): try pass(memory, envelope, rejection)
    case .reject(let rejection, isReported: true):
      guard rejection.reason == .notAllowed else {
        try reject(envelope, rejection, memory)
        return true
      }
      let key = envelope.signature?.key ?? ""
      if mutate({ $0.keyReports.admits(key, Clock.monotonic) }) {
        try reject(envelope, rejection, memory)
      } else {
        // Ten thousand of them are neither ten thousand lines nor ten thousand transactions.
        try pass(memory, nil, rejection, isSilent: true)
      }
    case .obey(let order):
      try obey(envelope, order, memory)
      return true
    }
    return false
  }

  /// A message without effect.
  private func pass(
    _ memory: ControlMemory, _ envelope: Envelope?, _ rejection: Rejection?, isSilent: Bool = false
  ) throws(GalleryError) {
    let (isDue, report) = mutate { inner in
      inner.memory.take(memory)
      inner.unsaved += 1
      var report: ControlResult?
      if let rejection, !isSilent, inner.reports.take(now: Clock.monotonic) {
        // Not numbered: it is not kept, and a number that is given twice would hide another result.
        report = Self.result(rejection, envelope, 0)
      }
      return (inner.unsaved >= Self.unsavedMax, report)
    }
    if let rejection {
      faults.tell(
        "rejected \(rejection.reason)", .warning,
        "a message on \(options.topic) is not obeyed: \(rejection.reason.rawValue): \(rejection)")
    }
    if let report { sink.send(report) }
    if isDue { try flush() }
  }

  func reject(
    _ envelope: Envelope, _ rejection: Rejection, _ memory: ControlMemory
  ) throws(GalleryError) {
    logger.notice(
      "command \(envelope.id) (\(envelope.type)) is not obeyed: \(rejection.reason.rawValue): \(rejection)"
    )
    try commit { _, inner, results throws(GalleryError) in
      inner.memory.take(memory)
      results.append(Self.result(rejection, envelope, inner.memory.nextNumber()))
    }
  }

  private static func result(
    _ rejection: Rejection, _ envelope: Envelope?, _ number: Int
  ) -> ControlResult {
    var result = ControlResult(
      number: number, envelope, rejection.reason == .expired ? .expired : .rejected)
    result.reason = rejection.reason.rawValue
    result.detail = rejection.description
    return result
  }

  // MARK: Transactions

  /// Changes gallery, memory and results as one, then hands the results on.
  func commit<Result: Sendable>(
    _ body: (inout GalleryEdit, inout Inner, inout [ControlResult]) throws(GalleryError) -> Result
  ) throws(GalleryError) -> Result {
    let topic = options.topic
    let (result, results) = try writing.withLock { _ throws(GalleryError) in
      let last = inner.withLock { $0 }
      var next = last
      let made = try gallery.transaction { edit throws(GalleryError) in
        var results: [ControlResult] = []
        let result = try body(&edit, &next, &results)
        for place in results.indices {
          results[place] = try Self.keep(results[place], &edit)
        }
        try keepOverrides(&next, last, &edit)
        try next.memory.write(&edit, topic: topic, before: last.saved)
        return (result, results)
      }
      next.saved = next.memory
      next.unsaved = 0
      next.sent.formUnion(made.1.map(\.number))
      next.last = made.1.last ?? next.last
      inner.withLock { $0 = next }
      return made
    }
    for result in results { sink.send(result) }
    return result
  }

  /// Writes the overrides' own files before the gallery's file says the same: after a crash in between they are the newer
  /// ones, and the command comes again.
  private func keepOverrides(
    _ next: inout Inner, _ last: Inner, _ edit: inout GalleryEdit
  ) throws(GalleryError) {
    guard next.unknown == nil else { return }
    let isHeld = options.store?.holds(next.overrides) ?? true
    guard !isHeld || next.overrides != last.overrides || next.generation == 0 else { return }
    next.generation += 1
    if let store = options.store {
      var copy = OverridesCopy(generation: next.generation, overrides: next.overrides)
      copy.sequences = next.memory.sequences
      copy.latest = next.memory.now(.now).microseconds
      try store.write(copy)
    }
    try next.overrides.store(&edit, generation: next.generation, before: last.overrides)
  }

  private static func key(_ kind: String, _ number: Int) -> String {
    let digits = String(number)
    return
      "control/\(kind)/\(String(repeating: "0", count: max(0, 16 - digits.utf8.count)))\(digits)"
  }

  static func pendingKey(_ number: Int) -> String { key("pending", number) }

  private static func keep(
    _ result: ControlResult, _ edit: inout GalleryEdit
  ) throws(GalleryError) -> ControlResult {
    var result = result
    var bytes = result.json.canonical
    if bytes.count > resultBytesMax {
      result.facts = [:]
      result.detail = "\(result.detail ?? ""); what there is to tell is larger than a result may be"
      bytes = result.json.canonical
    }
    try edit.setState(key("outbox", result.number), bytes)
    return result
  }

  private func flush() throws(GalleryError) {
    let isBehind = inner.withLock { inner in
      inner.unknown == nil && options.store.map { !$0.holds(inner.overrides) } ?? false
    }
    guard isBehind || inner.withLock({ $0.unsaved > 0 }) else { return }
    try commit { _, _, _ throws(GalleryError) in }
  }

  /// What is done now and then: the memory is written, results that have arrived are forgotten, silence is told of.
  package func tick() throws(GalleryError) {
    try flush()
    let sent = inner.withLock { $0.sent }
    if !sent.isEmpty, sink.isSettled {
      try gallery.transaction { edit throws(GalleryError) in
        for number in sent { try edit.setState(Self.key("outbox", number), nil) }
      }
      mutate { $0.sent.subtract(sent) }
    }
    guard let limit = options.freezeAfter else { return }
    let heard = inner.withLock { $0.memory.heard }
    if let silence = frozen.news(heard: heard, limit: limit) {
      logger.error("nothing signed was heard on \(options.topic) for \(Int(silence)) s")
      target.announce(.controlFrozen, ["seconds": .number(silence.rounded())])
    }
  }

  /// The log was cut off before the place up to which it was read: what was in between is not known.
  package func truncated(partition: Int32) {
    let last = mutate { inner in
      let last = inner.memory.offsets[partition] ?? 0
      inner.memory.forgetOffset(partition)
      inner.unsaved += 1
      return last
    }
    logger.error(
      "\(options.topic), partition \(partition): what follows offset \(last) is gone; commands may be missing"
    )
    target.announce(
      .controlTruncated,
      ["partition": .number(Double(partition)), "offset": .number(Double(last))])
  }

  // MARK: Start and end

  /// Hands on the results that may not have arrived, and goes on with what was begun before the last end.
  package func start() throws(GalleryError) {
    do throws(ThreadError) {
      try worker.start()
    } catch {
      throw GalleryError(.full, error.description)
    }
    let (outbox, pending) = try gallery.transaction { edit throws(GalleryError) in
      (
        try edit.states(prefix: "control/outbox/").map(\.value),
        try edit.states(prefix: "control/pending/")
      )
    }
    for bytes in outbox {
      guard let value = try? JSONReader.read(bytes, limits: .stored),
        let result = try? ControlResult(value)
      else { continue }
      _ = mutate { $0.sent.insert(result.number) }
      sink.send(result)
    }
    for (key, value) in pending {
      guard let number = key.split(separator: "/").last.flatMap({ Int($0) }) else { continue }
      try resume(number, value)
    }
  }

  /// Asks what takes long to end soon; it goes on at the next start.
  package func beginStop() { forgive() }

  /// Ends the thread of long commands; one that is not done goes on at the next start.
  package func stop() { worker.stop() }
}

extension JSONReader.Limits {
  /// For what the node itself has written.
  static var stored: JSONReader.Limits {
    var limits = JSONReader.Limits()
    limits.bytesMax = 8 << 20
    return limits
  }
}
