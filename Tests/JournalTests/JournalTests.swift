import Foundation
import Logging
import Synchronization
import Testing

@testable import Journal

@Suite struct JournalLineTests {
  private let wall: Int64 = 1_769_860_800_123_456

  @Test func `journald gets a priority and no time`() {
    for (level, number) in [
      (Logger.Level.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ] {
      let line = JournalHandler.line(level, "a\nb", ["camera": "front"], .journal, wall: wall)
      #expect(line == "<\(number)>camera=front: a\\nb\n")
    }
  }

  @Test func `A file gets the whole time, a terminal the time of day`() {
    #expect(
      JournalHandler.line(.warning, "x", [:], .plain, wall: wall)
        == "2026-01-31T12:00:00.123456Z warning x\n")
    #expect(
      JournalHandler.line(.info, "x", ["b": "2", "a": "1"], .terminal(colours: false), wall: wall)
        == "12:00:00.123 info a=1 b=2: x\n")
    #expect(
      JournalHandler.line(.error, "x", [:], .terminal(colours: true), wall: wall)
        .contains("\u{1B}[31merror\u{1B}[0m"))
  }
}

/// Keeps what is logged.
struct MemoryHandler: LogHandler {
  final class Lines: Sendable { let all = Mutex<[String]>([]) }
  let lines: Lines
  var logLevel = Logger.Level.trace
  var metadata: Logger.Metadata = [:]
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
  func log(event: LogEvent) { lines.all.withLock { $0.append("\(event.message)") } }
}

@Suite struct FaultLogTests {
  @Test func `A fault that repeats is told once a minute, with its count`() {
    let lines = MemoryHandler.Lines()
    let time = Atomic<UInt64>(0)
    let clock: @Sendable () -> UInt64 = { time.load(ordering: .relaxed) }
    let log = FaultLog(
      logger: Logger(label: "test") { _ in MemoryHandler(lines: lines) }, now: clock)
    for second in 0..<130 {
      time.store(UInt64(second) * 1_000_000_000, ordering: .relaxed)
      log.tell("a", .warning, "it failed")
      log.tell("b", .warning, once: true, "only once")
    }
    #expect(
      lines.all.withLock { $0 } == [
        "it failed", "only once", "it failed (60 times in the last minute)",
        "it failed (60 times in the last minute)",
      ])
    log.forget("b")
    log.tell("b", .warning, once: true, "only once")
    #expect(lines.all.withLock { $0.last } == "only once")
  }
}

@Suite(.serialized) struct ServiceManagerTests {
  @Test func `systemd is told over its socket`() throws {
    let path = "/tmp/vedette-notify-\(getpid())"
    unsafe unlink(path)
    let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer {
      close(fd)
      unsafe unlink(path)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let bound = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    unsafe setenv("NOTIFY_SOCKET", path, 1)
    unsafe setenv("WATCHDOG_USEC", "30000000", 1)
    let manager = ServiceManager()
    unsafe unsetenv("NOTIFY_SOCKET")
    unsafe unsetenv("WATCHDOG_USEC")
    #expect(manager.watchdogSeconds == 30)
    manager.ready()
    manager.status("two\nlines")
    manager.alive()
    manager.stopping()
    var told: [String] = []
    for _ in 0..<4 {
      var buffer = [UInt8](repeating: 0, count: 256)
      let count = unsafe recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      told.append(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
    }
    #expect(told == ["READY=1", "STATUS=two lines", "WATCHDOG=1", "STOPPING=1"])
  }

  @Test func `Without systemd nothing happens`() {
    let manager = ServiceManager()
    manager.ready()
    #expect(manager.watchdogSeconds == nil)
  }
}
