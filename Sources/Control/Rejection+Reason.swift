// Written by tools/schemas from schemas/rejection-reason.json. Change that and run it.

extension Rejection {
  /// Why a message of the control topic is not obeyed.
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
}
