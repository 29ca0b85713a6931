import Foundation
import Kafka
import Testing

/// A program of this package, run as a user would.
final class Program {
  let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errors: FileHandle
  private let errorFile: URL

  /// Where the built programs are: beside the test bundle.
  static var folder: URL {
    var url = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    while url.path != "/" {
      if FileManager.default.isExecutableFile(atPath: url.appendingPathComponent("vedetted").path) {
        return url
      }
      url.deleteLastPathComponent()
    }
    return URL(fileURLWithPath: ".build/debug")
  }

  /// - Parameter name: of one of the package's, or the path of another.
  init(_ name: String, _ arguments: [String]) throws {
    errorFile = FileManager.default.temporaryDirectory
      .appendingPathComponent("vedette-test-\(UUID().uuidString).log")
    _ = FileManager.default.createFile(atPath: errorFile.path, contents: nil)
    errors = try FileHandle(forWritingTo: errorFile)
    process.executableURL =
      name.hasPrefix("/") ? URL(fileURLWithPath: name) : Self.folder.appendingPathComponent(name)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    // Foundation keeps a process that was run, and with it these; with some 1,300 of them open, its next run may trap.
    for handle in [input.fileHandleForWriting, output.fileHandleForReading, errors] {
      try? handle.close()
    }
    try? FileManager.default.removeItem(at: errorFile)
  }

  /// All that was written to standard error so far.
  var log: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }

  func readLine() -> String {
    var line = Data()
    while let byte = try? output.fileHandleForReading.read(upToCount: 1), let first = byte.first,
      first != 10
    {
      line.append(first)
    }
    return String(decoding: line, as: UTF8.self)
  }

  /// All of standard output, to its end.
  func readAll() -> String {
    String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  func say(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Ends the program and gives its exit code; a program that does not end is a failed test.
  func end(within seconds: Double = 15) -> Int32 {
    if process.isRunning { signal(SIGTERM) }
    guard wait(within: seconds) else {
      Issue.record("the program did not end within \(seconds) s")
      signal(SIGKILL)
      process.waitUntilExit()
      return -1
    }
    expectSettled(log)
    return process.terminationStatus
  }

  func wait(within seconds: Double) -> Bool {
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning, Date() < deadline { usleep(10_000) }
    return !process.isRunning
  }
}

/// A broker in another process.
final class Broker {
  private let program: Program
  let address: String

  init() throws {
    program = try Program("mockbroker", ["1"])
    let line = program.readLine()
    address = String(line.split(separator: "\"")[3].replacing("\\", with: ""))
  }

  func command(_ line: String) {
    program.say(line)
    #expect(program.readLine() == "ok")
  }

  /// Stops the process without closing its connections, or lets it go on.
  func freeze(_ isFrozen: Bool) { program.signal(isFrozen ? SIGSTOP : SIGCONT) }

  /// Reads all there is: until nothing more comes for a while.
  func consumeAll(_ topic: String = "frames") throws -> [ConsumedRecord] {
    let consumer = try Consumer(brokers: [address], topic: "vedette.\(topic)")
    var records: [ConsumedRecord] = []
    var timeout: Int32 = 10_000
    while let record = consumer.poll(timeoutMilliseconds: timeout) {
      records.append(record)
      timeout = 1500
    }
    return records
  }

  /// Reads until `count` records came or `seconds` have passed.
  func consume(_ count: Int, seconds: Double = 20) throws -> [ConsumedRecord] {
    let consumer = try Consumer(brokers: [address], topic: "vedette.frames")
    var records: [ConsumedRecord] = []
    let deadline = Date().addingTimeInterval(seconds)
    while records.count < count, Date() < deadline {
      if let record = consumer.poll(timeoutMilliseconds: 100) { records.append(record) }
    }
    return records
  }
}

/// A folder that goes with its test.
final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("vedette-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// The daemon on a configuration of the test's.
final class Daemon {
  let program: Program
  private let folder: Folder
  /// The configuration.
  let file: String

  /// - Parameter cameras: YAML of the cameras, indented by two.
  init(
    _ broker: String, delivery: String = "{}", spool: String = "off", analysis: String = "{}",
    control: String = "off", topics: String = "{}", properties: String = "{}", cameras: String
  ) throws {
    folder = try Folder()
    file = try folder.write(
      "vedette.yaml",
      Array(
        """
        node: box-1
        kafka: {brokers: ["\(broker)"], topics: \(topics), properties: \(properties)}
        delivery: \(delivery)
        spool: \(spool)
        analysis: \(analysis)
        status: {socket: "\(folder.path)/status.sock"}
        control: \(control)
        cameras:
        \(cameras)
        """.utf8))
    program = try Program("vedetted", ["--config", file])
  }

  /// Writes another text instead of a part of the configuration.
  func edit(_ part: String, _ text: String) throws {
    let before = try String(contentsOfFile: file, encoding: .utf8)
    #expect(before.contains(part))
    try before.replacing(part, with: text).write(toFile: file, atomically: true, encoding: .utf8)
  }

  /// What `vedette status --json` says.
  func status() throws -> [String: Any] {
    let text = try ask("status", "--json").output
    return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// Waits until the status says so.
  @discardableResult
  func waitForStatus(
    seconds: Double = 60, _ isSo: ([String: Any]) -> Bool
  ) throws -> [String: Any] {
    let deadline = Date().addingTimeInterval(seconds)
    var status: [String: Any] = [:]
    while Date() < deadline {
      status = (try? self.status()) ?? [:]
      if isSo(status) { return status }
      usleep(200_000)
    }
    Issue.record("it did not come to that: \(status); the log: \(program.log)")
    return status
  }

  var socket: String { "\(folder.path)/status.sock" }

  /// Runs `vedette` with the arguments and this daemon's socket.
  func ask(_ arguments: String...) throws -> (exitCode: Int32, output: String) {
    let asked = try Program("vedette", arguments + ["--socket", socket])
    let output = asked.readAll()
    _ = asked.wait(within: 10)
    return (asked.end(), output)
  }

  /// The last ledger that was logged for a camera.
  func ledger(_ camera: String = "front") -> [String: Any]? {
    let line = program.log.split(separator: "\n").last {
      $0.contains("camera=\(camera):") && $0.contains("ledger={")
    }
    guard let line, let start = line.range(of: "ledger=")?.upperBound else { return nil }
    return try? JSONSerialization.jsonObject(with: Data(line[start...].utf8)) as? [String: Any]
  }

  /// Asks for the ledger and waits for it.
  func askLedger(_ camera: String = "front") -> [String: Any]? {
    let before = program.log.components(separatedBy: "ledger={").count
    program.signal(SIGUSR1)
    let deadline = Date().addingTimeInterval(10)
    while program.log.components(separatedBy: "ledger={").count == before, Date() < deadline {
      usleep(10_000)
    }
    return ledger(camera)
  }

  /// Waits until the ledger says so.
  func waitForLedger(
    seconds: Double = 20, _ isSo: ([String: Any]) -> Bool
  ) -> [String: Any]? {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
      if let ledger = askLedger() {
        expectBalance(ledger)
        if isSo(ledger) { return ledger }
      }
      usleep(100_000)
    }
    Issue.record("it did not come to that; the log: \(program.log)")
    return nil
  }

  func waitForLog(_ text: String, seconds: Double = 20) {
    let deadline = Date().addingTimeInterval(seconds)
    while !program.log.contains(text), Date() < deadline { usleep(20_000) }
    #expect(program.log.contains(text), "the log: \(program.log)")
  }
}

/// What a status says of a camera's state.
func state(_ status: [String: Any], _ camera: String) -> String? {
  let cameras = status["cameras"] as? [[String: Any]]
  return cameras?.first { $0["name"] as? String == camera }?["state"] as? String
}

/// The alarms of a status, with the cameras that they are about.
func alarms(_ status: [String: Any]) -> [String] {
  (status["alarms"] as? [[String: Any]] ?? []).map {
    "\($0["alarm"] as? String ?? "") \($0["subject"] as? String ?? "")"
  }
}

/// The accounting identity.
func expectBalance(_ ledger: [String: Any]) {
  let fates = ["in_pipeline", "delivered", "in_memory", "in_flight", "spooled", "dead"]
  let sum = fates.reduce(0) { $0 + (ledger[$1] as? Int ?? -1_000_000) }
  let dropped = (ledger["dropped"] as? [String: Int] ?? [:]).values.reduce(0, +)
  #expect(ledger["captured"] as? Int == sum + dropped, "\(ledger)")
  // A record that was booked without having been captured makes up for one that nobody booked.
  #expect(fates.allSatisfy { ledger[$0] as? Int ?? -1 >= 0 }, "\(ledger)")
}

/// After a stop every ledger balances, and nothing is on its way through the pipeline.
func expectSettled(_ log: String) {
  var last: [Substring: [String: Any]] = [:]
  for line in log.split(separator: "\n") {
    guard let name = line.firstMatch(of: #/camera=([^ ]+): ledger=/#)?.1,
      let start = line.range(of: "ledger=")?.upperBound
    else { continue }
    last[name] =
      try? JSONSerialization.jsonObject(with: Data(line[start...].utf8)) as? [String: Any]
  }
  for (name, ledger) in last {
    expectBalance(ledger)
    #expect(ledger["in_pipeline"] as? Int == 0, "\(name): \(ledger)")
  }
}

func dropped(_ ledger: [String: Any], _ reason: String) -> Int {
  (ledger["dropped"] as? [String: Int])?[reason] ?? 0
}
