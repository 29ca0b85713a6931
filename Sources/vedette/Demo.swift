import Agent
import Analysers
import ArgumentParser
import Documents
import Frames
import Glibc
import Journal
import Kafka
import Logging
import Meters
import Paths
import Settings
import Threads

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the agent for a while and shows frames captured, sent and acknowledged.",
    discussion: """
      Without --broker it starts a broker of its own on this machine, and without --camera it replays \
      photographs at 1280x720.

      Example: vedette demo --seconds 10 --broker kafka-1:9092 --camera /dev/video0
      """)

  @Option(help: "A Kafka broker, host:port; without it one is started here.")
  var broker: String?

  @Option(help: "A camera: a node, a link under /dev/v4l, a card name or serial.")
  var camera: String?

  @Option(help: "A folder of JPEGs or an MJPEG file to replay.")
  var photographs: String?

  @Option(help: "How long it runs.")
  var seconds = 20.0

  @Option(help: "Frames per second.")
  var rate = 30.0

  @Option(help: "The published size, width x height.")
  var size = "1280x720"

  @Option(help: "Where the last frame is saved.")
  var save = "vedette-demo.jpg"

  @Flag(help: "One final JSON object on standard output instead of the live view.")
  var json = false

  func validate() throws {
    guard (0.5...86_400).contains(seconds) else {
      throw ValidationError("--seconds takes 0.5 to 86400")
    }
    guard (0.1...1000).contains(rate) else { throw ValidationError("--rate takes 0.1 to 1000") }
  }

  func run() throws {
    let signals = Signals()
    let cluster = broker == nil ? try MockCluster(brokers: 1, partitions: 4) : nil
    let address = broker ?? cluster?.bootstrapServers ?? ""
    let scene = try camera == nil && photographs == nil ? TestScene() : nil
    let settings = try settings(address, replay: photographs ?? scene?.folder)
    let isTerminal = isatty(STDOUT_FILENO) == 1 && !json
    let style = JournalHandler.detectStyle()
    let logger = Logger(label: "demo") { _ in
      JournalHandler(level: isTerminal ? .warning : .notice, style: style)
    }
    let agent: Agent
    do {
      agent = try Agent(settings, logger: logger)
      try agent.start()
    } catch {
      ConfigurationCheck.tell("vedette demo: \(error)")
      throw ExitCode(ExitStatus.unavailable)
    }
    let view = DemoView(
      agent: agent, broker: address, isEmbedded: cluster != nil, isTerminal: isTerminal,
      isQuiet: json)
    view.begin(camera ?? photographs ?? "a drawn test scene")
    let began = Clock.monotonic
    while Double(Clock.monotonic - began) / 1e9 < seconds, !agent.isOver {
      if signals.wait(seconds: 0.2) != nil { break }
      view.draw(elapsed: Double(Clock.monotonic - began) / 1e9)
    }
    let elapsed = Double(Clock.monotonic - began) / 1e9
    view.last()
    agent.stop()
    let saved = try savePicture(agent)
    view.end(elapsed: elapsed, saved: saved)
    if json { print(view.json(elapsed: elapsed).line) }
    let isSound = agent.meters.allSatisfy { meters in
      let counts = meters.ledger.snapshot
      return counts.isBalanced && counts.delivered > 0
    }
    if !isSound { throw ExitCode(ExitStatus.unavailable) }
    withExtendedLifetime((cluster, scene)) {}
  }

  /// The configuration, checked like any other.
  private func settings(_ address: String, replay: String?) throws -> Settings {
    func quoted(_ text: String) -> String {
      "'" + text.replacing("'", with: "''") + "'"
    }
    let source =
      camera.map { "device: \(quoted($0)), size: \(size), rate: \(rate)" }
      ?? "replay: {path: /, rate: \(rate)}, scale: \(size), fit: cover"
    let text = """
      node: demo
      kafka: {brokers: \(quoted(address))}
      cameras: {camera: {\(source)}}
      """
    do {
      var settings = try SettingsLoader.parse(
        Array(text.utf8), file: "vedette demo", analysers: Analysers.keys
      ).settings
      // A file's name may hold what YAML cannot.
      if case .replay(var source) = settings.cameras[0].source {
        source.path = Self.absolute(replay ?? "")
        settings.cameras[0].source = .replay(source)
      }
      return settings
    } catch {
      ConfigurationCheck.tell(error.description)
      throw ExitCode(ExitStatus.configuration)
    }
  }

  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(folder) }
    return unsafe "\(String(pathPointer: folder))/\(path)"
  }

  /// - Returns: the file's name, or nil where there is no picture.
  private func savePicture(_ agent: Agent) throws -> String? {
    guard let picture = agent.latestPicture(of: "camera") else { return nil }
    guard let file = unsafe fopen(save.pathBytes, "we") else {
      ConfigurationCheck.tell(
        "vedette demo: \(save) cannot be written: \(FileFault.last); give --save FILE elsewhere"
      )
      return nil
    }
    let written = picture.withSpan {
      unsafe $0.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
    }
    guard unsafe fclose(file) == 0, written == picture.count else {
      ConfigurationCheck.tell("vedette demo: \(save) was not written whole; is the disk full?")
      return nil
    }
    return save
  }
}
