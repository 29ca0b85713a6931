import Documents
import Testing

@Suite("JSON") struct JSONTests {
  @Test("is written so that any reader takes it") func line() {
    let value = JSON.object([
      ("text", .string("a\"b\\c\n\u{1}é")),
      ("list", .array([.integer(1), .null, .rounded(0.1234)])),
      ("nan", .rounded(.nan)), ("whole", .number(30)), ("truth", .boolean(true)),
    ])
    #expect(
      value.line
        == #"{"text":"a\"b\\c\n\u0001é","list":[1,null,0.123],"nan":null,"whole":30,"truth":true}"#)
  }

  @Test("keeps the order of its members when it is written, and has none when it is compared")
  func order() throws {
    let one = JSON.object([("b", 1), ("a", ["d": 2, "c": 3])])
    #expect(one.line == #"{"b":1,"a":{"d":2,"c":3}}"#)
    #expect(one.canonicalText == #"{"a":{"c":3,"d":2},"b":1}"#)
    #expect(one == .object([("a", ["c": 3, "d": 2]), ("b", 1)]))
    #expect(one != .object([("a", ["c": 3, "d": 2])]))
    #expect(one != .object([("a", ["c": 3, "d": 4]), ("b", 1)]))
    #expect(try JSONReader.read(Array(one.line.utf8)).line == one.line)
    #expect(
      JSON.object(["z": 1, "y": 2, "x": 3] as [String: JSON]).line == #"{"x":3,"y":2,"z":1}"#)
  }

  @Test("has members that can be changed, added and taken away") func members() {
    var members: JSON.Members = ["a": 1, "b": 2]
    members["b"] = 3
    members["c"] = 4
    members["a"] = nil
    members["none"] = nil
    #expect(JSON.object(members).line == #"{"b":3,"c":4}"#)
    #expect(members["c"] == 4 && members["a"] == nil)
  }

  @Test(
    "has as many digits as mean anything",
    arguments: [
      (JSON.rounded(0.0004), "0"), (.rounded(0.0005), "0.001"), (.rounded(-2.3456), "-2.346"),
      (.rounded(1e15), "1000000000000000"), (.rounded(.infinity), "null"),
      (.rounded(.greatestFiniteMagnitude), "1.7976931348623157e+308"), (.float(0.1), "0.1"),
      (.float(1e-7), "1e-7"), (.float(-0.0), "-0"), (.float(.nan), "null"),
      (.integer(1_700_000_000_000_000), "1700000000000000"),
      (.number(0.1 + 0.2), "0.30000000000000004"),
    ])
  func digits(value: JSON, text: String) {
    #expect(value.line == text)
  }

  @Test(
    "shows bytes of a path that are no text; the canonical form, which is signed, keeps what came")
  func oddBytes() throws {
    let path = JSON.string("caf\u{10FFE9}.jpg\\")
    #expect(path.line == #""caf\\xe9.jpg\\""#)
    #expect(path.canonicalText == "\"caf\u{10FFE9}.jpg\\\\\"")
    #expect(try JSONReader.read(path.canonical) == path)
  }
}
