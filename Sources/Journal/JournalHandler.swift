import CPosix
import Glibc
package import Logging
import Terminal
import Threads

/// Writes log lines to standard error as fits who reads them: with priority prefixes for journald,
/// readable on a terminal, with full time in a file or pipe. From any thread; nothing waits for the reader.
package struct JournalHandler: LogHandler {
  package enum Style: Sendable {
    /// `<4>camera=front: message`: journald takes level and time from its own books.
    case journal
    /// Time of day, and colours where wanted.
    case terminal(colours: Bool)
    /// Time in UTC.
    case plain
  }

  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  private let style: Style

  package init(level: Logger.Level, style: Style) {
    logLevel = level
    self.style = style
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// The style for standard error as it is now.
  package static func detectStyle() -> Style {
    if isJournal { return .journal }
    if isatty(STDERR_FILENO) == 1 {
      return .terminal(colours: unsafe getenv("NO_COLOR") == nil)
    }
    return .plain
  }

  /// Under systemd, JOURNAL_STREAM names the device and inode that standard error must have.
  private static var isJournal: Bool {
    var status = stat()
    guard let stream = unsafe getenv("JOURNAL_STREAM"), unsafe fstat(STDERR_FILENO, &status) == 0
    else { return false }
    return unsafe String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
  }

  package func log(event: LogEvent) {
    let merged = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
    let line = Self.line(event.level, "\(event.message)", merged, style, wall: Clock.wall)
    LogOutput.standardError.write(line) { [style] in Self.gap($0, style) }
  }

  /// The line, with its newline at the end and none within.
  static func line(
    _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, _ style: Style,
    wall: Int64
  ) -> String {
    let fields = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      .joined(separator: " ")
    let text = (fields.isEmpty ? message : "\(fields): \(message)").terminalField
    switch style {
    case .journal: return "<\(priority(level))>\(text)\n"
    case .plain: return "\(Clock.rfc3339(microseconds: wall)) \(level) \(text)\n"
    case .terminal(let colours):
      let time = Clock.rfc3339(microseconds: wall).dropFirst(11).prefix(12)
      guard colours, let colour = colour(level) else { return "\(time) \(level) \(text)\n" }
      return "\(time) \u{1B}[\(colour)m\(level)\u{1B}[0m \(text)\n"
    }
  }

  /// Tells of lines that were lost.
  static func gap(_ count: Int, _ style: Style) -> String {
    line(
      .warning, "\(count) log lines were lost here: standard error was not read", [:], style,
      wall: Clock.wall)
  }

  /// The level as syslog and journald count.
  private static func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }

  private static func colour(_ level: Logger.Level) -> Int? {
    switch level {
    case .trace, .debug: 2
    case .info: nil
    case .notice: 36
    case .warning: 33
    case .error, .critical: 31
    }
  }
}
