package import Documents

/// A message of the control topic whose form is right; nobody has asked yet whether it is to be obeyed.
package struct Envelope: Equatable, Sendable {
  package struct Signature: Equatable, Sendable {
    /// `TrustedKey.id`.
    package var key: String
    package var bytes: [UInt8]
  }

  /// How long a command may be valid, in seconds: what is kept to know it again is bounded by it.
  package static let lifetimeMax = 400.0 * 86_400

  /// 1 to 100 letters, digits, `.`, `_`, `-`, `:`.
  package var id: String
  package var issuedAt: Timestamp
  package var expiresAt: Timestamp
  package var issuer: String
  /// Grows from command to command of a key.
  package var sequence: Int
  package var target: Target
  /// With `type`, and what that wants.
  package var command: JSON
  package var type: String
  package var signature: Signature?
  /// What is signed.
  package var signedBytes: [UInt8]

  /// - Throws: `.malformed`.
  package init(_ value: JSON) throws(Rejection) {
    var fields = try Fields(value, "message", .malformed)
    id = try fields.word("id")
    issuedAt = try fields.time("issued_at")
    expiresAt = try fields.time("expires_at")
    issuer = try fields.word("issuer")
    sequence = try fields.integer("sequence", 0...Int(JSON.integerMax))
    target = try Target(fields.value("target"))
    guard let command = fields.value("command"), let type = command["type"]?.text,
      Fields.isWord(type), type.utf8.count <= 64
    else { throw fields.failure("command", "an object with a type belongs here") }
    self.command = command
    self.type = type
    signature = try Self.signature(fields.value("signature"))
    try fields.finish()
    guard issuedAt < expiresAt, expiresAt < issuedAt.adding(seconds: Self.lifetimeMax) else {
      throw fields.failure("expires_at", "it is after issued_at, and no more than 400 days")
    }
    var members = value.members ?? [:]
    members["signature"] = nil
    signedBytes = JSON.object(members).canonical
  }

  private static func signature(_ value: JSON?) throws(Rejection) -> Signature? {
    guard let value else { return nil }
    var fields = try Fields(value, "signature", .malformed)
    let key = try fields.word("key")
    guard let bytes = Base64.decoded(try fields.text("ed25519")), bytes.count == 64 else {
      throw fields.failure("ed25519", "64 bytes in Base64 belong here")
    }
    try fields.finish()
    return Signature(key: key, bytes: bytes)
  }

  /// A message to be signed.
  package static func json(
    id: String, issuer: String, sequence: Int, issuedAt: Timestamp, expiresAt: Timestamp,
    target: Target, command: JSON
  ) -> JSON {
    [
      "id": .string(id), "issuer": .string(issuer), "sequence": .number(Double(sequence)),
      "issued_at": .string(issuedAt.description), "expires_at": .string(expiresAt.description),
      "target": target.json, "command": command,
    ]
  }
}
