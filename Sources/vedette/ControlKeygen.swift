import Agent
import ArgumentParser
import Control
import Documents
import Glibc
import Paths

struct ControlKeygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract:
      "Makes a key to sign commands with: NAME.key, to be kept, and NAME.pub, for boxes' keys.d.",
    discussion: """
      A root key puts and revokes keys, and gives other commands only where --command says so.

      Example: vedette control keygen ops --command 'gallery.*' --command ping --label site=hanoi
      Example: vedette control keygen root --root
      """)

  @Argument(help: "What the files are called; the issuer's name unless --issuer says another.")
  var name: String
  @Option(help: "Whose key it is.")
  var issuer: String?
  @Flag(help: "A root key.")
  var root = false
  @Option(help: ArgumentHelp("A command that it may give, or gallery.*, or *.", valueName: "type"))
  var command: [String] = []
  @Option(help: ArgumentHelp("A label that boxes must have to obey it.", valueName: "name=value"))
  var label: [String] = []

  func run() throws {
    let key = SigningKey()
    let owner = issuer ?? name.split(separator: "/").last.map(String.init) ?? name
    let trusted: TrustedKey
    do {
      // By way of JSON, so that what boxes would refuse is refused here.
      trusted = try TrustedKey(
        TrustedKey(
          issuer: owner, bytes: key.publicBytes, isRoot: root,
          commands: command.isEmpty && !root ? ["*"] : command,
          labels: try TargetOptions.labels(label)
        ).json)
    } catch let error as Rejection {
      throw ValidationError(error.description)
    }
    let secret: JSON = [
      "issuer": .string(owner), "private": .string(Base64.encoded(key.bytes)),
    ]
    try write("\(name).key", secret, mode: 0o600)
    try write("\(name).pub", trusted.json, mode: 0o644)
    print("\(trusted.id) \(name).key \(name).pub")
  }

  private func write(_ path: String, _ value: JSON, mode: mode_t) throws {
    do throws(FileFault) {
      let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
      try file.write(value.canonical + [10])
    } catch {
      throw ControlGroup.fail("\(path) cannot be written: \(error)", ExitStatus.cannotCreate)
    }
  }
}
