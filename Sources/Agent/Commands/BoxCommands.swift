import Control
import Documents
import Frames

/// Commands that ask for something, or have the agent look at its files.
enum BoxCommands {
  /// Larger JPEGs do not go into a result.
  private static let snapshotBytesMax = 600_000

  static let all: [Command<AgentTarget>] = [
    Command(.ping, .node) { _ in .work { _, _ in ["version": .string(Version.text)] } },
    Command(.status, .node) { _ in .work { box, _ in box.heartbeat(isFrozen: nil) } },
    Command(.snapshot, .camera) { fields throws(Rejection) in
      let camera = try fields.word("camera")
      return .work { (box, _) throws(CommandFailure) in try snapshot(camera, box) }
    },
    Command(.configReload, .node) { _ in
      .work { (box, _) throws(CommandFailure) in try box.reload() }
    },
  ]

  private static func snapshot(
    _ camera: String, _ box: AgentTarget
  ) throws(CommandFailure) -> [String: JSON] {
    let bytes = try box.picture(camera).withSpan { span in
      unsafe span.withUnsafeBytes { unsafe Array($0) }
    }
    guard bytes.count <= snapshotBytesMax else {
      throw CommandFailure(
        "the picture has \(bytes.count) bytes, more than the \(snapshotBytesMax) of a result")
    }
    return ["camera": .string(camera), "jpeg": .string(Base64.encoded(bytes))]
  }
}
