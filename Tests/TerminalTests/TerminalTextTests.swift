import Testing

@testable import Terminal

@Suite struct TerminalTextTests {
  @Test func `Nothing that a terminal obeys is left, whatever the text`() {
    for value in (0...0x10FFFF).compactMap({ Unicode.Scalar($0 as UInt32) }) {
      let scalar = value.value
      let isObeyed =
        scalar < 0x20 || (0x7F..<0xA0).contains(scalar) || value.properties.isBidiControl
        || [0x2028, 0x2029].contains(scalar)
      let text = "a\(Character(value))b"
      if isObeyed {
        #expect(
          !text.terminalField.unicodeScalars.contains(value), "U+\(String(scalar, radix: 16))")
      }
      if value.properties.isAlphabetic { #expect(text.terminalField == text) }
    }
  }

  @Test(arguments: [
    ("\u{1B}[2Jgone", "\\u001b[2Jgone"), ("\u{9B}31m", "\\u009b31m"), ("a\r\nb", "a\\r\\nb"),
    ("\u{1B}]0;title\u{07}", "\\u001b]0;title\\u0007"), ("abc\u{202E}gpj", "abc\\u202egpj"),
    ("tab\there", "tab\\there"), ("Nguyễn 東京 🙂", "Nguyễn 東京 🙂"), ("", ""),
  ])
  func `It is seen instead of obeyed`(text: String, shown: String) {
    #expect(text.terminalField == shown)
  }

  @Test func `Lines and tabs stay where several lines are wanted`() {
    #expect("a\tb\nc\u{1B}c\n".terminalSafe == "a\tb\nc\\u001bc\n")
    #expect("a\r\nb".terminalSafe == "a\\r\nb")
  }

  @Test func `Bytes that are no UTF-8 are none afterwards`() {
    let text = String(
      decoding: [0x61, 0x9B, 0x33, 0xC2, 0xED, 0xA0, 0x80] as [UInt8], as: UTF8.self)
    #expect(text.terminalField == text)
    #expect(!text.utf8.contains(0x1B))
    #expect(text.unicodeScalars.allSatisfy { $0.value < 0x7F || $0 == "\u{FFFD}" })
  }

  @Test func `A screen that is too small shows the beginning, and how much is missing`() {
    let text = (1...30).map { "line \($0)\n" }.joined()
    let shown = text.fitted(rows: 24)
    #expect(shown.split(separator: "\n").count == 23)
    #expect(shown.hasPrefix("line 1\nline 2\n") && shown.contains("line 22\n… 8 more lines;"))
    #expect(text.fitted(rows: 31) == text)
    #expect(text.fitted(rows: 30) != text)
    #expect("".fitted(rows: 2) == "")
    #expect("a\nb\nc\n".fitted(rows: 2).hasPrefix("a\n… 2 more lines"))
  }
}
