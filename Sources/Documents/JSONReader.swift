/// Why a text is not read as JSON.
package struct JSONError: Error, Equatable, CustomStringConvertible, Sendable {
  package enum Code: Sendable {
    /// Beyond a bound of the reader.
    case tooLarge
    case notJSON
  }

  package var code: Code
  /// With the place, where there is one.
  package var description: String

  init(_ code: Code, _ sentence: String) {
    self.code = code
    description = sentence
  }
}

/// Reads JSON strictly, within bounds: RFC 8259, and of RFC 7493 that no name comes twice in an object, that there are no
/// lone surrogates, and that whole numbers are exact. Two readers can therefore not understand the same bytes
/// differently.
package struct JSONReader {
  /// The bounds that a text is read within.
  package struct Limits: Sendable {
    package var bytesMax = 1 << 20
    package var depthMax = 16
    /// Values, and names of members.
    package var valuesMax = 200_000
    package init() {}
  }

  private let bytes: [UInt8]
  private let limits: Limits
  private var place = 0
  private var values = 0

  /// - Throws: `.tooLarge`, `.notJSON` with the place.
  package static func read(
    _ bytes: [UInt8], limits: Limits = Limits()
  ) throws(JSONError) -> JSON {
    guard bytes.count <= limits.bytesMax else {
      throw JSONError(.tooLarge, "\(bytes.count) bytes; \(limits.bytesMax) is the most")
    }
    var reader = JSONReader(bytes: bytes, limits: limits)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    guard reader.place == bytes.count else { throw reader.failure("something follows the value") }
    return value
  }

  private init(bytes: [UInt8], limits: Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  private func failure(_ what: String) -> JSONError {
    JSONError(.notJSON, "at byte \(place): \(what)")
  }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipBlanks() {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { place += 1 }
  }

  private mutating func count() throws(JSONError) {
    values += 1
    guard values <= limits.valuesMax else {
      throw JSONError(.tooLarge, "more than \(limits.valuesMax) values")
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth <= limits.depthMax else {
      throw JSONError(.tooLarge, "deeper than \(limits.depthMax) levels")
    }
    try count()
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw failure("the text ends where a value belongs")
    case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte):
      return .number(try number())
    default: throw failure("no value begins so")
    }
  }

  private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
    guard bytes[place...].starts(with: word.utf8) else { throw failure("no value begins so") }
    place += word.utf8.count
    return value
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    place += 1
    var items: [JSON] = []
    skipBlanks()
    if next == UInt8(ascii: "]") {
      place += 1
      return .array(items)
    }
    while true {
      items.append(try value(depth: depth + 1))
      guard try isContinued(UInt8(ascii: "]")) else { return .array(items) }
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    place += 1
    var members: [(String, JSON)] = []
    var names: Set<String> = []
    skipBlanks()
    if next == UInt8(ascii: "}") {
      place += 1
      return .object(members)
    }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw failure("a member's name belongs here") }
      try count()
      let name = try string()
      skipBlanks()
      guard next == UInt8(ascii: ":") else { throw failure("a colon belongs here") }
      place += 1
      let member = try value(depth: depth + 1)
      // Swift takes for equal, too, what only looks the same: no reader is to choose between such names.
      guard names.insert(name).inserted else {
        throw failure("a name comes twice in an object, or twice but for how it is encoded")
      }
      members.append((name, member))
      guard try isContinued(UInt8(ascii: "}")) else { return .object(members) }
    }
  }

  private mutating func isContinued(_ end: UInt8) throws(JSONError) -> Bool {
    skipBlanks()
    guard let byte = next, byte == end || byte == UInt8(ascii: ",") else {
      throw failure("a comma or the end belongs here")
    }
    place += 1
    return byte != end
  }

  private mutating func number() throws(JSONError) -> Double {
    let start = place
    if next == UInt8(ascii: "-") { place += 1 }
    guard let first = next, Self.isDigit(first) else { throw failure("a digit belongs here") }
    skipDigits()
    if first == UInt8(ascii: "0"), place > start + (bytes[start] == UInt8(ascii: "-") ? 2 : 1) {
      throw failure("a number does not begin with 0 and another digit")
    }
    var isWhole = true
    if next == UInt8(ascii: ".") {
      isWhole = false
      place += 1
      guard let digit = next, Self.isDigit(digit) else { throw failure("a digit belongs here") }
      skipDigits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      place += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { place += 1 }
      guard let digit = next, Self.isDigit(digit) else { throw failure("a digit belongs here") }
      skipDigits()
    }
    guard let number = Double(String(decoding: bytes[start..<place], as: UTF8.self)),
      number.isFinite
    else { throw failure("the number is out of range") }
    guard !isWhole || abs(number) <= JSON.integerMax else {
      throw failure("the number is not exact as a double")
    }
    return number
  }

  private mutating func skipDigits() {
    while let digit = next, Self.isDigit(digit) { place += 1 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private mutating func string() throws(JSONError) -> String {
    place += 1
    var content: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        guard let text = String(validating: content, as: UTF8.self) else {
          throw failure("the text is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        place += 1
        try escape(&content)
      case 0..<0x20: throw failure("a control character in a text")
      default:
        content.append(byte)
        place += 1
      }
    }
    throw failure("a text has no end")
  }

  private mutating func escape(_ content: inout [UInt8]) throws(JSONError) {
    guard let byte = next else { throw failure("a text has no end") }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        guard bytes[place...].starts(with: [0x5C, 0x75]) else { throw failure("half a surrogate") }
        place += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate") }
      content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw failure("there is no such escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    guard place + 4 <= bytes.count else { throw failure("four hexadecimal digits belong here") }
    var code: UInt32 = 0
    for byte in bytes[place..<place + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw failure("four hexadecimal digits belong here")
      }
      code = code << 4 | UInt32(digit)
    }
    place += 4
    return code
  }
}
