import ArgumentParser
import Control
import DaemonCommand
import Paths

@main
struct Vedetted {
  static func main() {
    let words = CommandLine.words
    ReaderChild.runIfAsked(words)
    DaemonCommand.main(words)
  }
}
