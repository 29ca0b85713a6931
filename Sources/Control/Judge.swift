import Documents

/// Who the node is to those who command it, and whom it obeys.
package struct ControlIdentity: Sendable {
  package var node: String
  package var labels: [String: String]
  /// Whether messages without a signature are obeyed: for trying things out.
  package var allowsUnsigned = false

  package init(node: String, labels: [String: String] = [:]) {
    self.node = node
    self.labels = labels
  }
}

/// What is to be done about a message.
enum Verdict {
  /// It is for others.
  case ignore
  /// - Parameter isReported: with an answer that is kept until it arrives; where the key may not give it at all, as far as a limit allows.
  case reject(Rejection, isReported: Bool)
  case obey(BoundOrder)
}

/// Judges messages; touches nothing but the memory.
struct Judge {
  /// How far in the future a message may say that it was issued, in seconds: a later one would spoil the box's sense of
  /// time.
  private static let futureMax = 86_400.0
  /// Clocks that say less than 2026 were never set.
  private static let earliest = Timestamp(microseconds: 1_767_225_600_000_000)
  /// What is believed then: 20 years, in seconds.
  private static let unsetMax = 20 * 365.25 * 86_400
  /// How far one message may move the node's idea of time beyond its clock, in seconds. More would let whoever has a key
  /// make every other command expire.
  private static let stepMax = 900.0
  /// The same where the clock was never set, beyond what is known already.
  private static let unsetStepMax = 86_400.0

  /// The latest time that a message may say it was issued at. By the clock alone: what was heard must not move it on.
  private static func latest(_ clock: Timestamp) -> Timestamp {
    clock < earliest ? earliest.adding(seconds: unsetMax) : clock.adding(seconds: futureMax)
  }

  private static func heardMax(_ clock: Timestamp, _ known: Timestamp) -> Timestamp {
    clock < earliest
      ? max(earliest, known).adding(seconds: unsetStepMax) : clock.adding(seconds: stepMax)
  }

  let identity: ControlIdentity
  let commands: BoundCommands
  let limits = JSONReader.Limits()

  /// - Throws: `.tooLarge`, `.notJSON`, `.malformed`.
  func read(_ bytes: [UInt8]) throws(Rejection) -> Envelope {
    try Envelope(JSONReader.readOrReject(bytes, limits: limits))
  }

  /// In this order: whose it is, whom it is for, whether it is new, what it says.
  func judge(
    _ envelope: Envelope, _ ring: KeyRing, _ memory: inout ControlMemory, clock: Timestamp
  ) -> Verdict {
    let key: TrustedKey?
    do throws(Rejection) {
      key = try self.key(of: envelope, ring)
    } catch {
      return .reject(error, isReported: false)
    }
    let isTarget = envelope.target.includes(
      node: identity.node, labels: identity.labels, id: envelope.id)
    // Whoever can write to the topic can send the same message again: such answers are limited, too.
    let reject = { (reason: Rejection.Reason, sentence: String, isReported: Bool) -> Verdict in
      isTarget ? .reject(Rejection(reason, sentence), isReported: isReported) : .ignore
    }
    guard envelope.issuedAt <= Self.latest(clock) else {
      return reject(
        .future, "it says that it is issued at \(envelope.issuedAt); here it is \(clock)", false)
    }
    let isOfTime = envelope.type == "time.reset" && key?.isRoot == true
    guard envelope.issuedAt >= memory.floor || isOfTime else {
      return reject(
        .rollback,
        "it was issued before \(memory.floor), when this node lost its memory of earlier commands; issue it anew",
        false)
    }
    let keyID = key?.id ?? "unsigned"
    // Who signs nothing is whoever he says he is.
    let issuer = key.map(\.issuer) ?? "unsigned\n\(envelope.issuer)"
    if memory.knows(envelope.id, of: issuer) {
      return reject(.replayed, "the command \(envelope.id) was here before", false)
    }
    if let last = memory.sequences[keyID], envelope.sequence <= last {
      return reject(
        .rollback, "its sequence \(envelope.sequence) is not above \(last), the last of its key",
        false)
    }
    // Only what is new: a message that is sent again does not break a silence.
    memory.note(envelope, key: keyID, clock: clock)
    guard isTarget else { return .ignore }
    if let key, !key.allows(type: envelope.type) {
      return reject(.notAllowed, "the key \(key.id) may not give \(envelope.type)", true)
    }
    if let key,
      let missing = commands.permissions(envelope.command).first(where: { !key.allows(type: $0) })
    {
      return reject(
        .notAllowed, "the key \(key.id) may not give \(missing), which this needs", true)
    }
    if let key, !key.reaches(labels: identity.labels) {
      return reject(.notAllowed, "the key \(key.id) is not for nodes with this one's labels", true)
    }
    memory.remember(envelope.id, of: issuer)
    if isOfTime {
      memory.setTime(envelope.issuedAt, clock: clock)
    } else {
      memory.hear(envelope.issuedAt, atMost: Self.heardMax(clock, memory.latest))
    }
    guard (isOfTime ? clock : memory.now(clock)) < envelope.expiresAt else {
      return reject(.expired, "it was valid until \(envelope.expiresAt)", true)
    }
    do throws(Rejection) {
      return .obey(try commands.order(envelope.command))
    } catch {
      return .reject(error, isReported: true)
    }
  }

  /// Nil for a message without a signature where those are obeyed.
  private func key(of envelope: Envelope, _ ring: KeyRing) throws(Rejection) -> TrustedKey? {
    if envelope.signature == nil, identity.allowsUnsigned {
      guard !envelope.type.hasPrefix("keys."), !envelope.type.hasPrefix("time.") else {
        throw Rejection(.unsigned, "neither keys nor time are changed without a signature")
      }
      return nil
    }
    return try ring.key(of: envelope)
  }
}
