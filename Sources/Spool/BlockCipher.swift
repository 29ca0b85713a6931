import Crypto
import FoundationEssentials

/// AES-256-GCM over the stored bytes of a block (NIST SP 800-38D), each segment under a key of its own,
/// derived from the file's key and the segment's UUID (HKDF-SHA256, RFC 5869).
struct BlockCipher: Sendable {
  /// Nonce and tag, which a sealed block is longer by.
  static let overhead = 28

  private let key: SymmetricKey
  /// Names the key without telling of it; never 0.
  let id: UInt32

  /// - Parameter key: 32 random bytes.
  init(key: [UInt8]) {
    self.key = SymmetricKey(data: key)
    let name = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: self.key, info: Array("vedette spool key id".utf8), outputByteCount: 4)
    let id = unsafe name.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
    self.id = max(1, UInt32(littleEndian: id))
  }

  func key(for uuid: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: key, salt: uuid, info: Array("vedette spool segment".utf8),
      outputByteCount: 32)
  }

  /// - Returns: nonce, ciphertext, tag.
  static func seal(
    _ bytes: [UInt8], _ key: SymmetricKey, authenticating data: [UInt8]
  ) throws(SpoolError) -> [UInt8] {
    // A random nonce: a segment holds far fewer than the 2^32 blocks that one key is good for.
    guard let box = try? AES.GCM.seal(bytes, using: key, authenticating: data),
      let combined = box.combined
    else { throw SpoolError(.unreadable, "a block cannot be encrypted") }
    return Array(combined)
  }

  /// Nil where it is not what was sealed there.
  static func open(
    _ bytes: [UInt8], _ key: SymmetricKey, authenticating data: [UInt8]
  ) -> [UInt8]? {
    guard bytes.count >= overhead, let box = try? AES.GCM.SealedBox(combined: bytes),
      let raw = try? AES.GCM.open(box, using: key, authenticating: data)
    else { return nil }
    return Array(raw)
  }
}
