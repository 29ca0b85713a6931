import Crypto

/// A SHA-256 sum.
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
  package static let count = 32

  package let bytes: [UInt8]

  /// Nil where there are not 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.count else { return nil }
    self.bytes = bytes
  }

  /// Nil where it is not 64 hexadecimal digits.
  package init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 2 * Self.count else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[place]), let low = Self.value(digits[place + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// The sum of these bytes.
  package init(of bytes: [UInt8]) {
    var hasher = DigestHasher()
    hasher.add(bytes)
    self = hasher.finish()
  }

  fileprivate init(_ sum: SHA256Digest) { bytes = Array(sum) }

  /// Hexadecimal, in small letters.
  package var description: String {
    String(
      decoding: bytes.flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] },
      as: UTF8.self)
  }

  package static func < (one: Digest, other: Digest) -> Bool {
    one.bytes.lexicographicallyPrecedes(other.bytes)
  }

  private static let digits = Array("0123456789abcdef".utf8)

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Sums several runs of bytes in turn.
struct DigestHasher {
  private var hasher = SHA256()

  mutating func add(_ bytes: UnsafeRawBufferPointer) { unsafe hasher.update(bufferPointer: bytes) }

  mutating func add(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe add($0) } }

  /// Text with its length before it, so that no two texts in turn read as another two.
  mutating func add(_ text: String) {
    let bytes = Array(text.utf8)
    var count = UInt32(bytes.count).littleEndian
    unsafe withUnsafeBytes(of: &count) { unsafe add($0) }
    add(bytes)
  }

  consuming func finish() -> Digest { Digest(hasher.finalize()) }
}
