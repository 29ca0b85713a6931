import CPosix
import Foundation
import Logging
import Testing

@testable import Journal

@Suite struct LineTests {
  /// 2026-01-31 12:00:01.123456 UTC
  private let wall: Int64 = 1_769_860_801_123_456

  private func line(
    _ style: JournalHandler.Style, level: Logger.Level = .warning, _ message: String = "no frames",
    _ metadata: Logger.Metadata = [:]
  ) -> String {
    JournalHandler.line(level, message, metadata, style, wall: wall)
  }

  @Test(arguments: [
    (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3),
    (.critical, 2),
  ])
  func `Lines for journald begin with the priority and have no time`(
    level: Logger.Level, priority: Int
  ) {
    #expect(line(.journal, level: level) == "<\(priority)>no frames\n")
  }

  @Test func `Lines for a file begin with the time in UTC`() {
    #expect(line(.plain) == "2026-01-31T12:00:01.123456Z warning no frames\n")
  }

  @Test func `Lines for a terminal begin with the time of day`() {
    #expect(
      line(.terminal(colours: false), "no frames", ["camera": "front"])
        == "12:00:01.123 warning camera=front: no frames\n")
  }

  @Test func `Colours are used where they are wanted, and end with the level`() {
    #expect(
      line(.terminal(colours: true)) == "12:00:01.123 \u{1B}[33mwarning\u{1B}[0m no frames\n")
    #expect(!line(.terminal(colours: true), level: .info).contains("\u{1B}"))
    for style in [JournalHandler.Style.plain, .journal, .terminal(colours: false)] {
      #expect(!line(style).contains("\u{1B}"))
    }
  }

  @Test func `Fields come before the message, by name`() {
    #expect(
      line(.journal, "gone", ["device": "/dev/video0", "camera": "front", "tries": "\(3)"])
        == "<4>camera=front device=/dev/video0 tries=3: gone\n")
  }

  @Test(arguments: ["two\nlines", "two\r\nlines", "\n\n", "\r", "a\u{2028}b\nc"])
  func `A message is one line, whatever it holds`(message: String) {
    for style in [JournalHandler.Style.plain, .journal, .terminal(colours: true)] {
      let text = line(style, message, ["path": "odd\nname", "crlf": "a\r\nb"])
      let bytes = Array(text.utf8)
      #expect(bytes.last == 10 && bytes.filter { $0 == 10 }.count == 1)
      #expect(!bytes.contains(13))
    }
    #expect(line(.journal, "two\nlines") == "<4>two\\nlines\n")
    #expect(line(.journal, "two\r\nlines") == "<4>two\\r\\nlines\n")
  }
}

/// Standard error and the environment belong to the whole process: one test at a time.
@Suite(.serialized) struct StandardErrorTests {
  /// What `body` writes to standard error.
  private func capture(_ body: (_ stream: String) throws -> Void) throws -> String {
    let pipe = Pipe()
    let saved = dup(STDERR_FILENO)
    dup2(pipe.fileHandleForWriting.fileDescriptor, STDERR_FILENO)
    var status = stat()
    unsafe fstat(STDERR_FILENO, &status)
    defer {
      dup2(saved, STDERR_FILENO)
      close(saved)
    }
    try body("\(status.st_dev):\(status.st_ino)")
    dup2(saved, STDERR_FILENO)
    try pipe.fileHandleForWriting.close()
    return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  private func logger(_ style: JournalHandler.Style) -> Logger {
    var logger = Logger(label: "test") { _ in JournalHandler(level: .info, style: style) }
    logger[metadataKey: "camera"] = "front"
    return logger
  }

  @Test func `A logger writes its fields and those of the line, and only its levels`() throws {
    let text = try capture { _ in
      let logger = logger(.journal)
      logger.warning("first", metadata: ["device": "/dev/video0"])
      logger.debug("not shown")
      logger.info("second", metadata: ["camera": "back"])
    }
    #expect(text.contains("<4>camera=front device=/dev/video0: first\n"))
    #expect(text.contains("<6>camera=back: second\n"))
    #expect(!text.contains("not shown"))
  }

  @Test func `Threads do not mix their lines`() throws {
    let text = try capture { _ in
      let logger = logger(.journal)
      DispatchQueue.concurrentPerform(iterations: 4) { worker in
        for turn in 0..<100 { logger.notice("worker \(worker) turn \(turn) end") }
      }
    }
    let lines = text.split(separator: "\n").filter { $0.contains("worker") }
    #expect(lines.count == 400)
    #expect(lines.allSatisfy { $0.hasPrefix("<5>camera=front: worker ") && $0.hasSuffix(" end") })
  }

  @Test func `Under systemd priorities are written, elsewhere the time`() throws {
    defer { unset("JOURNAL_STREAM") }
    _ = try capture { stream in
      unset("JOURNAL_STREAM")
      guard case .plain = JournalHandler.detectStyle() else {
        Issue.record("a pipe is neither journal nor terminal")
        return
      }
      // Inherited from a service, but standard error leads elsewhere.
      set("JOURNAL_STREAM", "1:1")
      guard case .plain = JournalHandler.detectStyle() else {
        Issue.record("another stream than the journal's was taken for it")
        return
      }
      set("JOURNAL_STREAM", stream)
      guard case .journal = JournalHandler.detectStyle() else {
        Issue.record("the journal was not seen")
        return
      }
    }
  }

  @Test func `A terminal is written to readably, in colour unless NO_COLOR is set`() throws {
    let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var lock: Int32 = 0
    var number: UInt32 = 0
    // TIOCSPTLCK and TIOCGPTN, macros that Swift does not see.
    try #require(unsafe terminal >= 0 && ioctl(terminal, 0x4004_5431, &lock) == 0)
    try #require(unsafe ioctl(terminal, 0x8004_5430, &number) == 0)
    let side = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(side >= 0)
    let saved = dup(STDERR_FILENO)
    defer {
      dup2(saved, STDERR_FILENO)
      unset("NO_COLOR")
      for descriptor in [saved, side, terminal] { close(descriptor) }
    }
    dup2(side, STDERR_FILENO)
    unset("NO_COLOR")
    let coloured = JournalHandler.detectStyle()
    set("NO_COLOR", "1")
    let plain = JournalHandler.detectStyle()
    dup2(saved, STDERR_FILENO)
    guard case .terminal(colours: true) = coloured, case .terminal(colours: false) = plain else {
      Issue.record("found \(coloured) and \(plain)")
      return
    }
  }

  @Test func `A pipe that nobody reads stops nothing`() {
    let handler = signal(SIGPIPE, SIG_IGN)
    let pipe = Pipe()
    let saved = dup(STDERR_FILENO)
    dup2(pipe.fileHandleForWriting.fileDescriptor, STDERR_FILENO)
    try? pipe.fileHandleForReading.close()
    logger(.plain).error("into the void")
    dup2(saved, STDERR_FILENO)
    close(saved)
    signal(SIGPIPE, handler)
  }
}

private func unset(_ name: String) { unsafe unsetenv(name) }
private func set(_ name: String, _ value: String) { unsafe setenv(name, value, 1) }
