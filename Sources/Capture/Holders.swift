import Glibc
import Paths

/// Who has a device open, from /proc.
enum Holders {
  /// ` by ffmpeg (pid 812)`, or what can be said where it cannot be seen.
  static func sentence(of path: String) -> String {
    let holders = find(path).map { "\($0.name) (pid \($0.pid))" }
    if !holders.isEmpty { return " by \(holders.joined(separator: ", "))" }
    // One descriptor is that of the camera which asks.
    if count(in: Int(getpid()), Files.realPath(path) ?? path) > 1 {
      return " by another camera of this configuration"
    }
    return " by another program" + (geteuid() == 0 ? "" : ", which only root can see")
  }

  static func find(_ path: String) -> [(pid: Int, name: String)] {
    let device = Files.realPath(path) ?? path
    var found: [(Int, String)] = []
    for entry in Files.names(in: "/proc") {
      guard let pid = Int(entry), pid != Int(getpid()) else { continue }
      guard count(in: pid, device) > 0 else { continue }
      let name = WholeFile.firstLine(of: "/proc/\(pid)/comm") ?? "?"
      found.append((pid, name))
    }
    return found
  }

  /// How many descriptors of a process are open on a file.
  private static func count(in pid: Int, _ path: String) -> Int {
    let folder = "/proc/\(pid)/fd"
    return Files.names(in: folder).count { Files.link("\(folder)/\($0)") == path }
  }
}
