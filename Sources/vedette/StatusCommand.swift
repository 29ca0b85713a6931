import Agent
import ArgumentParser
import CPosix
import Documents
import Glibc
import Paths
import Settings
import Status
import Terminal

/// How the box is, on one screen.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Says how this box is, and what to do where it is not well.",
    discussion: """
      Exits with 0 where all is well, 1 for a warning, 2 where it is critical or no agent answers: as Nagios \
      and its heirs read it.

      Example: vedette status --watch
      """)

  @Flag(help: "One JSON object, as schemas/box.json tells.")
  var json = false

  @Flag(help: "Again every second, until Ctrl-C.")
  var watch = false

  @Option(help: "The agent's socket, as status.socket has it.")
  var socket = SettingsLoader.defaultStatusSocket

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let client = StatusClient(socket: socket)
    var health = Health.critical
    repeat {
      health = show(client)
      if watch { usleep(1_000_000) }
    } while watch
    if health != .ok { throw ExitCode(Int32(health.rawValue)) }
  }

  private func show(_ client: StatusClient) -> Health {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let redraws = watch && isTerminal && !json
    let reply: StatusClient.Reply
    do {
      reply = try client.get(json ? "/status" : screenPath(isTerminal: isTerminal))
    } catch {
      if redraws { unsafe vp_say(0, "\u{1B}[H\u{1B}[J") }
      ConfigurationCheck.tell(error.description)
      return .critical
    }
    var text = String(decoding: reply.body, as: UTF8.self)
    // The screen has made itself safe, and has colours.
    if json { text = text.terminalSafe }
    guard reply.code == 200 else {
      ConfigurationCheck.tell("the agent answered \(reply.code): \(text)")
      return .critical
    }
    if redraws { text = text.fitted(rows: Self.window.rows) }
    // Line by line over what was there, so that nothing flickers.
    let shown =
      redraws ? "\u{1B}[H" + text.replacing("\n", with: "\u{1B}[K\n") + "\u{1B}[J" : text
    unsafe vp_say(0, shown)
    return reply.health ?? .critical
  }

  private func screenPath(isTerminal: Bool) -> String {
    let isPlain = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
    let isColoured = isTerminal && !isPlain
    return "/status.txt?columns=\(Self.window.columns)\(isColoured ? "&colours=1" : "")"
  }

  /// Of the terminal; 80 by 24 where there is none.
  private static var window: (columns: Int, rows: Int) {
    var size = winsize()
    guard unsafe vp_ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), max(2, Int(size.ws_row)))
  }
}

/// The last picture of a camera.
struct SnapshotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Saves the last picture of a camera, as the agent sends it.",
    discussion: "Example: vedette snapshot front -o front.jpg")

  @Argument(help: "The camera's name in the configuration.")
  var camera: String

  @Option(name: .shortAndLong, help: "A file, or - for standard output.")
  var output: String

  @Option(help: "The agent's socket, as status.socket has it.")
  var socket = SettingsLoader.defaultStatusSocket

  func validate() throws {
    let isName = camera.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        || [45, 46, 95].contains($0)
    }
    guard isName, !camera.isEmpty else {
      throw ValidationError("'\(camera)' is no camera's name")
    }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let reply: StatusClient.Reply
    do {
      reply = try StatusClient(socket: socket).get("/cameras/\(camera)/snapshot.jpg")
    } catch {
      ConfigurationCheck.tell(error.description)
      throw ExitCode(ExitStatus.unavailable)
    }
    guard reply.code == 200 else {
      let text = String(decoding: reply.body.filter { $0 != 10 }, as: UTF8.self)
      ConfigurationCheck.tell(text)
      throw ExitCode(reply.code == 404 ? ExitStatus.noInput : ExitStatus.unavailable)
    }
    do throws(FileFault) {
      try OutputFile(output == "-" ? nil : output).write(reply.body)
    } catch {
      ConfigurationCheck.tell("\(output) cannot be written: \(error)")
      throw ExitCode(ExitStatus.cannotCreate)
    }
  }
}
