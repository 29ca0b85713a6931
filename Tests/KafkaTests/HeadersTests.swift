import Testing

@testable import Kafka

@Suite struct HeadersTests {
  private let some = [
    Header("content-type", "image/jpeg"), Header("städte", "Zürich"), Header("empty", ""),
    Header("content-type", bytes: [0, 255, 10]),
  ]

  @Test func `What was put in comes out, in order and with names that repeat`() {
    #expect(Headers(some).list == some)
    #expect(Headers(some).count == 4)
    #expect(Headers(some)["content-type"] == "image/jpeg")
    #expect(Headers(some)["absent"] == nil)
  }

  @Test(arguments: [0, 7, 10, 99, 100, 1_767_225_600_123, UInt64.max])
  func `Numbers are written in decimal`(number: UInt64) {
    var headers = Headers()
    headers.append("n", number: number)
    headers.append("id", prefix: "a/", number: number)
    #expect(headers.list == [Header("n", "\(number)"), Header("id", "a/\(number)")])
  }

  @Test(arguments: [0, 9, 10, 1_767_225_600_123, UInt64.max])
  func `What is written in one go is as what is appended`(number: UInt64) {
    let name = 6 + 2 + 22
    let written = Headers(Headers(some), room: 2 * name + 6 + 4 + 27) { headers in
      headers.number("n1", number)
      headers.number("n2", prefix: Array("a/".utf8), number)
      headers.time("time", microseconds: 1_769_860_801_123_456)
    }
    var appended = Headers(some)
    appended.append("n1", number: number)
    appended.append("n2", prefix: "a/", number: number)
    appended.append("time", "2026-01-31T12:00:01.123456Z")
    #expect(written == appended)
    #expect(Headers(bytes: written.bytes)?.list == appended.list)
  }

  @Test func `Headers are read back from their bytes`() throws {
    let read = try #require(Headers(bytes: Headers(some).bytes))
    #expect(read == Headers(some))
  }

  @Test func `Bytes that end within a header are refused`() {
    let bytes = Headers(some).bytes
    let whole = (0...some.count).map { Headers(Array(some.prefix($0))).bytes.count }
    for count in 0...bytes.count {
      #expect((Headers(bytes: Array(bytes.prefix(count))) != nil) == whole.contains(count))
    }
  }
}
