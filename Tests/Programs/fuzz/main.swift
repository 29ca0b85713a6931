import ArgumentParser
import CPosix
import Foundation

/// Feeds mutated input to a parser. The work is done in processes of their own, so that a crash or a
/// hang is counted and the rest goes on.
struct Fuzz: ParsableCommand {
  enum Target: String, ExpressibleByArgument, CaseIterable {
    case mjpeg, config, segment, gallery, control, png, device, heartbeat, model
  }

  static let configuration = CommandConfiguration(
    abstract: "Feeds mutated input to a parser and counts crashes, hangs and sanitizer reports.",
    discussion: """
      Example: fuzz mjpeg --runs 100000 --seed 7
      A run that went wrong: fuzz mjpeg --seed 7 --only 4711 --save input.jpg
      """)

  @Argument(help: "mjpeg, config, segment, gallery, control, png, device, heartbeat or model.")
  var target: Target

  @Option(help: "How many inputs.")
  var runs = 100_000

  @Option(help: "The same seed gives the same inputs.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Only this input, in this process.", valueName: "run"))
  var only: Int?

  @Option(help: ArgumentHelp("With --only: writes the input there first.", valueName: "file"))
  var save: String?

  @Option(help: .hidden)
  var workerFrom: Int?

  static let brokenPromise = "broken promise"
  /// For one input; they take milliseconds, but a busy machine with a sanitizer is slow.
  static let hangSeconds = 10.0
  /// Enough to see what is wrong, where everything is.
  static let failuresMax = 50
  /// A worker takes so many inputs at most, so that memory that it keeps shows, but not for ever.
  static let workerRunsMax = 20_000

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs must be above 0") }
    guard save == nil || only != nil else { throw ValidationError("--save goes with --only") }
  }

  func run() throws {
    if let only {
      try repeatOne(only)
    } else if let first = workerFrom {
      try work(from: first)
    } else {
      try supervise()
    }
  }

  private func fuzzer() throws -> any Fuzzer {
    switch target {
    case .mjpeg: try MJPEGFuzz()
    case .config: try ConfigFuzz()
    case .segment: try SegmentFuzz()
    case .gallery: try GalleryFuzz()
    case .control: try ControlFuzz()
    case .png: try PNGFuzz()
    case .device: DeviceFuzz()
    case .heartbeat: HeartbeatFuzz()
    case .model: try ModelFuzz()
    }
  }

  private func repeatOne(_ run: Int) throws {
    var fuzzer = try fuzzer()
    var random = SeededGenerator(seed: seed, run: run)
    let input = fuzzer.input(&random)
    if let save { try Data(input).write(to: URL(fileURLWithPath: save)) }
    print("\(input.count) bytes, \(try fuzzer.run(input) ? "accepted" : "refused")")
  }

  private func work(from first: Int) throws {
    var fuzzer = try fuzzer()
    var accepted = 0
    for run in first..<min(runs, first + Self.workerRunsMax) {
      unsafe vp_say(0, "\(run) \(accepted)\n")
      var random = SeededGenerator(seed: seed, run: run)
      do {
        if try fuzzer.run(fuzzer.input(&random)) { accepted += 1 }
      } catch {
        unsafe vp_say(1, "\(Self.brokenPromise): \(error)\n")
        throw ExitCode(3)
      }
    }
    var usage = rusage()
    _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    unsafe vp_say(0, "done \(accepted) \(usage.ru_maxrss >> 10)\n")
  }

  private func supervise() throws {
    var tally = FuzzTally()
    let began = Date()
    while tally.runs < runs {
      let worker = Worker([
        target.rawValue, "--runs", "\(runs)", "--seed", "\(seed)", "--worker-from", "\(tally.runs)",
      ])
      try worker.run(hangSeconds: Self.hangSeconds)
      guard let last = worker.last else {
        throw ValidationError("the worker did not begin: \(worker.errors.suffix(2000))")
      }
      let failures = worker.isDone ? 0 : 1
      tally.accepted += worker.accepted
      tally.refused += last + 1 - tally.runs - worker.accepted - failures
      tally.runs = last + 1
      tally.memory = max(tally.memory, worker.memory)
      if worker.isDone { continue }
      count(worker, &tally)
      tell("run \(last): \(worker.hung ? "no end in sight" : "\(worker.errors.suffix(2000))")")
      guard tally.crashes + tally.hangs + tally.reports < Self.failuresMax else {
        tell("given up after \(Self.failuresMax) failures")
        break
      }
    }
    let seconds = Int(Date().timeIntervalSince(began))
    print(tally.json(target.rawValue, seed: seed, seconds: seconds))
    if !tally.isClean { throw ExitCode.failure }
  }

  private func count(_ worker: Worker, _ tally: inout FuzzTally) {
    if worker.hung {
      tally.hangs += 1
    } else if worker.reported {
      tally.reports += 1
    } else {
      tally.crashes += 1
    }
  }

  private func tell(_ text: String) { unsafe vp_say(1, text + "\n") }
}

Fuzz.main()
