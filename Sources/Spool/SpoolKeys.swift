import Glibc

/// The keys of a spool that is encrypted at rest. The file has a key a line, of 64 hexadecimal digits; the
/// first encrypts, all decrypt, so that a key can be changed while records wait. Empty lines and what
/// follows a # do not count.
struct SpoolKeys: Sendable {
  private static let keyCount = 32
  private static let fileMax = 64 << 10

  let ciphers: [BlockCipher]
  var current: BlockCipher? { ciphers.first }

  static let none = SpoolKeys(ciphers: [])

  /// Nil where there is no such key.
  func cipher(_ id: UInt32) -> BlockCipher? { ciphers.first { $0.id == id } }

  /// Reads the file.
  /// - Throws: `.unreadable` where it is not there, or holds something else than keys.
  static func load(_ path: String) throws(SpoolError) -> SpoolKeys {
    let bytes: [UInt8]
    do {
      bytes = try StoreFile.openForReading(path, DiskFaults()).read(count: fileMax, at: 0)
    } catch {
      guard error.errno != 0 else {
        throw SpoolError(.unreadable, "the spool's key file \(error)")
      }
      throw SpoolError(
        error.code == .denied ? .denied : .unreadable, errno: error.errno,
        "the spool's key file \(path) cannot be read")
    }
    var ciphers: [BlockCipher] = []
    for (index, line) in bytes.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    )
    .enumerated() {
      let text = line.prefix { $0 != UInt8(ascii: "#") }.filter { $0 > UInt8(ascii: " ") }
      guard !text.isEmpty else { continue }
      guard let key = decode(text) else {
        throw SpoolError(
          .unreadable,
          "line \(index + 1) of the spool's key file \(path) is no key: 64 hexadecimal digits are one (openssl rand -hex 32)"
        )
      }
      ciphers.append(BlockCipher(key: key))
    }
    guard !ciphers.isEmpty else {
      throw SpoolError(
        .unreadable,
        "the spool's key file \(path) holds no key; make one by: openssl rand -hex 32 > \(path)")
    }
    return SpoolKeys(ciphers: ciphers)
  }

  private static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count == 2 * keyCount else { return nil }
    var key: [UInt8] = []
    for index in stride(from: 0, to: text.count, by: 2) {
      guard
        let byte = UInt8(String(decoding: text[index..<index + 2], as: UTF8.self), radix: 16),
        text[index] != UInt8(ascii: "+")
      else { return nil }
      key.append(byte)
    }
    return key
  }
}
