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
  /// - Parameter isReported: always, rather than as far as the limit of reports allows.
  case reject(Rejection, isReported: Bool)
  case obey(ControlCommand)
}

/// Judges messages; touches nothing but the memory.
struct Judge {
  /// How far in the future a message may say that it was issued: a later one would spoil the box's sense of time.
  static let futureMax = 86_400.0
  /// Clocks that say less were never set.
  static let earliest = Timestamp(microseconds: 1_767_225_600_000_000)

  let identity: ControlIdentity
  let limits = JSONReader.Limits()

  /// - Throws: `.tooLarge`, `.notJSON`, `.malformed`.
  func read(_ bytes: [UInt8]) throws(Rejection) -> Envelope {
    try Envelope(JSONReader.read(bytes, limits: limits))
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
    let reject = { (reason: Rejection.Reason, sentence: String) -> Verdict in
      isTarget ? .reject(Rejection(reason, sentence), isReported: true) : .ignore
    }
    let now = memory.now(clock)
    guard envelope.issuedAt <= max(now, Self.earliest).adding(seconds: Self.futureMax) else {
      return reject(.future, "it says that it is issued at \(envelope.issuedAt); here it is \(now)")
    }
    let keyID = key?.id ?? "unsigned:\(envelope.issuer)"
    let last = memory.sequences[keyID]
    let isKnown = memory.knows(envelope.id)
    memory.note(envelope, key: keyID, clock: clock)
    if isKnown { return reject(.replayed, "the command \(envelope.id) was here before") }
    if let last, envelope.sequence <= last {
      return reject(
        .rollback, "its sequence \(envelope.sequence) is not above \(last), the last of its key")
    }
    guard isTarget else { return .ignore }
    if let key, !key.allows(type: envelope.type) {
      return reject(.notAllowed, "the key \(key.id) may not give \(envelope.type)")
    }
    if let key, !key.reaches(labels: identity.labels) {
      return reject(.notAllowed, "the key \(key.id) is not for nodes with this one's labels")
    }
    memory.remember(envelope.id)
    guard memory.now(clock) < envelope.expiresAt else {
      return reject(.expired, "it was valid until \(envelope.expiresAt)")
    }
    do throws(Rejection) {
      return .obey(try ControlCommand(envelope.command))
    } catch {
      return .reject(error, isReported: true)
    }
  }

  /// Nil for a message without a signature where those are obeyed.
  private func key(of envelope: Envelope, _ ring: KeyRing) throws(Rejection) -> TrustedKey? {
    if envelope.signature == nil, identity.allowsUnsigned {
      guard !envelope.type.hasPrefix("keys.") else {
        throw Rejection(.unsigned, "keys are not changed without a signature")
      }
      return nil
    }
    return try ring.key(of: envelope)
  }
}
