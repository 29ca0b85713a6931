import ArgumentParser

/// The operator's tool.
@main
struct Vedette: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vedette",
    abstract: "Tries, checks and looks at the camera agent.",
    discussion: "Example: vedette demo --seconds 10",
    subcommands: [
      Demo.self, Check.self, Cameras.self, FacesCommand.self, ColoursCommand.self,
      GalleryCommand.self, SpoolCommand.self, ControlGroup.self,
    ])
}
