import CPosix
import Foundation

/// One child process that feeds inputs one after the other, and what it said of them.
final class Worker {
  private let process = Process()
  private let output = Pipe()
  private let errorFile = FileManager.default.temporaryDirectory
    .appendingPathComponent("fuzz-\(UUID().uuidString)")
  /// The run that was begun last; nil where none was.
  private(set) var last: Int?
  private(set) var accepted = 0
  /// The most memory that it had resident, in MiB.
  private(set) var memory = 0
  /// Whether it came to its end.
  private(set) var isDone = false
  private(set) var hung = false
  private(set) var errors = ""

  /// Whether it died of what it found, not of what it did.
  var reported: Bool { errors.contains("Sanitizer") || errors.contains(Fuzz.brokenPromise) }

  init(_ arguments: [String]) {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardOutput = output
  }

  /// How many times as long one that waits, and does no work, may say nothing.
  private static let patience = 60.0

  /// Reads what it says until it ends, or says nothing for `hangSeconds`, which are for one input: of its own processor
  /// time, for on a busy machine it may get none for long.
  func run(hangSeconds: Double) throws {
    _ = FileManager.default.createFile(atPath: errorFile.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errorFile) }
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    let handle = output.fileHandleForReading
    var pending = ""
    var (worked, silent) = (0.0, 0.0)
    while true {
      var poller = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&poller, 1, Int32(hangSeconds * 1000)) > 0 else {
        silent += hangSeconds
        guard processorSeconds - worked >= hangSeconds || silent >= Self.patience * hangSeconds
        else { continue }
        hung = true
        kill(process.processIdentifier, SIGKILL)
        break
      }
      (worked, silent) = (processorSeconds, 0)
      let data = handle.availableData
      guard !data.isEmpty else { break }
      pending += String(decoding: data, as: UTF8.self)
      var lines = pending.split(separator: "\n", omittingEmptySubsequences: false)
      pending = String(lines.removeLast())
      for line in lines { note(line) }
    }
    process.waitUntilExit()
    if process.terminationStatus != 0 { isDone = false }
    errors = (try? String(contentsOf: errorFile, encoding: .utf8)) ?? ""
  }

  /// What it has worked until now; without end where that is not known.
  private var processorSeconds: Double {
    var time = timespec()
    // As clock_getcpuclockid(3) makes it, of all threads.
    let clock = clockid_t(~process.processIdentifier << 3 | 2)
    guard unsafe clock_gettime(clock, &time) == 0 else { return .infinity }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// `RUN ACCEPTED` before a run, `done ACCEPTED MEMORY` at the end.
  private func note(_ line: Substring) {
    let words = line.split(separator: " ")
    guard words.count >= 2, let accepted = Int(words[1]) else { return }
    self.accepted = accepted
    if words[0] == "done" {
      isDone = true
      memory = words.count > 2 ? Int(words[2]) ?? 0 : 0
    } else {
      last = Int(words[0])
    }
  }
}
