import Documents
import Testing

@testable import Agent

@Suite struct JSONTests {
  @Test func `JSON is written so that any reader takes it`() {
    let value = JSON.object([
      ("text", .string("a\"b\\c\n\u{1}é")),
      ("list", .array([.integer(1), .null, .number(0.1234)])),
      ("nan", .number(.nan)), ("whole", .number(30)), ("truth", .boolean(true)),
    ])
    #expect(
      value.text
        == #"{"text":"a\"b\\c\n\u0001é","list":[1,null,0.123],"nan":null,"whole":30,"truth":true}"#)
  }
}
