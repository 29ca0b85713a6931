import Analysers
import ArgumentParser

/// Lists what can be done about cameras' pictures.
struct AnalysersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analysers",
    abstract:
      "Lists what can be done about cameras' pictures: keys, ranges, defaults, what is sent and counted, models.",
    discussion: "Each is a key of a camera: on for all defaults, off, or a group of its keys.")

  func run() {
    for line in AnalyserReference.lines { print(line) }
  }
}
