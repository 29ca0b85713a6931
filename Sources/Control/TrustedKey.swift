import Crypto
package import Documents
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

  package init(_ value: JSON?) throws(Rejection) {
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
    guard !Self.isWeak(bytes) else {
      throw fields.failure("ed25519", "this is nobody's key: anybody can sign with it")
    }
    self.bytes = bytes
    try fields.finish()
  }

  /// Points of a small order, and coordinates that are not below 2^255 - 19: with such a "public key" a signature can be
  /// right that nobody made, or for two messages.
  static func isWeak(_ bytes: [UInt8]) -> Bool {
    guard bytes.count == byteCount, let top = bytes.last else { return true }
    // The sign of x does not matter.
    let y = bytes.dropLast() + [top & 0x7F]
    if y[31] == 0x7F, y[1...30].allSatisfy({ $0 == 0xFF }), y[0] >= 0xEC { return true }
    return y[1...].allSatisfy { $0 == 0 } && y[0] <= 1 || orderEight.contains(Array(y))
  }

  /// The y of the points of order 8; those of the orders 4, 1 and 2 are 0, 1 and -1.
  private static let orderEight: [[UInt8]] = [
    [
      0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98,
      0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53,
      0xFC, 0x05,
    ],
    [
      0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67,
      0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC,
      0x03, 0x7A,
    ],
  ]

  package var json: JSON {
    var members: [String: JSON] = [
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
    guard !Self.isWeak(bytes), let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
    else { return false }
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
  package func signed(_ envelope: JSON) throws(Rejection) -> JSON {
    guard case .object(var members) = envelope else {
      throw Rejection(.malformed, "what is signed is an object")
    }
    members["signature"] = nil
    guard let signature = try? key.signature(for: JSON.object(members).canonical) else {
      throw Rejection(.malformed, "it cannot be signed")
    }
    let id = TrustedKey(issuer: "", bytes: publicBytes).id
    members["signature"] = [
      "key": .string(id), "ed25519": .string(Base64.encoded(Array(signature))),
    ]
    return .object(members)
  }
}
