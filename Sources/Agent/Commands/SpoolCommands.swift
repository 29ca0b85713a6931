import Control
import Delivery
import Spool

/// Commands about what waits on the disk.
enum SpoolCommands {
  /// The classes that can be given up: results, and what must not be lost, are not among them.
  private static let discardable = ["frames", "copies", "metrics", "faces", "events"]

  static let all: [Command<Delivery>] = [
    Command(.spoolDrain, .spool) { _ in
      .work { delivery, _ in
        delivery.drain()
        return [:]
      }
    },
    // What is spooled afterwards is not what was spooled then.
    Command(.spoolDiscard, .spool, isRepeatable: false) { fields throws(Rejection) in
      let name = try fields.word("class")
      guard discardable.contains(name),
        let spoolClass = SpoolClass.allCases.first(where: { $0.name == name })
      else {
        throw fields.failure("class", "expected frames, copies, metrics, faces or events")
      }
      return .work { (delivery, _) throws(CommandFailure) in
        guard delivery.discard(spoolClass) else {
          throw CommandFailure("there is no spool on this node")
        }
        return [:]
      }
    },
  ]
}
