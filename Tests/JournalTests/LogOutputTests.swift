import Glibc
import Testing

@testable import Journal

/// A log that nobody reads stops nobody.
@Suite struct LogOutputTests {
  private static func note(_ count: Int) -> String { "lost \(count)\n" }

  /// A line of 1000 bytes that begins with its number.
  private static func line(_ number: Int) -> String {
    let text = "\(number) "
    return text + String(repeating: "x", count: 999 - text.utf8.count) + "\n"
  }

  /// All that can be read now.
  private func read(_ descriptor: Int32) -> String {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all += buffer.prefix(count)
    }
  }

  private func ends(isSocket: Bool) -> (reader: Int32, writer: Int32) {
    var ends: [Int32] = [-1, -1]
    let failure =
      unsafe isSocket ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) : pipe(&ends)
    precondition(failure == 0)
    // Only the reader's end does not wait; the writer's is as a program gets it.
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }

  @Test(.timeLimit(.minutes(2)), arguments: [false, true])
  func `Lines that nobody reads are kept, then counted, and nothing waits`(isSocket: Bool) {
    let (reader, writer) = ends(isSocket: isSocket)
    defer {
      _ = close(reader)
      _ = close(writer)
    }
    let output = LogOutput(descriptor: writer)
    // The system keeps some hundred; then this process does, to its bound.
    for number in 0..<2000 { output.write(Self.line(number), note: Self.note) }
    let lost = output.lostCount
    #expect(lost > 1000)
    var text = ""
    while true {
      let more = read(reader)
      text += more
      output.flush()
      if more.isEmpty { break }
    }
    output.write(Self.line(2000), note: Self.note)
    text += read(reader)
    let lines = text.split(separator: "\n")
    let whole = 2000 - lost
    // In order, none torn, and one that tells how many are missing.
    #expect(lines.count == whole + 2)
    for (number, line) in lines.prefix(whole).enumerated()
    where line != Self.line(number).dropLast() {
      Issue.record("line \(number) is \(line.prefix(40))")
    }
    #expect(lines.dropFirst(whole).first == "lost \(lost)")
    #expect(lines.last.map { $0.hasPrefix("2000 ") } == true && output.lostCount == 0)
  }

  @Test func `A line longer than a pipe takes at once comes whole`() {
    let (reader, writer) = ends(isSocket: false)
    defer {
      _ = close(reader)
      _ = close(writer)
    }
    let output = LogOutput(descriptor: writer)
    let long = String(repeating: "y", count: 100_000) + "\n"
    output.write(long, note: Self.note)
    var text = ""
    for _ in 0..<10 {
      text += read(reader)
      output.flush()
    }
    #expect(text == long)
  }

  @Test func `A log that cannot be written at all keeps nothing`() {
    let output = LogOutput(descriptor: -1)
    for number in 0..<1000 { output.write(Self.line(number), note: Self.note) }
    #expect(output.lostCount == 0)
  }
}
