import Glibc

/// Who has a device open, from /proc.
enum Holders {
  /// ` by ffmpeg (pid 812)`, or nothing where it cannot be seen.
  static func sentence(of path: String) -> String {
    let holders = find(path).map { "\($0.name) (pid \($0.pid))" }
    return holders.isEmpty ? " by another program" : " by \(holders.joined(separator: ", "))"
  }

  static func find(_ path: String) -> [(pid: Int, name: String)] {
    let device = Files.realPath(path) ?? path
    var found: [(Int, String)] = []
    for entry in Files.names(in: "/proc") {
      guard let pid = Int(entry), pid != Int(getpid()) else { continue }
      let folder = "/proc/\(pid)/fd"
      let isHolder = Files.names(in: folder).contains { Files.link("\(folder)/\($0)") == device }
      guard isHolder else { continue }
      let name = Files.text("/proc/\(pid)/comm") ?? "?"
      found.append((pid, name))
    }
    return found
  }
}
