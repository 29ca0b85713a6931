/// The canonical form of RFC 8785, which signatures are computed over.
extension JSONValue {
  /// Members sorted by UTF-16, no blanks, numbers as ECMAScript writes them. Numbers that are not finite, which no
  /// reader gives, are written as null.
  package var canonical: [UInt8] {
    var bytes: [UInt8] = []
    write(to: &bytes)
    return bytes
  }

  package var canonicalText: String { String(decoding: canonical, as: UTF8.self) }

  private func write(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .boolean(let truth): bytes += (truth ? "true" : "false").utf8
    case .number(let number): bytes += Self.written(number).utf8
    case .string(let text): Self.write(text, to: &bytes)
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        item.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      let sorted = members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.write(member.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static let digits = Array("0123456789abcdef".utf8)

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0..<0x20:
        bytes += "\\u00".utf8
        bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// As ECMAScript's Number::toString writes it (ECMA-262, 6.1.6.1.20). Swift gives the shortest digits that are read
  /// as the same number, and the nearest of those, as that wants; only their layout differs.
  static func written(_ number: Double) -> String {
    guard number.isFinite else { return "null" }
    if number == 0 { return "0" }
    let sign = number < 0 ? "-" : ""
    let (digits, point) = shortest(abs(number))
    let count = digits.count
    func text(_ digits: ArraySlice<UInt8>) -> String { String(decoding: digits, as: UTF8.self) }
    if count <= point, point <= 21 {
      return sign + text(digits[...]) + String(repeating: "0", count: point - count)
    }
    if 0 < point, point <= 21 {
      return sign + text(digits[..<point]) + "." + text(digits[point...])
    }
    if -6 < point, point <= 0 {
      return sign + "0." + String(repeating: "0", count: -point) + text(digits[...])
    }
    let exponent = point - 1
    let mantissa = count == 1 ? text(digits[...]) : text(digits[..<1]) + "." + text(digits[1...])
    return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(abs(exponent))"
  }

  /// The digits without zeros at either end, and how many of them stand before the point.
  private static func shortest(_ number: Double) -> (digits: [UInt8], point: Int) {
    let parts = number.description.split(separator: "e")
    var point = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    var digits: [UInt8] = []
    var isFraction = false
    for byte in (parts.first ?? "").utf8 {
      if byte == UInt8(ascii: ".") {
        isFraction = true
      } else {
        if !isFraction { point += 1 }
        digits.append(byte)
      }
    }
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, point)
  }
}
