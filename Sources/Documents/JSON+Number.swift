/// Numbers as ECMAScript's Number::toString writes them (ECMA-262, 6.1.6.1.20).
extension JSON {
  /// Swift gives the shortest digits that are read as the same number, and the nearest of those, as that wants. Their
  /// layout differs where it writes an exponent.
  static func written(_ number: Double) -> String {
    guard number.isFinite else { return "null" }
    if number == 0 { return "0" }
    let description = number.description
    if !description.utf8.contains(UInt8(ascii: "e")) {
      return description.hasSuffix(".0") ? String(description.dropLast(2)) : description
    }
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
