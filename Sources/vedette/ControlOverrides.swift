import Agent
import ArgumentParser
import Control
import Documents
import Gallery
import Threads

/// For root on the box, where the topic cannot help.
struct ControlOverrides: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overrides",
    abstract: "Shows what commands changed on this box for good, or takes it back.",
    discussion: """
      On the box itself, for those who may write its state folder. Stop the agent before --reset, and start it again
      afterwards: systemctl stop vedetted. Masks and stops that were set over the topic are then gone; keys that were
      revoked stay revoked as far as that is still known.

      Example: vedette control overrides
      """)

  @Option(help: "The agent's state folder.")
  var folder = "/var/lib/vedette"
  @Flag(help: "Take back all that commands changed of the configuration.")
  var reset = false
  @Option(help: "With --reset: only what is about this camera.")
  var camera: String?

  func validate() throws {
    guard camera == nil || reset else { throw ValidationError("--camera goes with --reset") }
  }

  func run() throws {
    let store = OverrideStore(folder: folder)
    let found = store.read()
    if reset { return try takeBack(store, found) }
    switch found {
    case .none: print("\(folder): no command has changed anything")
    case .unreadable(let reason): throw ControlGroup.fail(reason)
    case .copy(let copy, let trouble):
      print(copy.overrides.overlay.canonicalText)
      for key in copy.overrides.keys.keys.sorted() { print("trusted: \(key)") }
      for key in copy.overrides.revoked.sorted() { print("revoked: \(key)") }
      if let trouble { throw ControlGroup.fail("one of the two copies is damaged: \(trouble)") }
    }
  }

  private func takeBack(_ store: OverrideStore, _ found: OverrideStore.Found) throws {
    var overrides = Overrides()
    // Above whatever the gallery's file may say.
    var generation = Int(Clock.wall / 1_000_000)
    if case .copy(let copy, _) = found {
      overrides = copy.overrides
      if let camera, copy.overrides.overlay["cameras"]?[camera] == nil {
        throw ControlGroup.fail("no command has changed a camera \(camera)", ExitStatus.noInput)
      }
      overrides.overlay = copy.overrides.overlay.without(camera: camera)
      generation = copy.generation + 1
    } else if let camera {
      throw ControlGroup.fail(
        "\(folder): what was commanded of \(camera) alone cannot be told; only all of it can be taken back"
      )
    } else {
      ConfigurationCheck.tell(
        "which keys were revoked over the topic is not known any more: see that none of them is in keys.d"
      )
    }
    do throws(GalleryError) {
      try store.write(OverridesCopy(generation: generation, overrides: overrides))
    } catch {
      throw ControlGroup.fail(error.description, ExitStatus.cannotCreate)
    }
    let what = overrides.overlay == [:] ? "nothing" : "of \(camera ?? "") nothing"
    print("\(folder): \(what) lies over the configuration any more")
  }
}
