import Crypto
import FoundationEssentials

/// A public key that commands may be signed with, and what they may be.
package struct TrustedKey: Equatable, Sendable {
  package static let byteCount = 32

  /// Whose it is.
  package var issuer: String
  package var bytes: [UInt8]
  /// Whether it may put and revoke keys, and set the time. A root key gives other commands only where `commands` says so.
  package var isRoot: Bool
  /// Command types: a name, `gallery.*`, or `*`; beside them `camera.source` and `camera.masks`, which `camera.set` needs
  /// to change those.
  package var commands: [String]
  /// Only nodes with all of these labels obey it.
  package var labels: [String: String]

  package init(
    issuer: String, bytes: [UInt8], isRoot: Bool = false, commands: [String] = ["*"],
    labels: [String: String] = [:]
  ) {
    self.issuer = issuer
    self.bytes = bytes
    self.isRoot = isRoot
    self.commands = commands
    self.labels = labels
  }

  package init(_ value: JSONValue?) throws(Rejection) {
    var fields = try Fields(value, "key")
    issuer = try fields.word("issuer")
    isRoot = try fields.flag("root")
    labels = try fields.labels("labels")
    commands =
      fields.value("commands") == nil
      ? (isRoot ? [] : ["*"])
      : try fields.texts(
        "commands", countMax: 64, bytesMax: 64)
    guard let bytes = Base64.decoded(try fields.text("ed25519")), bytes.count == Self.byteCount,
      (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil
    else { throw fields.failure("ed25519", "the 32 bytes of a public key in Base64 belong here") }
    self.bytes = bytes
    try fields.finish()
  }

  package var json: JSONValue {
    var members: [String: JSONValue] = [
      "issuer": .string(issuer), "ed25519": .string(Base64.encoded(bytes)),
      "commands": .array(commands.map { .string($0) }),
    ]
    if isRoot { members["root"] = true }
    if !labels.isEmpty { members["labels"] = .object(labels.mapValues { .string($0) }) }
    return .object(members)
  }

  /// What signatures name it by: the first 16 hexadecimal digits of its SHA-256.
  package var id: String {
    let digits = Array("0123456789abcdef".utf8)
    let sum = SHA256.hash(data: bytes).prefix(8)
    return String(
      decoding: sum.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
      return false
    }
    return key.isValidSignature(signature, for: message)
  }

  /// Whether it may give commands of this type.
  package func allows(type: String) -> Bool {
    if type.hasPrefix("keys.") || type.hasPrefix("time.") { return isRoot }
    return commands.contains { pattern in
      pattern == "*" || pattern == type
        || pattern.hasSuffix(".*") && type.hasPrefix(pattern.dropLast())
    }
  }

  /// Whether a node with these labels obeys it.
  package func reaches(labels has: [String: String]) -> Bool {
    labels.allSatisfy { has[$0.key] == $0.value }
  }
}

/// A private key, for those who sign.
package struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  package init() { key = Curve25519.Signing.PrivateKey() }

  /// Nil where these are no 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes) else { return nil }
    self.key = key
  }

  package var bytes: [UInt8] { Array(key.rawRepresentation) }
  package var publicBytes: [UInt8] { Array(key.publicKey.rawRepresentation) }

  /// The message with its signature.
  package func signed(_ envelope: JSONValue) throws(Rejection) -> JSONValue {
    guard case .object(var members) = envelope else {
      throw Rejection(.malformed, "what is signed is an object")
    }
    members["signature"] = nil
    guard let signature = try? key.signature(for: JSONValue.object(members).canonical) else {
      throw Rejection(.malformed, "it cannot be signed")
    }
    let id = TrustedKey(issuer: "", bytes: publicBytes).id
    members["signature"] = [
      "key": .string(id), "ed25519": .string(Base64.encoded(Array(signature))),
    ]
    return .object(members)
  }
}
