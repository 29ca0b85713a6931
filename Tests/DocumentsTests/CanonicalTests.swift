import Documents
import Foundation
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func code(_ text: [UInt8]) -> JSONError.Code? {
  do throws(JSONError) {
    _ = try JSONReader.read(text)
    return nil
  } catch {
    return error.code
  }
}

@Suite("The canonical form of RFC 8785") struct CanonicalTests {
  @Test("is that of the RFC's own example") func example() throws {
    let text = #"""
      {
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }
      """#
    let expected =
      #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
      + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    #expect(try JSONReader.read(bytes(text)).canonicalText == expected)
  }

  @Test("sorts members by UTF-16, as the RFC's example of names does") func sorting() throws {
    let text = #"""
      {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
       "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
       "\u00f6": "Latin Small Letter O With Diaeresis"}
      """#
    let canonical = try JSONReader.read(bytes(text)).canonicalText
    let order = [
      "Carriage Return", "One", "Control", "Latin Small", "Euro Sign", "Emoji", "Hebrew",
    ]
    let places = order.map { canonical.range(of: $0)?.lowerBound }
    #expect(!places.contains(nil))
    #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
  }

  /// RFC 8785, appendix B.
  @Test(
    "writes numbers as ECMAScript does",
    arguments: [
      (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
      (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
      (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
      (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
      (0x4340_0000_0000_0000, "9007199254740992"), (0xc340_0000_0000_0000, "-9007199254740992"),
      (0x4430_0000_0000_0000, "295147905179352830000"),
      (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
      (0x44b5_2d02_c7e1_4af6, "1e+23"), (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
      (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
      (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
      (0x444b_1ae4_d6e2_ef50, "1e+21"), (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
      (0x3eb0_c6f7_a0b5_ed8d, "0.000001"), (0x41b3_de43_5555_5553, "333333333.3333332"),
      (0x41b3_de43_5555_5554, "333333333.33333325"), (0x41b3_de43_5555_5555, "333333333.3333333"),
      (0x41b3_de43_5555_5556, "333333333.3333334"), (0x41b3_de43_5555_5557, "333333333.33333343"),
      (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
      (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] as [(UInt64, String)])
  func number(bits: UInt64, text: String) {
    #expect(JSON.number(Double(bitPattern: bits)).canonicalText == text)
  }

  @Test("is read as the same value, and stays as it is") func fixedPoint() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      let number = Double(bitPattern: random.next())
      guard number.isFinite, abs(number) < 1e15 || abs(number) >= 1e21 else { continue }
      let text = JSON.number(number).canonicalText
      let again = try JSONReader.read(bytes(text))
      #expect(again == .number(number))
      #expect(again.canonicalText == text)
    }
  }
}

@Suite("The JSON reader") struct JSONReaderTests {
  @Test(
    "refuses what is no JSON",
    arguments: [
      "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "-", "1.", ".5", "1e", "+1", "NaN", "tru",
      "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"",
      "1 2", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "1e999", "9007199254740993", "[1 2]",
      "{\"a\" 1}", "\u{FEFF}1", "-01", "{\"\u{e9}\":1,\"e\u{301}\":2}",
    ])
  func refuses(_ text: String) {
    #expect(code(bytes(text)) == .notJSON)
  }

  @Test("refuses text that is not UTF-8")
  func encoding() {
    for bad in [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
    ] {
      let text = [0x22] + bad.map { UInt8($0) } + [0x22]
      #expect(code(text) == .notJSON)
    }
  }

  @Test("keeps within its bounds") func bounds() {
    func read(_ text: String) -> JSONError.Code? { code(bytes(text)) }
    #expect(read(String(repeating: "[", count: 16) + String(repeating: "]", count: 16)) == nil)
    #expect(read(String(repeating: "[", count: 1_000_000)) == .tooLarge)
    #expect(read("\"" + String(repeating: "a", count: 1 << 20) + "\"") == .tooLarge)
    #expect(read("[" + String(repeating: "1,", count: 300_000) + "1]") == .tooLarge)
  }

  @Test("patches as RFC 7396 says") func patch() throws {
    let cases = [
      (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
      (#"{"a":[1]}"#, #"{"a":{"b":1}}"#, #"{"a":{"b":1}}"#),
      (#"{"a":{"b":1,"c":2}}"#, #"{"a":{"b":null}}"#, #"{"a":{"c":2}}"#),
      (#"{"e":1}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}},"e":1}"#),
    ]
    for (value, patch, expected) in cases {
      let merged = try JSONReader.read(bytes(value)).merging(JSONReader.read(bytes(patch)))
      #expect(merged.canonicalText == expected)
    }
  }
}
