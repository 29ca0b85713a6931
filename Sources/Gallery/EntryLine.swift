/// An entry as one line of JSON, for export and import:
/// `{"name":"Ada","model":"…","photo":"<SHA-256, hexadecimal>","encoding":[128 numbers]}`. `photo` may be
/// missing, and `model` where the reader is told one.
package enum EntryLine {
  package static let bytesMax = 16 << 10

  /// The line, without its end. Numbers are as short as they can be and still be read as the same.
  package static func text(_ entry: GalleryEntry) -> String {
    var line = "{\"name\":\(quoted(entry.name.text)),\"model\":\(quoted(entry.model.text))"
    if let photo = entry.photo { line += ",\"photo\":\"\(photo)\"" }
    line += ",\"encoding\":["
    for (index, number) in entry.encoding.numbers.enumerated() {
      if index > 0 { line += "," }
      line += number.description
    }
    return line + "]}"
  }

  /// - Parameter model: what made encodings whose line does not say.
  /// - Throws: `.badInput`, saying what is wrong and at which byte.
  package static func parse(
    _ line: some Sequence<UInt8>, model: ModelName? = nil
  ) throws(GalleryError) -> GalleryEntry {
    var reader = EntryReader(Array(line.prefix(bytesMax + 1)))
    guard reader.count <= bytesMax else {
      throw GalleryError(.badInput, "the line is longer than \(bytesMax) bytes")
    }
    return try reader.entry(model)
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { quoted += "\\" }
      // A checked name has no control characters.
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}

/// Reads the JSON of one entry, and nothing else: bounded by the line, without recursion.
private struct EntryReader {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  mutating func entry(_ preset: ModelName?) throws(GalleryError) -> GalleryEntry {
    var name: PersonName?
    var model: ModelName?
    var photo: Digest?
    var encoding: Encoding?
    var keys: Set<String> = []
    try expect("{")
    repeat {
      let key = try string()
      guard keys.insert(key).inserted else { throw failure("\"\(key)\" is there twice") }
      try expect(":")
      switch key {
      case "name": name = try PersonName(try string())
      case "model": model = try ModelName(try string())
      case "photo":
        guard let sum = Digest(hex: try string()) else {
          throw failure("\"photo\" is not 64 hexadecimal digits")
        }
        photo = sum
      case "encoding": encoding = try Encoding(try numbers())
      default: throw failure("there is no key \"\(key.prefix(40))\" in an entry")
      }
    } while try goesOn("}")
    skipBlanks()
    guard at == bytes.count else { throw failure("something follows the object") }
    guard let name else { throw failure("there is no \"name\"") }
    guard let model = model ?? preset else { throw failure("there is no \"model\"") }
    guard let encoding else { throw failure("there is no \"encoding\"") }
    return GalleryEntry(name: name, model: model, photo: photo, encoding: encoding)
  }

  private func failure(_ what: String) -> GalleryError {
    GalleryError(.badInput, "\(what), at byte \(at + 1)")
  }

  private mutating func skipBlanks() {
    while at < bytes.count, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[at]) { at += 1 }
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws(GalleryError) {
    skipBlanks()
    guard at < bytes.count, bytes[at] == UInt8(ascii: sign) else {
      throw failure("\"\(sign)\" is missing")
    }
    at += 1
  }

  /// After a value: true at a comma, false at `end`.
  private mutating func goesOn(_ end: Unicode.Scalar) throws(GalleryError) -> Bool {
    skipBlanks()
    if at < bytes.count, bytes[at] == UInt8(ascii: ",") {
      at += 1
      return true
    }
    try expect(end)
    return false
  }

  private mutating func string() throws(GalleryError) -> String {
    try expect("\"")
    var units: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else {
          throw failure("text is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): units += try escaped()
      case 0..<0x20: throw failure("a control character in text")
      default: units.append(byte)
      }
    }
    throw failure("text does not end")
  }

  private mutating func escaped() throws(GalleryError) -> [UInt8] {
    guard at < bytes.count else { throw failure("text does not end") }
    let sign = bytes[at]
    at += 1
    switch sign {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [sign]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"): break
    default: throw failure("no such escape")
    }
    var value = try fourDigits()
    if (0xD800..<0xDC00).contains(value), bytes[at...].starts(with: "\\u".utf8) {
      at += 2
      let low = try fourDigits()
      guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a character") }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw failure("half of a character") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func fourDigits() throws(GalleryError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard at < bytes.count, let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue,
        bytes[at] < 0x80
      else { throw failure("\\u wants four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  private mutating func numbers() throws(GalleryError) -> [Float] {
    try expect("[")
    var numbers: [Float] = []
    numbers.reserveCapacity(Encoding.count)
    repeat {
      guard numbers.count < Encoding.count else {
        throw failure("more than \(Encoding.count) numbers")
      }
      numbers.append(try number())
    } while try goesOn("]")
    return numbers
  }

  private mutating func number() throws(GalleryError) -> Float {
    skipBlanks()
    let start = at
    if at < bytes.count, bytes[at] == UInt8(ascii: "-") { at += 1 }
    let whole = skipDigits()
    guard whole > 0, whole == 1 || bytes[at - whole] != UInt8(ascii: "0") else {
      throw failure("a number is missing")
    }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      at += 1
      guard skipDigits() > 0 else { throw failure("digits are missing") }
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[at]) { at += 1 }
      guard skipDigits() > 0 else { throw failure("digits are missing") }
    }
    guard let number = Float(String(decoding: bytes[start..<at], as: UTF8.self)) else {
      throw failure("a number is missing")
    }
    return number
  }

  private mutating func skipDigits() -> Int {
    let start = at
    while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) { at += 1 }
    return at - start
  }
}
