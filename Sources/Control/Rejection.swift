/// Why a message is not obeyed: a word for programs and a sentence for the operator.
package struct Rejection: Error, Equatable, CustomStringConvertible, Sendable {
  package enum Reason: String, CaseIterable, Sendable {
    case tooLarge = "too_large"
    case notJSON = "not_json"
    /// The envelope lacks a member, or one is not what belongs there.
    case malformed
    case unsigned
    /// No trusted key goes by that id.
    case unknownKey = "unknown_key"
    case revokedKey = "revoked_key"
    /// The signature is not this key's over this message.
    case badSignature = "bad_signature"
    /// The key is another issuer's.
    case wrongIssuer = "wrong_issuer"
    /// The key may not give this command, or not to this node.
    case notAllowed = "not_allowed"
    case expired
    /// It says that it was issued later than clocks can differ.
    case future
    /// The same command was here before.
    case replayed
    /// Its sequence is not above the last of its key.
    case rollback
    case unknownType = "unknown_type"
    case badArgument = "bad_argument"
    /// This box lacks what the command is about.
    case unavailable
  }

  package var reason: Reason
  package var description: String

  package init(_ reason: Reason, _ sentence: String) {
    self.reason = reason
    description = sentence
  }
}

/// Why a command that was accepted had no effect: a sentence for the operator.
package struct CommandFailure: Error, Equatable, CustomStringConvertible, Sendable {
  package var description: String

  /// Whether the node is ending, and the command goes on at the next start.
  package var isInterrupted = false

  package init(_ sentence: String, isInterrupted: Bool = false) {
    description = sentence
    self.isInterrupted = isInterrupted
  }
}
