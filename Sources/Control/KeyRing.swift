import Documents
import Paths

/// The keys that a box trusts: those of keys.d, and those that came over the topic, but for those that were revoked.
package struct KeyRing: Equatable, Sendable {
  package static let keysMax = 256

  package private(set) var keys: [String: TrustedKey] = [:]
  package private(set) var revoked: Set<String> = []

  package init() {}

  package mutating func put(_ key: TrustedKey) throws(Rejection) {
    guard !revoked.contains(key.id) else {
      throw Rejection(.revokedKey, "the key \(key.id) was revoked, and that is for good")
    }
    guard keys[key.id] != nil || keys.count < Self.keysMax else {
      throw Rejection(.badArgument, "\(Self.keysMax) keys are the most")
    }
    keys[key.id] = key
  }

  package mutating func revoke(_ id: String) {
    keys[id] = nil
    revoked.insert(id)
  }

  /// Keys that may put and revoke keys on a node with these labels.
  package func rootCount(reaching labels: [String: String]) -> Int {
    keys.values.count { $0.isRoot && $0.reaches(labels: labels) }
  }

  /// The key that this message is signed with, of its issuer and for this type of command.
  /// - Throws: `.unsigned`, `.unknownKey`, `.revokedKey`, `.badSignature`, `.wrongIssuer`.
  package func key(of envelope: Envelope) throws(Rejection) -> TrustedKey {
    guard let signature = envelope.signature else {
      throw Rejection(.unsigned, "the message has no signature")
    }
    guard let key = keys[signature.key] else {
      if revoked.contains(signature.key) {
        throw Rejection(.revokedKey, "the key \(signature.key) was revoked")
      }
      throw Rejection(.unknownKey, "there is no trusted key \(signature.key)")
    }
    guard key.isValid(signature.bytes, of: envelope.signedBytes) else {
      throw Rejection(.badSignature, "the signature is not by \(signature.key) over this message")
    }
    guard key.issuer == envelope.issuer else {
      throw Rejection(
        .wrongIssuer, "the key \(signature.key) is \(key.issuer)'s, not \(envelope.issuer)'s")
    }
    return key
  }

  /// Reads a folder's `*.pub`, each one JSON object.
  /// - Returns: the keys, and a sentence for each file that is none.
  package static func load(folder: String) -> (ring: KeyRing, troubles: [String]) {
    var ring = KeyRing()
    var troubles: [String] = []
    guard let names = FolderNames.list(folder) else {
      return (ring, ["\(folder) cannot be read: \(FileFault.last)"])
    }
    for name in names.sorted() where name.hasSuffix(".pub") && !name.hasPrefix(".") {
      do throws(Rejection) {
        try ring.put(try read("\(folder)/\(name)"))
      } catch {
        troubles.append("\(folder)/\(name) is no key: \(error)")
      }
    }
    return (ring, troubles)
  }

  /// Of the file of a public key.
  private static let bytesMax = 64 << 10

  /// Reads the file of one public key.
  package static func read(_ path: String) throws(Rejection) -> TrustedKey {
    let bytes: [UInt8]
    do throws(FileFault) {
      bytes = try WholeFile.read(path, bytesMax: bytesMax)
    } catch {
      throw Rejection(.badArgument, "it cannot be read: \(error)")
    }
    return try TrustedKey(JSONReader.readOrReject(bytes))
  }
}
