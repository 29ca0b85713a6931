package import Documents
import Terminal

/// A node's heartbeat, as it comes over the topic `metrics`: whoever may write there may have written it, with any
/// numbers.
package struct Heartbeat {
  package let node: String
  package let time: Timestamp
  package let value: JSON

  /// Nil where it is none.
  package init?(_ bytes: [UInt8]) {
    guard let value = try? JSONReader.read(bytes),
      value["type"]?.text == RecordType.heartbeat.rawValue,
      let node = value["node"]?.text, let time = value["time"]?.text.flatMap({ Timestamp($0) })
    else { return nil }
    self.node = node
    self.time = time
    self.value = value
  }

  /// Of two at the same time the later in the log.
  package func isNewer(than other: Heartbeat?) -> Bool {
    other.map { time >= $0.time } ?? true
  }

  package var cameraCount: Int { cameras.count }

  /// Cameras that give frames.
  package var streaming: Int { cameras.values.count { $0["state"]?.text == "streaming" } }

  /// Frames a second of all cameras.
  package var rate: Double { cameras.values.reduce(0) { $0 + ($1["fps"]?.number ?? 0) } }

  /// Frames in the spool, of all cameras. Each may say 2⁵³: as many cameras as there can be would overflow.
  package var spooled: Int {
    cameras.values.reduce(0) { sum, camera in
      let (more, isOver) = sum.addingReportingOverflow(max(0, camera["spooled"]?.integer ?? 0))
      return isOver ? .max : more
    }
  }

  private var cameras: [String: JSON] { value["cameras"]?.members ?? [:] }

  /// A row of `vedette control fleet`.
  package func line(now: Timestamp) -> String {
    let age = (now.microseconds - time.microseconds) / 1_000_000
    let hash = value["gallery"]?["hash"]?.text?.prefix(12).terminalField ?? "-"
    let marks =
      (value["frozen"] == true ? " frozen" : "") + (value["outage"] == true ? " outage" : "")
    let fps = (rate * 10).rounded() / 10
    return
      "\(node.terminalField)\t\(age) s ago\(marks)\t\(streaming)/\(cameraCount)\t\(fps)\t\(spooled)\t\(value["version"]?.text?.terminalField ?? "-")\t\(hash)"
  }
}
