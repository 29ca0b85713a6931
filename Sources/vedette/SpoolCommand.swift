import Agent
import ArgumentParser
import CPosix
import Delivery
import Documents
import Glibc
import Kafka
import Paths
import Settings
import Spool

/// Looks at the spool, and mends it.
struct SpoolCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spool",
    abstract: "Looks at the records on disk that wait to be sent: status, check, export, repair.",
    discussion: "Example: vedette spool status --folder /var/lib/vedette/spool",
    subcommands: [SpoolStatus.self, SpoolCheck.self, SpoolExport.self, SpoolRepair.self])
}

/// Where the spool is.
struct SpoolPlace: ParsableArguments {
  @Option(help: "The spool's folder; default: what the configuration says.")
  var folder: String?

  @Option(help: "Where the keys of an encrypted spool are; default: what the configuration says.")
  var keyFile: String?

  @Option(help: "The configuration that names the folder.")
  var config = SettingsLoader.defaultPath

  /// The folder and its keys, or a sentence on standard error and an exit code.
  func resolve() throws -> (folder: String, inspector: SpoolInspector) {
    let (folder, key) = try named()
    return (folder, try attempt { try SpoolInspector(folder, keyFile: key) })
  }

  private func named() throws -> (folder: String, keyFile: String?) {
    if let folder { return (folder, keyFile) }
    if unsafe vp_access(config, R_OK) != 0 {
      guard errno == EACCES else { return (SettingsLoader.defaultSpoolFolder, keyFile) }
      ConfigurationCheck.tell(
        "\(config) cannot be read: permission denied; run this as root, or name the folder with --folder"
      )
      throw ExitCode(ExitStatus.noPermission)
    }
    let settings: Settings
    do throws(ConfigurationCheck.Failure) {
      settings = try ConfigurationCheck.load(config)
    } catch {
      throw ExitCode(error.exitStatus)
    }
    guard let spool = settings.spool else {
      ConfigurationCheck.tell("\(config) has no spool; name its folder with --folder")
      throw ExitCode(ExitStatus.configuration)
    }
    return (spool.folder, keyFile ?? spool.keyFile)
  }

  /// Calls `body`, and turns what it throws into a sentence and an exit code.
  func attempt<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as SpoolError {
      let hint =
        switch error.code {
        case .denied: "; run this as root or as the agent's user"
        case .absent, .noSpool: "; name the spool's folder with --folder"
        default: ""
        }
      ConfigurationCheck.tell("vedette spool: \(error)\(hint)")
      let status =
        switch error.code {
        case .busy: ExitStatus.unavailable
        case .denied: ExitStatus.noPermission
        case .noSpool, .corrupt: ExitStatus.dataError
        default: ExitStatus.noInput
        }
      throw ExitCode(status)
    }
  }

  /// Shows how far long work is, on a terminal.
  static func progress(_ done: Int, _ all: Int) {
    guard isatty(2) == 1, all > 10 else { return }
    let end = done == all ? "\r\u{1B}[K" : ""
    unsafe vp_say(1, done == all ? end : "\r\(done) of \(all) segments")
  }
}

struct SpoolStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract:
      "Tells what waits on disk to be sent, by class, as the agent counts it; one may be at work.",
    discussion: "Example: vedette spool status --json")

  @OptionGroup var place: SpoolPlace
  @Flag(help: "One JSON object a line, one for each class.")
  var json = false

  func run() throws {
    let (folder, inspector) = try place.resolve()
    let reports = try place.attempt {
      try inspector.inspect(isThorough: false, progress: SpoolPlace.progress)
    }
    let inUse = inspector.isInUse
    if !json { print("\(folder)\(inUse ? ", an agent is at work on it" : "")") }
    for name in SpoolInspector.folders {
      let own = reports.filter { $0.folder == name && !$0.isStray }
      let waiting = own.reduce(0) { $0 + $1.waiting }
      let waitingBytes = own.reduce(0) { $0 + $1.waitingBytes }
      let records = own.reduce(0) { $0 + $1.records }
      let bytes = own.reduce(0) { $0 + $1.bytes }
      let raw = own.reduce(0) { $0 + $1.rawBytes }
      let damaged = own.count { !$0.damages.isEmpty }
      if json {
        print(
          JSON.object([
            ("class", .string(name)), ("records", .integer(waiting)),
            ("waiting_bytes", .integer(waitingBytes)), ("records_on_disk", .integer(records)),
            ("bytes", .integer(bytes)),
            ("raw_bytes", .integer(raw)), ("segments", .integer(own.count)),
            ("damaged", .integer(damaged)),
            ("in_use", .string(inUse ? "yes" : "no")),
          ]).line)
      } else {
        let note = damaged > 0 ? ", \(damaged) damaged: see vedette spool check" : ""
        let gain = raw > bytes ? ", \((raw - bytes) * 100 / raw) % saved by compression" : ""
        let kept = name == "dead" ? "kept" : "waiting"
        let disk = own.isEmpty ? "" : "; \(bytes >> 10) KiB on disk in \(own.count) segments\(gain)"
        print("  \(name): \(waiting) records \(kept), \(waitingBytes >> 10) KiB\(disk)\(note)")
      }
    }
  }
}

struct SpoolCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Verifies every checksum on disk: 0 where all is sound, 65 where not.",
    discussion: "Example: vedette spool check --json")

  @OptionGroup var place: SpoolPlace
  @Flag(help: "One JSON object a line, one for each segment.")
  var json = false

  func run() throws {
    let inspector = try place.resolve().inspector
    let reports = try place.attempt {
      try inspector.inspect(isThorough: true, progress: SpoolPlace.progress)
    }
    for report in reports {
      if json {
        print(
          JSON.object([
            ("path", .string(report.path)), ("records", .integer(report.records)),
            ("waiting", .integer(report.waiting)), ("bytes", .integer(report.bytes)),
            ("lost", .integer(report.lost)),
            ("stray", .string(report.isStray ? "yes" : "no")),
            ("damages", .array(report.damages.map { .string($0) })),
          ]).line)
      } else {
        for damage in report.damages { print("\(report.path): \(damage)") }
        if report.isStray { print("\(report.path): the state does not know this file") }
      }
    }
    let damaged = reports.count { !$0.damages.isEmpty }
    if !json {
      print(
        "\(reports.count) segments, \(reports.reduce(0) { $0 + $1.waiting }) records waiting, \(reports.reduce(0) { $0 + $1.records }) on disk, \(damaged) segments damaged"
      )
    }
    if damaged > 0 { throw ExitCode(ExitStatus.dataError) }
  }
}

struct SpoolExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes the records that wait to files, with an index of one JSON object a line.",
    discussion:
      "Records that were delivered are left out, though some are on disk until their segment is done with.\n\nExample: vedette spool export /tmp/frames"
  )

  @OptionGroup var place: SpoolPlace
  @Argument(help: "The folder to write to; it is made.")
  var target: String
  @Option(
    name: .customLong("class"),
    help: "One class alone: results, events, faces, metrics, frames, copies, dead.")
  var only: String?
  @Flag(help: "All records on disk, those that were delivered too.")
  var all = false

  func run() throws {
    let inspector = try place.resolve().inspector
    guard only == nil || only.map(SpoolInspector.folders.contains) == true else {
      throw ValidationError("there is no class \(only ?? ""); there are \(SpoolInspector.folders)")
    }
    guard unsafe vp_mkdir(target, 0o755) == 0 || errno == EEXIST else {
      ConfigurationCheck.tell(
        "\(target) cannot be made: \(FileFault.last)")
      throw ExitCode(ExitStatus.cannotCreate)
    }
    let index: OutputFile
    do throws(FileFault) {
      index = try OutputFile("\(target)/index.jsonl")
    } catch {
      ConfigurationCheck.tell("\(target)/index.jsonl cannot be written: \(error)")
      throw ExitCode(ExitStatus.cannotCreate)
    }
    var count = 0
    var failed: String?
    try place.attempt {
      try inspector.forEachEntry(in: only.map { [$0] } ?? SpoolInspector.folders, isAll: all) {
        name, stored in
        guard let record = StoredRecord(stored.entry) else { return true }
        let type = record.headers["content-type"] ?? ""
        let ending = type == "image/jpeg" ? "jpg" : type == "application/json" ? "json" : "bin"
        let file = "\(name)-\(stored.position.segment)-\(stored.position.ordinal).\(ending)"
        do throws(FileFault) {
          try OutputFile("\(target)/\(file)").write(stored.entry.body)
          try index.write(Array((Self.line(file, name, record, stored).line + "\n").utf8))
        } catch {
          failed = "\(target)/\(file) cannot be written: \(error)"
          return false
        }
        count += 1
        if isatty(2) == 1, count % 100 == 0 { unsafe vp_say(1, "\r\(count) records") }
        return true
      }
    }
    if let failed {
      ConfigurationCheck.tell(failed)
      throw ExitCode(ExitStatus.cannotCreate)
    }
    print("\(count) records in \(target), listed in index.jsonl")
  }

  private static func line(
    _ file: String, _ name: String, _ record: StoredRecord, _ stored: StoredEntry
  ) -> JSON {
    .object([
      ("file", .string(file)), ("class", .string(name)), ("camera", .string(record.camera)),
      ("sequence", .integer(Int(clamping: stored.entry.sequence))),
      ("topic", .string(record.topic)),
      ("key", .string(String(decoding: record.key, as: UTF8.self))),
      ("timestamp", .integer(Int(record.timestamp))),
      ("headers", .object(record.headers.list.map { ($0.name, .string($0.text)) })),
    ])
  }
}

struct SpoolRepair: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract:
      "Takes damaged records out of the spool; tells what it would do unless --apply is given.",
    discussion:
      "Originals are kept under backup. The agent must be stopped.\n\nExample: vedette spool repair --apply"
  )

  @OptionGroup var place: SpoolPlace
  @Flag(help: "Do it.")
  var apply = false

  func run() throws {
    let inspector = try place.resolve().inspector
    let actions = try place.attempt {
      try inspector.repair(isApplied: apply, progress: SpoolPlace.progress)
    }
    for action in actions { print(action) }
    print(
      actions.isEmpty
        ? "nothing to repair"
        : apply ? "\(actions.count) files repaired" : "nothing was done; say --apply to do it")
  }
}
