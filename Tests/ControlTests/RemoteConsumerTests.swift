import Control
import Foundation
import Kafka
import Testing
import Threads

/// The process that reads the control topic, and those that only pretend to be one.
@Suite("The process that reads the control topic", .serialized, .timeLimit(.minutes(2)))
struct RemoteConsumerTests {
  private let signal = EventSignal()
  private let settings = ReaderSettings(
    brokers: ["127.0.0.1:1"], topic: "t", properties: [:], secrets: ["sasl.password": "hidden-1"])

  /// A program that does what a shell's script says.
  private func script(_ text: String) throws -> ReaderProgram {
    let path = FileManager.default.temporaryDirectory.path + "/reader-\(UUID().uuidString)"
    try ("#!/bin/sh\n" + text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    return ReaderProgram(path: path)
  }

  /// What it ends of.
  private func death(_ consumer: RemoteConsumer, within seconds: Int = 30) -> ReaderDeath? {
    do throws(ReaderDeath) {
      for _ in 0..<seconds * 10 { _ = try consumer.next(milliseconds: 100) }
      return nil
    } catch {
      return error
    }
  }

  private func file(_ process: Int32, _ name: String) throws -> String {
    String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/\(name)")),
      as: UTF8.self)
  }

  /// Waits until it has confined itself.
  private func confined() throws -> RemoteConsumer {
    let consumer = try RemoteConsumer(readerProgram, settings, signal: signal)
    for _ in 0..<1000 where try !file(consumer.process, "comm").contains("control-reader") {
      usleep(10_000)
    }
    usleep(200_000)
    return consumer
  }

  @Test("has a limit of memory, no core, and goes first where memory is short") func limits() throws
  {
    let consumer = try confined()
    defer { consumer.end() }
    let limits = try file(consumer.process, "limits").split(separator: "\n").map(String.init)
    let data = try #require(limits.first { $0.hasPrefix("Max data size") })
    let bytes = try #require(Int(data.split(separator: " ")[3]))
    #expect(bytes >= 96 << 20 && bytes < 256 << 20)
    let core = try #require(limits.first { $0.hasPrefix("Max core file size") })
    #expect(core.split(separator: " ")[4] == "0")
    #expect(try file(consumer.process, "oom_score_adj") == "1000\n")
    #expect(try file(consumer.process, "status").contains("NoNewPrivs:\t1"))
    #expect(try file(consumer.process, "cmdline").hasPrefix("vedetted: control reader\0"))
  }

  @Test(
    "has nothing of the agent's files, its environment's secrets, or the brokers' on its command line"
  )
  func inheritance() throws {
    let path = FileManager.default.temporaryDirectory.path + "/camera-\(UUID().uuidString)"
    // As a camera whose driver's library forgot to close it on exec.
    let camera = unsafe open(path, O_CREAT | O_RDWR, 0o600)
    let high = fcntl(camera, F_DUPFD, 200)
    defer {
      close(camera)
      close(high)
      _ = unsafe unlink(path)
    }
    _ = unsafe setenv("VEDETTE_TEST_SECRET", "hidden-2", 1)
    _ = unsafe setenv("SWIFT_BACKTRACE", "enable=yes", 1)
    defer {
      _ = unsafe unsetenv("VEDETTE_TEST_SECRET")
      _ = unsafe unsetenv("SWIFT_BACKTRACE")
    }
    let consumer = try confined()
    defer { consumer.end() }
    let folder = "/proc/\(consumer.process)/fd"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let target =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? ""
      #expect(target != path)
      if let number = Int(name), number < 3 { #expect(target == "/dev/null") }
      if name == "3" { #expect(target.hasPrefix("socket:")) }
    }
    let environment = try file(consumer.process, "environ")
    #expect(!environment.contains("hidden") && !environment.contains("enable=yes"))
    #expect(try !file(consumer.process, "cmdline").contains("hidden"))
  }

  @Test("is not what a user can start by hand") func byHand() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: readerProgram.path)
    process.arguments = [ReaderChild.word, "1"]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 64)
  }

  @Test("says why it cannot read in the same words as a consumer does") func refusal() throws {
    var settings = settings
    settings.timeoutMilliseconds = 1000
    let consumer = try RemoteConsumer(readerProgram, settings, signal: signal)
    defer { consumer.end() }
    var refusal: KafkaError?
    for _ in 0..<200 where refusal == nil {
      if case .refused(let error) = try consumer.next(milliseconds: 100) { refusal = error }
    }
    let error = try #require(refusal)
    #expect(error.name == "_TRANSPORT" && error.description.contains("Connection refused"))
  }

  @Test(
    "is ended where it says what no reader says",
    arguments: [
      // A length that nobody would have room for.
      #"printf '\377\377\377\377' >&3; exec sleep 60"#,
      #"printf '\001\000\100\000' >&3; exec cat /dev/zero >&3"#,
      // Frames without a kind, one after the other.
      "exec cat /dev/zero >&3",
      #"printf '\002\000\000\000\011\011' >&3; exec sleep 60"#,
    ])
  func garbled(_ text: String) throws {
    let before = try resident()
    let consumer = try RemoteConsumer(try script(text), settings, signal: signal)
    #expect(death(consumer)?.cause == .garbled)
    #expect(kill(consumer.process, 0) != 0)
    #expect(try resident() - before < 64 << 10, "KiB")
  }

  /// KiB of this process, at their most.
  private func resident() throws -> Int {
    let line = try file(getpid(), "status").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
    return try #require(
      line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
    )
  }

  @Test("is ended where it is silent, or closes its socket, and its end is told as it was")
  func ends() throws {
    let silent = try RemoteConsumer(
      try script("exec sleep 60"), settings, signal: signal, silenceNanosecondsMax: 300_000_000)
    #expect(death(silent)?.cause == .silent)
    #expect(kill(silent.process, 0) != 0)
    let left = try RemoteConsumer(
      try script("head -c 8 <&3 >/dev/null; exit 7"), settings, signal: signal)
    #expect(death(left)?.cause == .exit(7))
    let aborted = try RemoteConsumer(
      try script("head -c 8 <&3 >/dev/null; kill -ABRT $$"), settings, signal: signal)
    #expect(death(aborted)?.cause == .signal(SIGABRT))
    let closed = try RemoteConsumer(
      try script("head -c 8 <&3 >/dev/null; exec 3>&-; exec sleep 60"), settings, signal: signal)
    #expect(death(closed)?.cause == .unknown)
    #expect(kill(closed.process, 0) != 0)
    do throws(ReaderDeath) {
      _ = try RemoteConsumer(ReaderProgram(path: "/nowhere"), settings, signal: signal)
      Issue.record("it was started")
    } catch {
      #expect(error.cause == .notStarted(errno: ENOENT))
    }
  }

  @Test("is ended at once, though it was stopped, and leaves no zombie") func stopped() throws {
    let consumer = try confined()
    kill(consumer.process, SIGSTOP)
    consumer.end()
    #expect(kill(consumer.process, 0) != 0)
  }

  private final class Held: @unchecked Sendable {
    var consumer: RemoteConsumer?
  }

  /// The agent's end closes the socket as well; a reader that is busy would not see it.
  @Test("is killed when the thread ends that started it, though its socket stays open")
  func parentsDeath() throws {
    let held = Held()
    let thread = try NamedThread("starter") { [self] in held.consumer = try? confined() }
    thread.join()
    let consumer = try #require(held.consumer)
    #expect(death(consumer)?.cause == .signal(SIGKILL))
  }

  @Test("a signal ends the waiting for it") func woken() throws {
    let consumer = try RemoteConsumer(try script("exec sleep 60"), settings, signal: signal)
    defer { consumer.end() }
    signal.set()
    #expect(try consumer.next(milliseconds: 60_000) == nil)
  }
}
