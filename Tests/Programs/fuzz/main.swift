import ArgumentParser
import CPosix
import Foundation

/// Feeds mutated input to a parser. The work is done in processes of their own, so that a crash or a
/// hang is counted and the rest goes on.
struct Fuzz: ParsableCommand {
  enum Target: String, ExpressibleByArgument, CaseIterable { case mjpeg, config }

  static let configuration = CommandConfiguration(
    abstract: "Feeds mutated input to a parser and counts crashes, hangs and sanitizer reports.",
    discussion: "Example: fuzz mjpeg --runs 100000 --seed 7")

  @Argument(help: "mjpeg or config.")
  var target: Target

  @Option(help: "How many inputs.")
  var runs = 100_000

  @Option(help: "The same seed gives the same inputs.")
  var seed: UInt64 = 1

  @Option(help: .hidden)
  var workerFrom: Int?

  static let hangSeconds = 20.0

  func run() throws {
    if let first = workerFrom { try work(from: first) } else { try supervise() }
  }

  /// Prints the number of each run before it begins, then `done` and what was accepted.
  private func work(from first: Int) throws {
    var fuzzer: any Fuzzer =
      switch target {
      case .mjpeg: try MJPEGFuzz()
      case .config: ConfigFuzz()
      }
    var accepted = 0
    for run in first..<runs {
      if run % 16 == 0 { unsafe vp_say(0, "\(run)\n") }
      var random = SeededGenerator(seed: seed, run: run)
      do {
        if try fuzzer.run(&random) { accepted += 1 }
      } catch {
        FileHandle.standardError.write(Data("run \(run): broken promise: \(error)\n".utf8))
        throw ExitCode(3)
      }
    }
    print("done \(accepted)")
  }

  private func supervise() throws {
    var tally = (crashes: 0, hangs: 0, reports: 0, accepted: 0)
    var next = 0
    let began = Date()
    while next < runs {
      let worker = Worker(try arguments(from: next))
      try worker.run(hangSeconds: Self.hangSeconds)
      tally.accepted += worker.accepted
      if worker.isDone { break }
      if worker.hung {
        tally.hangs += 1
      } else if worker.reported {
        tally.reports += 1
      } else {
        tally.crashes += 1
      }
      FileHandle.standardError.write(
        Data("near run \(worker.last): \(worker.errors.suffix(2000))\n".utf8))
      next = max(next, worker.last) + 16
    }
    let seconds = Date().timeIntervalSince(began)
    print(
      """
      {"fuzz":"\(target.rawValue)","runs":\(runs),"crashes":\(tally.crashes),"hangs":\(tally.hangs),\
      "reports":\(tally.reports),"accepted":\(tally.accepted),"seed":\(seed),"seconds":\(Int(seconds))}
      """)
    if tally.crashes + tally.hangs + tally.reports > 0 { throw ExitCode.failure }
  }

  private func arguments(from first: Int) throws -> [String] {
    [target.rawValue, "--runs", "\(runs)", "--seed", "\(seed)", "--worker-from", "\(first)"]
  }
}

/// One child process and what it said.
final class Worker {
  private let process = Process()
  private let output = Pipe()
  private let errorFile = FileManager.default.temporaryDirectory
    .appendingPathComponent("fuzz-\(UUID().uuidString)")
  private(set) var last = 0
  private(set) var accepted = 0
  private(set) var isDone = false
  private(set) var hung = false
  private(set) var errors = ""

  var reported: Bool { errors.contains("Sanitizer") || errors.contains("broken promise") }

  init(_ arguments: [String]) {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardOutput = output
  }

  func run(hangSeconds: Double) throws {
    _ = FileManager.default.createFile(atPath: errorFile.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errorFile) }
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    let handle = output.fileHandleForReading
    var pending = ""
    while true {
      var poller = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&poller, 1, Int32(hangSeconds * 1000)) > 0 else {
        hung = true
        kill(process.processIdentifier, SIGKILL)
        break
      }
      let data = handle.availableData
      guard !data.isEmpty else { break }
      pending += String(decoding: data, as: UTF8.self)
      var lines = pending.split(separator: "\n", omittingEmptySubsequences: false)
      pending = String(lines.removeLast())
      for line in lines {
        if line.hasPrefix("done ") {
          isDone = true
          accepted = Int(line.dropFirst(5)) ?? 0
        } else if let run = Int(line) {
          last = run
        }
      }
    }
    process.waitUntilExit()
    if process.terminationStatus != 0 { isDone = false }
    errors = (try? String(contentsOf: errorFile, encoding: .utf8)) ?? ""
  }
}

Fuzz.main()
