import ArgumentParser
import DaemonCommand
import Paths
import Paths

@main
struct Vedetted {
  static func main() { DaemonCommand.main(CommandLine.words) }
}
