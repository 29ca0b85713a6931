package import Documents
import Gallery
import Logging
import Synchronization
import Threads

/// What becomes of commands.
extension ControlDesk {
  /// A command that is stored, and still to be carried out.
  struct Pending: Sendable {
    var number: Int
    var envelope: Envelope
    var order: BoundOrder
    /// Of the configuration, as it was before.
    var previous: JSON
  }

  func obey(
    _ envelope: Envelope, _ order: BoundOrder, _ memory: ControlMemory
  ) throws(GalleryError) {
    var prepared: Prepared
    do throws(Rejection) {
      prepared = try prepare(envelope, order)
    } catch {
      return try reject(envelope, error, memory)
    }
    switch order.effect {
    case .gallery(let update):
      try look(at: update.people, of: envelope, &prepared)
      try change(envelope, order, prepared, memory)
      attempted.withLock { $0 = nil }
    case .keys: try change(envelope, order, prepared, memory)
    case .overlay(let update):
      try configuring.withLock { _ throws(GalleryError) in
        let overlay = overlay(after: update)
        try adopt(try accept(envelope, order, memory, overlay: overlay), update, overlay)
      }
    case .work(let body):
      try work(try accept(envelope, order, memory, overlay: nil), body)
    case .study(let study):
      self.study(try accept(envelope, order, memory, overlay: nil), study)
    }
  }

  /// What lies over the configuration's files once this has changed it.
  private func overlay(after change: OverlayChange) -> JSON {
    switch change {
    case .merge(let patch, _): overlay.merging(patch)
    case .reset(let camera): overlay.without(camera: camera)
    }
  }

  /// What was found out before the transaction.
  struct Prepared: Sendable {
    var photos = ReadPhotos()
    /// Where it is counted how often the command was begun; nil for nowhere.
    var attemptKey: String?
    /// Why it is not tried; nil where it is.
    var failure: CommandFailure?
  }

  private func prepare(
    _ envelope: Envelope, _ order: BoundOrder
  ) throws(Rejection) -> Prepared {
    var prepared = Prepared()
    switch order.effect {
    case .gallery(let change):
      // Asking for the model loads it.
      guard !change.people.isEmpty else { break }
      prepared.photos.model = target.model
      if prepared.photos.model == nil, change.people.contains(where: { !$0.photos.isEmpty }) {
        throw Rejection(.unavailable, "there are no face models on this node")
      }
    case .keys: break
    case .overlay(let change): try prepare(order, change)
    case .work, .study: try target.check(order.scope, camera: order.camera)
    }
    guard order.isTransaction || fits(envelope) else {
      throw Rejection(.tooLarge, "a command of this type has \(Self.pendingBytesMax) bytes at most")
    }
    if order.isLong, worker.isFull {
      throw Rejection(.unavailable, "too many long commands are waiting already")
    }
    return prepared
  }

  private func prepare(_ order: BoundOrder, _ change: OverlayChange) throws(Rejection) {
    let changed = overlay(after: change)
    if case .reset(let camera) = change {
      if let camera, overlay["cameras"]?[camera] == nil {
        throw Rejection(.unavailable, "no command has changed a camera \(camera)")
      }
      return try target.check(overlay: changed)
    }
    guard unknownOverrides == nil else {
      throw Rejection(
        .unavailable, "what commands changed before is lost: send config.reset first")
    }
    try target.check(order.scope, camera: order.camera)
    try target.check(overlay: changed)
    guard changed.canonical.count <= Self.pendingBytesMax else {
      throw Rejection(.tooLarge, "all changes together have \(Self.pendingBytesMax) bytes at most")
    }
  }

  private func fits(_ envelope: Envelope) -> Bool {
    envelope.signedBytes.count <= Self.pendingBytesMax
  }

  /// Stores that a command is to be carried out, and with it what the configuration is to be.
  private func accept(
    _ envelope: Envelope, _ order: BoundOrder, _ memory: ControlMemory, overlay: JSON?
  ) throws(GalleryError) -> Pending {
    try commit { edit, inner, results throws(GalleryError) in
      inner.memory.take(memory)
      let accepted = ControlResult(number: inner.memory.nextNumber(), envelope, .accepted)
      results.append(accepted)
      let previous = inner.overrides.overlay
      if let overlay {
        inner.overrides.overlay = overlay
        inner.overrides.sources = target.sources(inner.overrides.sources)
        // A reset: what is not known is no more in force.
        inner.unknown = nil
      }
      let message = String(decoding: envelope.signedBytes, as: UTF8.self)
      let stored: JSON = ["message": .string(message), "previous": previous]
      try edit.setState(Self.pendingKey(accepted.number), stored.canonical)
      return Pending(
        number: accepted.number, envelope: envelope, order: order, previous: previous)
    }
  }

  /// Tells how a command ended, and forgets it.
  func finish(
    _ pending: Pending, _ outcome: Result<[String: JSON], CommandFailure>
  ) throws(GalleryError) {
    try commit { edit, inner, results throws(GalleryError) in
      try edit.setState(Self.pendingKey(pending.number), nil)
      results.append(
        Self.result(outcome, pending.envelope, inner.memory.nextNumber()))
    }
  }

  static func result(
    _ outcome: Result<[String: JSON], CommandFailure>, _ envelope: Envelope, _ number: Int
  ) -> ControlResult {
    var result = ControlResult(number: number, envelope, .succeeded)
    switch outcome {
    case .success(let facts): result.facts = facts
    case .failure(let failure):
      result.state = .failed
      result.reason = "failed"
      result.detail = failure.description
    }
    return result
  }

  // MARK: The configuration

  /// Makes the agent what the overlay says, or, where that fails, what it was before.
  private func adopt(
    _ pending: Pending, _ change: OverlayChange, _ overlay: JSON
  ) throws(GalleryError) {
    let facts: [String: JSON]
    do throws(CommandFailure) {
      facts = try target.adopt(overlay: overlay)
    } catch {
      try goBack(to: pending.previous)
      return try finish(pending, .failure(error))
    }
    guard case .merge(_, let seconds?) = change, let camera = pending.order.camera else {
      return try finish(pending, .success(facts))
    }
    watch(pending, camera, seconds, facts)
  }

  private func goBack(to overlay: JSON) throws(GalleryError) {
    try commit { _, inner, _ throws(GalleryError) in inner.overrides.overlay = overlay }
    do throws(CommandFailure) {
      _ = try target.adopt(overlay: overlay)
    } catch {
      logger.error("the configuration of before cannot be brought back: \(error)")
    }
  }

  /// A picture this old tells that a camera is at work.
  private static let recentNanoseconds: UInt64 = 10_000_000_000

  /// Waits for the camera's pictures; where none come, the camera's settings become what they were.
  private func watch(
    _ pending: Pending, _ camera: String, _ seconds: Double, _ facts: [String: JSON]
  ) {
    let since = Clock.monotonic
    perform(pending) { [self] isStopping throws(GalleryError) in
      while Double(Clock.monotonic - since) / 1e9 < seconds {
        if isStopping() { return }
        worker.rest(milliseconds: 100)
      }
      let now = Clock.monotonic
      let recently = max(since, now - min(now, Self.recentNanoseconds))
      if target.hasPictures(camera: camera, since: recently) {
        return try finish(pending, .success(facts))
      }
      try configuring.withLock { _ throws(GalleryError) in
        let before = pending.previous["cameras"]?[camera] ?? .null
        let cleared = overlay.merging(["cameras": [camera: .null]])
        try goBack(to: cleared.merging(["cameras": [camera: before]]))
      }
      try finish(
        pending,
        .failure(
          CommandFailure(
            "\(camera) gave no pictures within \(Int(seconds)) s; its settings are what they were"))
      )
    }
  }

  // MARK: The rest

  /// Carries out a command that is stored.
  private func work(
    _ pending: Pending,
    _ body: @escaping @Sendable (Void, () -> Bool) throws(CommandFailure) -> [String: JSON]
  ) throws(GalleryError) {
    guard pending.order.isLong else {
      return try finish(
        pending, attempt { () throws(CommandFailure) in try body((), { false }) })
    }
    perform(pending) { [self] isStopping throws(GalleryError) in
      guard try begin(pending) else { return }
      let outcome = attempt { () throws(CommandFailure) in try body((), isStopping) }
      if case .failure(let failure) = outcome, failure.isInterrupted {
        return try interrupt(pending)
      }
      try finish(pending, outcome)
    }
  }

  func attempt(
    _ body: () throws(CommandFailure) -> [String: JSON]
  ) -> Result<[String: JSON], CommandFailure> {
    do throws(CommandFailure) {
      return .success(try body())
    } catch {
      return .failure(error)
    }
  }

  /// On the thread of long commands. Where the file refuses, the command stays pending until the next start.
  private func perform(
    _ pending: Pending, _ body: @escaping @Sendable (() -> Bool) throws(GalleryError) -> Void
  ) {
    worker.add { [self] isStopping in
      do throws(GalleryError) {
        try body(isStopping)
      } catch {
        logger.error("command \(pending.envelope.id) cannot be ended: \(error)")
      }
    }
  }

  /// How often a command may be begun by a process that then dies of it, or beside it.
  static let attemptsMax = 2

  /// Why a command is not begun again.
  static var deadly: CommandFailure {
    CommandFailure("the node died \(attemptsMax) times while it was at it; it is not tried again")
  }

  /// Counts an attempt before the work: what kills the process must not do so at every start.
  /// - Returns: false where it has been begun often enough; that is reported.
  private func begin(_ pending: Pending) throws(GalleryError) -> Bool {
    let isBegun = try gallery.transaction { edit throws(GalleryError) in
      try Self.attempt(pending.number, &edit) { $0 < Self.attemptsMax ? $0 + 1 : nil }
    }
    if !isBegun {
      try finish(pending, .failure(Self.deadly))
    }
    return isBegun
  }

  /// The node is ending, and the command is no reason for that: it goes on at the next start.
  private func interrupt(_ pending: Pending) throws(GalleryError) {
    _ = try gallery.transaction { edit throws(GalleryError) in
      try Self.attempt(pending.number, &edit) { _ in 0 }
    }
  }

  /// Changes how often a command was begun.
  private static func attempt(
    _ number: Int, _ edit: inout GalleryEdit, _ next: (Int) -> Int?
  ) throws(GalleryError) -> Bool {
    guard let bytes = try edit.state(pendingKey(number)),
      case .object(var stored)? = try? JSONReader.read(bytes, limits: .stored)
    else { return true }
    guard let attempts = next(max(0, stored["attempts"]?.integer ?? 0)) else { return false }
    stored["attempts"] = .number(Double(attempts))
    try edit.setState(pendingKey(number), JSON.object(stored).canonical)
    return true
  }

  private func study(_ pending: Pending, _ study: GalleryStudy) {
    perform(pending) { [self] isStopping throws(GalleryError) in
      guard try begin(pending) else { return }
      let store: @Sendable (inout GalleryEdit) throws(GalleryError) -> [String: JSON]
      do throws(GalleryError) {
        store = try study.run(try gallery.snapshot(), isStopping)
      } catch {
        if error.code == .cancelled { return try interrupt(pending) }
        return try finish(pending, .failure(CommandFailure(error.description)))
      }
      try commit { edit, inner, results throws(GalleryError) in
        let facts = try store(&edit)
        try edit.setState(Self.pendingKey(pending.number), nil)
        results.append(Self.result(.success(facts), pending.envelope, inner.memory.nextNumber()))
      }
    }
  }

  /// Goes on with a command that was stored before the last end of the process, where it may be done again.
  func resume(_ number: Int, _ stored: [UInt8]) throws(GalleryError) {
    let envelope: Envelope
    let order: BoundOrder
    let previous: JSON
    do throws(Rejection) {
      let value = try JSONReader.readOrReject(stored, limits: .stored)
      envelope = try Envelope(JSONReader.readOrReject(Array((value["message"]?.text ?? "").utf8)))
      order = try commands.order(envelope.command)
      previous = value["previous"] ?? [:]
    } catch {
      logger.error("a command of before the last start cannot be read: \(error)")
      return try gallery.transaction { edit throws(GalleryError) in
        try edit.setState(Self.pendingKey(number), nil)
      }
    }
    let pending = Pending(number: number, envelope: envelope, order: order, previous: previous)
    guard order.isRepeatable else {
      return try finish(
        pending, .failure(CommandFailure("the node ended while it was at it; ask for the status")))
    }
    switch order.effect {
    case .overlay(let change):
      try configuring.withLock { _ throws(GalleryError) in try adopt(pending, change, overlay) }
    case .work(let body): try work(pending, body)
    case .study(let study): self.study(pending, study)
    // Those of a transaction are not stored.
    case .gallery, .keys: try finish(pending, .failure(Self.deadly))
    }
  }
}

extension JSON {
  /// An overlay without what is about a camera; nothing where that is nil.
  package func without(camera: String?) -> JSON {
    guard let camera else { return [:] }
    let rest = merging(["cameras": [camera: .null]])
    return rest["cameras"]?.members?.isEmpty == true ? rest.merging(["cameras": .null]) : rest
  }
}
