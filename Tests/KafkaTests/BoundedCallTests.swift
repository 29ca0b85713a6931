import CRdKafka
import Foundation
import Synchronization
import Testing

@testable import Kafka

/// Calls that ask a broker, and of which one never comes back.
@Suite(.timeLimit(.minutes(2))) struct BoundedCallTests {
  /// What hangs until it is let go, and what a call keeps alive by it.
  private final class Hanging: Sendable {
    /// Whoever waits for it to its end does so for longer than for any time-out here.
    private static let secondsMax = 60.0

    private let threads = Mutex<[String]>([])
    private let ended = Atomic(0)
    private let isFree = Atomic(false)

    /// On which it was begun, as the kernel shows them.
    var begun: [String] { threads.withLock { $0 } }
    var endedCount: Int { ended.load(ordering: .sequentiallyConsistent) }
    /// Those that are still there.
    var left: Int { begun.count { FileManager.default.fileExists(atPath: $0) } }

    func letGo() { isFree.store(true, ordering: .sequentiallyConsistent) }

    func call() -> Int {
      let thread = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      threads.withLock { $0.append("/proc/\(thread ?? "none")") }
      let last = Date().addingTimeInterval(Self.secondsMax)
      while !isFree.load(ordering: .sequentiallyConsistent), Date() < last { usleep(1000) }
      ended.add(1, ordering: .sequentiallyConsistent)
      return 1
    }
  }

  private static func ask(
    _ hanging: Hanging, _ running: BoundedCall.Running
  ) throws(KafkaError) -> Int {
    try BoundedCall.run("rd_kafka_metadata", milliseconds: 50, among: running) { hanging.call() }
  }

  @Test func `A call that hangs is given up in time, and nothing of it is left once it ends`() {
    let running = BoundedCall.Running()
    weak var left: Hanging?
    var thread: String?
    do {
      let hanging = Hanging()
      left = hanging
      let error = #expect(throws: KafkaError.self) { _ = try Self.ask(hanging, running) }
      #expect(error?.name == "_TIMED_OUT" && error?.kind == .retriable)
      #expect(error?.call == "rd_kafka_metadata")
      // Left behind, not waited for, and with all that it uses.
      eventually { hanging.begun.count == 1 }
      #expect(hanging.endedCount == 0 && hanging.left == 1)
      thread = hanging.begun.first
      hanging.letGo()
    }
    eventually { thread.map { !FileManager.default.fileExists(atPath: $0) } ?? true }
    #expect(left == nil)
  }

  private static func eventDescriptors() -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.count { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/self/fd/\(name)")
      return target == "anon_inode:[eventfd]"
    }
  }

  @Test func `What a call gives or refuses comes back as it is, and costs nothing in the end`()
    throws
  {
    let running = BoundedCall.Running()
    let before = Self.eventDescriptors()
    // More than may be under way at once.
    for number in 0..<200 {
      let given = try BoundedCall.run("a", milliseconds: 60_000, among: running) { number }
      #expect(given == number)
      let error = #expect(throws: KafkaError.self) {
        try BoundedCall.run("b", milliseconds: 60_000, among: running) { () throws(KafkaError) in
          throw KafkaError(RD_KAFKA_RESP_ERR__AUTHENTICATION, call: "asked \(number)")
        }
      }
      #expect(error?.call == "asked \(number)" && error?.kind == .refused)
    }
    // Other tests of this process have some, too.
    eventually { Self.eventDescriptors() < before + 200 }
  }

  @Test func `Calls that hang are bounded in number, and others are made again once they end`()
    throws
  {
    let running = BoundedCall.Running()
    let hanging = Hanging()
    let callsMax = BoundedCall.Running.callsMax
    for _ in 0..<callsMax {
      let error = #expect(throws: KafkaError.self) { _ = try Self.ask(hanging, running) }
      #expect(error?.name == "_TIMED_OUT")
    }
    eventually { hanging.begun.count == callsMax }
    // One more is not even begun.
    let error = #expect(throws: KafkaError.self) {
      try BoundedCall.run("rd_kafka_purge", milliseconds: 50, among: running) {
        Issue.record("it was begun")
      }
    }
    #expect(error?.name == "_TIMED_OUT" && error?.call == "rd_kafka_purge")
    #expect(hanging.endedCount == 0 && hanging.left == callsMax)
    hanging.letGo()
    eventually { hanging.left == 0 }
    #expect(hanging.endedCount == callsMax)
    let given = try BoundedCall.run("rd_kafka_purge", milliseconds: 60_000, among: running) { 7 }
    #expect(given == 7)
  }
}
