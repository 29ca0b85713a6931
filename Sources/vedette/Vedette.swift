import Agent
import ArgumentParser
import Control
import DaemonCommand
import Paths

/// One program for both names: they share all that is large, and a package holds it once.
@main
struct Main {
  static func main() {
    let name = CommandLine.arguments.first?.split(separator: "/").last
    let words = CommandLine.words
    ReaderChild.runIfAsked(words)
    if name == "vedetted" { DaemonCommand.main(words) } else { Vedette.main(words) }
  }
}

/// The operator's tool.
struct Vedette: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vedette",
    abstract: "Tries, checks and looks at the camera agent.",
    discussion: "Example: vedette demo --seconds 10",
    version: Version.text,
    subcommands: [
      Demo.self, StatusCommand.self, SnapshotCommand.self, Check.self, Cameras.self,
      FacesCommand.self, LabelsCommand.self, ColoursCommand.self, AnalysersCommand.self,
      GalleryCommand.self, SpoolCommand.self, ControlGroup.self,
    ])
}
