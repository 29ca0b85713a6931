import Paths

/// How values are written. There is one writer: the canonical form differs in the order of members alone, and in that it
/// keeps texts as they are.
extension JSON {
  /// The value on one line, for people and programs. Numbers that are not finite are null; of a path's bytes that are no
  /// text is told as a terminal shows them, `\xe9`, since JSON has no bytes.
  package var line: String { String(decoding: written(.asMade), as: UTF8.self) }

  /// The canonical form of RFC 8785, which signatures are computed over: members sorted by UTF-16, no blanks, numbers as
  /// ECMAScript writes them. Numbers that are not finite, which no reader gives, are written as null.
  package var canonical: [UInt8] { written(.canonical) }

  package var canonicalText: String { String(decoding: canonical, as: UTF8.self) }

  private enum Form {
    case asMade
    case canonical
  }

  private func written(_ form: Form) -> [UInt8] {
    var bytes: [UInt8] = []
    write(form, to: &bytes)
    return bytes
  }

  private func write(_ form: Form, to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .boolean(let truth): bytes += (truth ? "true" : "false").utf8
    case .number(let number):
      // The canonical form has one zero; a Float that is read back is to be the same.
      let isMinusZero = form == .asMade && number == 0 && number.sign == .minus
      bytes += (isMinusZero ? "-0" : Self.written(number)).utf8
    case .string(let text): Self.write(text, form, to: &bytes)
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        item.write(form, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in Self.ordered(members, form).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.write(member.name, form, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.write(form, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func ordered(_ members: Members, _ form: Form) -> [(name: String, value: JSON)] {
    switch form {
    case .asMade: members.list
    case .canonical:
      members.list.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
    }
  }

  private static let digits = Array("0123456789abcdef".utf8)

  private static func write(_ text: String, _ form: Form, to bytes: inout [UInt8]) {
    if form == .asMade, text.holdsOddBytes {
      return write(shown(text), .canonical, to: &bytes)
    }
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

  /// A path's text with `\xe9` for bytes that are none.
  private static func shown(_ path: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in path.unicodeScalars {
      if let byte = scalar.pathByte {
        shown += "\\x\(String(byte, radix: 16))".unicodeScalars
      } else {
        shown.append(scalar)
      }
    }
    return String(shown)
  }
}
