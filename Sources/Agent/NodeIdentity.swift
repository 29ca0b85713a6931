import Paths
import Threads

/// Who sends: the node's name, and the number of this run.
package struct NodeIdentity: Sendable {
  package let node: String
  /// The kernel's boot id, shortened, and when this process began within that boot: record numbers
  /// restart with each run, and the pair of both must be unique.
  package let boot: String

  package init(node: String) {
    self.node = node
    let bootID = Self.bootID() ?? String(Clock.wall / 1_000_000, radix: 16)
    boot = "\(bootID.filter { $0 != "-" }.prefix(12)).\(Clock.monotonic / 1_000_000)"
  }

  private static func bootID() -> String? {
    let line = WholeFile.firstLine(of: "/proc/sys/kernel/random/boot_id")
    return line.flatMap { $0.utf8.count == 36 ? $0 : nil }
  }
}
