import Agent
import ArgumentParser
import Settings

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a configuration: 0 where it is right, 78 where it is not.",
    discussion: "Example: vedette check /etc/vedette/vedette.yaml")

  @Argument(help: "The configuration; conf.d beside it is read too.")
  var file = SettingsLoader.defaultPath

  func run() throws {
    let settings: Settings
    do throws(ConfigurationCheck.Failure) {
      settings = try ConfigurationCheck.check(file)
    } catch {
      throw ExitCode(error.exitStatus)
    }
    print("\(file): right, cameras: \(settings.cameras.map(\.name).joined(separator: ", "))")
  }
}
