import FoundationEssentials

/// Base64 with padding (RFC 4648, 4), read strictly: one way only to write the same bytes.
package enum Base64 {
  package static func encoded(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  /// Nil where it is not what `encoded` gives: Foundation ignores bits that are left over, and other readers may not.
  package static func decoded(_ text: String) -> [UInt8]? {
    guard let bytes = Data(base64Encoded: text).map({ Array($0) }),
      encoded(bytes).utf8.elementsEqual(text.utf8)
    else { return nil }
    return bytes
  }
}
