import Paths

/// Text from outside, a topic, a driver, a file's name, as it may be shown on a terminal: what the terminal would obey
/// instead of showing it, and what would show the text in another order, is written as JSON writes it, `\u001b`. So what is
/// JSON stays the same JSON. What is no UTF-8 of a file's name is written `\xe9`.
extension StringProtocol {
  /// Of several lines; line ends and tabs stay.
  package var terminalSafe: String { escaped { $0 == 0x09 || $0 == 0x0A } }

  /// In one line, whatever it holds; a field of a table.
  package var terminalField: String { escaped { _ in false } }

  private func escaped(_ isKept: (UInt32) -> Bool) -> String {
    // By scalars: to String, CR LF is one character that is neither of the two.
    guard unicodeScalars.contains(where: { $0.pathByte != nil || $0.isObeyed && !isKept($0.value) })
    else {
      return String(self)
    }
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if let byte = scalar.pathByte {
        result.append(contentsOf: "\\x\(String(byte, radix: 16))".unicodeScalars)
        continue
      }
      guard scalar.isObeyed, !isKept(scalar.value) else {
        result.append(scalar)
        continue
      }
      switch scalar.value {
      case 0x09: result.append(contentsOf: "\\t".unicodeScalars)
      case 0x0A: result.append(contentsOf: "\\n".unicodeScalars)
      case 0x0D: result.append(contentsOf: "\\r".unicodeScalars)
      default:
        let digits = String(scalar.value, radix: 16)
        let zeros = String(repeating: "0", count: Swift.max(0, 4 - digits.utf8.count))
        result.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
      }
    }
    return String(result)
  }
}

extension String {
  /// The first of its lines, so that a screen of `rows` lines shows its beginning and not its end; the last then
  /// tells how many are not shown.
  /// - Parameter rows: at least 2.
  package func fitted(rows: Int) -> String {
    let lines = split(separator: "\n", omittingEmptySubsequences: false)
    let count = lines.count - (lines.last?.isEmpty == true ? 1 : 0)
    // Behind the last line end the terminal has its cursor.
    let shown = Swift.max(1, rows - 2)
    guard count > rows - 1 else { return self }
    let rest = count - shown
    return lines[..<shown].joined(separator: "\n")
      + "\n… \(rest) more lines; a higher window shows them, and so does `vedette status | less`\n"
  }
}

extension Unicode.Scalar {
  /// Whether a terminal does something else than to show it. All are below U+10000.
  fileprivate var isObeyed: Bool {
    switch value {
    // C0, DEL and C1: with them all escape sequences begin.
    case 0..<0x20, 0x7F..<0xA0: true
    // What turns the direction of writing.
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    // Line and paragraph separators; what is not seen at all.
    case 0x2028, 0x2029, 0x200B, 0x2060, 0xFEFF, 0xFFF9...0xFFFB: true
    default: false
    }
  }
}
