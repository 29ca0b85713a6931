import ArgumentParser
import DaemonCommand

@main
struct Vedetted {
  static func main() { DaemonCommand.main() }
}
