import Agent
package import ArgumentParser
import CPosix
import Journal
import Logging
import Settings
import Terminal

/// The daemon: cameras to Kafka until it is told to stop.
package struct DaemonCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "vedetted",
    abstract: "Captures from V4L2 cameras, compresses to JPEG and sends to Kafka.",
    discussion: """
      SIGTERM ends it within delivery.shutdown_budget; SIGHUP reads the configuration again; SIGUSR1 logs the ledger
      of each camera. It exits with 78 where the configuration is wrong, with 75 where what failed may pass.

      Example: vedetted --config /etc/vedette/vedette.yaml --check
      """,
    version: Version.text)

  @Option(help: "The configuration; conf.d beside it is read too.")
  var config = SettingsLoader.defaultPath

  @Flag(help: "Check the configuration and exit: 0 where it is right, 78 where it is not.")
  var check = false

  package init() {}

  package func run() throws {
    let settings: Settings
    do throws(ConfigurationCheck.Failure) {
      settings = try check ? ConfigurationCheck.check(config) : ConfigurationCheck.load(config)
    } catch {
      throw ExitCode(error.exitStatus)
    }
    guard !check else {
      let cameras = settings.cameras.map(\.name).joined(separator: ", ")
      print("\(config): right, cameras: \(cameras)".terminalSafe)
      return
    }
    vp_bound_heap()
    let style = JournalHandler.detectStyle()
    let level = Assembly(settings).log
    let logger = Logger(label: "vedetted") { _ in JournalHandler(level: level, style: style) }
    do {
      try Daemon.run(settings, configuration: config, logger: logger)
    } catch {
      let isFinal = error.kind == .configuration
      logger.error("\(error)\(isFinal ? "" : "; the service manager is to start it again")")
      throw ExitCode(isFinal ? ExitStatus.configuration : ExitStatus.temporary)
    }
  }
}
