import Documents
import Terminal

/// A node's answer, as it comes over the topic `results`: whoever may write there may have written it.
package struct Answer {
  package var node: String
  package var result: ControlResult

  /// Nil where it is none.
  package init?(_ bytes: [UInt8]) {
    guard let value = try? JSONReader.read(bytes), let node = value["node"]?.text,
      let members = value.members
    else { return nil }
    self.node = node
    let own = ["number", "id", "command", "issuer", "state", "reason", "detail", "facts", "time"]
    guard
      let result = try? ControlResult(.object(members.filter { own.contains($0.key) }))
    else { return nil }
    self.result = result
  }

  package var line: String {
    var facts = result.facts
    // A picture is nothing for a terminal.
    if let jpeg = facts["jpeg"]?.text {
      facts["jpeg"] = .string("\(jpeg.utf8.count / 4 * 3) bytes")
    }
    let more = result.detail ?? (facts.isEmpty ? "" : JSON.object(facts).canonicalText)
    let reason = result.reason.map { " \($0)" } ?? ""
    return [node, result.type ?? "-", result.state.rawValue + reason, more].map(\.terminalField)
      .joined(separator: "\t")
  }
}
