import Journal
import Logging
import Synchronization
import Testing

/// Keeps what was logged.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  func append(_ line: String) { lines.withLock { $0.append(line) } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: Lines
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let camera = event.metadata?["camera"].map { " \($0)" } ?? ""
      lines.append("\(event.level)\(camera): \(event.message)")
    }
  }
}

/// A clock that stands where it is put, in seconds.
final class TestClock: Sendable {
  private let nanoseconds = Atomic<UInt64>(1_000_000_000_000)

  var now: UInt64 { nanoseconds.load(ordering: .relaxed) }

  func advance(_ seconds: Double) {
    let change = Int64(seconds * 1e9)
    nanoseconds.store(UInt64(Int64(now) + change), ordering: .relaxed)
  }
}

@Suite struct FaultLogTests {
  private let lines = Lines()
  private let clock = TestClock()
  private let faults: FaultLog

  init() {
    let clock = clock
    faults = FaultLog(logger: lines.logger, now: { clock.now })
  }

  @Test func `Too many faults are told again rather than remembered`() {
    let lines = Lines()
    let clock = TestClock()
    let log = FaultLog(logger: lines.logger) { clock.now }
    for number in 0..<1000 { log.tell("\(number)", .error, "fault") }
    log.tell("0", .error, "fault")
    #expect(lines.all.count == 1000)
    log.tell("another", .error, "fault")
    log.tell("0", .error, "fault")
    #expect(lines.all.count == 1002)
  }

  @Test func `A fault is told at once, with its level and fields`() {
    faults.tell("usb", .error, metadata: ["camera": "front"], "the cable fell out")
    #expect(lines.all == ["error front: the cable fell out"])
  }

  @Test func `A fault that repeats is told once a minute, with how often it came`() {
    for _ in 0..<600 {
      faults.tell("usb", .warning, "bad frame")
      clock.advance(0.1)
    }
    #expect(lines.all == ["warning: bad frame"])
    clock.advance(0.1)
    faults.tell("usb", .warning, "bad frame")
    #expect(lines.all.last == "warning: bad frame (600 times in the last 60 s)")
    #expect(lines.all.count == 2)
  }

  @Test func `The count is for the time that really passed`() {
    faults.tell("usb", .warning, "bad frame")
    clock.advance(30)
    faults.tell("usb", .warning, "bad frame")
    clock.advance(3570)
    faults.tell("usb", .warning, "bad frame")
    #expect(lines.all == ["warning: bad frame", "warning: bad frame (2 times in the last 3600 s)"])
  }

  @Test func `A fault that comes back once after a while has no count`() {
    faults.tell("usb", .warning, "bad frame")
    clock.advance(61)
    faults.tell("usb", .warning, "bad frame")
    #expect(lines.all == ["warning: bad frame", "warning: bad frame"])
  }

  @Test func `Faults of different keys do not hide each other`() {
    faults.tell("a", .warning, "one")
    faults.tell("b", .warning, "two")
    #expect(lines.all == ["warning: one", "warning: two"])
  }

  @Test func `What is to be told once is told once, however long it lasts`() {
    for _ in 0..<10 {
      faults.tell("oversize front", .error, once: true, "too large")
      clock.advance(1000)
    }
    #expect(lines.all == ["error: too large"])
  }

  @Test func `A fault that was forgotten is new, and only that`() {
    faults.tell("broker down", .warning, "down")
    faults.tell("camera", .warning, "gone")
    faults.forget("broker ")
    faults.tell("broker down", .warning, "down")
    faults.tell("camera", .warning, "gone")
    #expect(lines.all == ["warning: down", "warning: gone", "warning: down"])
  }

  @Test func `A message that is not told is not made`() {
    var made = 0
    func message() -> String {
      made += 1
      return "made"
    }
    for _ in 0..<5 { faults.tell("usb", .warning, message()) }
    #expect(made == 1)
  }

  @Test func `A clock that goes back does no harm`() {
    faults.tell("usb", .warning, "bad frame")
    clock.advance(-10)
    faults.tell("usb", .warning, "bad frame")
    #expect(lines.all == ["warning: bad frame"])
  }

  @Test func `Keys without end do not fill the memory, and stay told`() {
    for key in 0..<5000 { faults.tell("\(key)", .warning, "fault \(key)") }
    #expect(lines.all.count == 5000)
  }

  @Test func `Many threads may tell`() async {
    let ticking = Atomic<UInt64>(0)
    let faults = FaultLog(logger: lines.logger) {
      ticking.add(1, ordering: .relaxed).newValue * 1_000_000
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for turn in 0..<5000 { faults.tell("key \(turn % 3)", .warning, "fault") }
        }
      }
    }
    #expect((3...3 + 20).contains(lines.all.count))
  }
}
