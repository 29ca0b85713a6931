import Crypto
package import Documents

/// Which nodes a command is for: exactly one of nodes, labels or all, and of these perhaps only a share.
package struct Target: Equatable, Sendable {
  package enum Choice: Equatable, Sendable {
    case nodes([String])
    /// Nodes that have all of these.
    case labels([String: String])
    case all
  }

  package static let nodesMax = 10_000

  package var choice: Choice
  /// Above 0, up to 100.
  package var percent: Double?

  package init(_ choice: Choice, percent: Double? = nil) {
    self.choice = choice
    self.percent = percent
  }

  init(_ value: JSON?) throws(Rejection) {
    var fields = try Fields(value, "target", .malformed)
    let nodes = try fields.texts("nodes", countMax: Self.nodesMax, bytesMax: 63)
    let labels = try fields.labels("labels")
    let isAll = try fields.flag("all")
    percent = try fields.optionalNumber("percent", 0...100)
    try fields.finish()
    switch (nodes.isEmpty, labels.isEmpty, isAll) {
    case (false, true, false): choice = .nodes(nodes)
    case (true, false, false): choice = .labels(labels)
    case (true, true, true): choice = .all
    default:
      throw Rejection(.malformed, "target: give one of nodes, labels and all, and nothing empty")
    }
    if percent == 0 { throw fields.failure("percent", "it is above 0") }
  }

  package var json: JSON {
    var members: [String: JSON] =
      switch choice {
      case .nodes(let nodes): ["nodes": .array(nodes.map { .string($0) })]
      case .labels(let labels): ["labels": .object(labels.mapValues { .string($0) })]
      case .all: ["all": true]
      }
    if let percent { members["percent"] = .number(percent) }
    return .object(members)
  }

  /// - Parameter id: of the command, so that each rollout begins with other nodes.
  package func includes(node: String, labels: [String: String], id: String) -> Bool {
    let isChosen =
      switch choice {
      case .nodes(let nodes): nodes.contains(node)
      case .labels(let wanted): wanted.allSatisfy { labels[$0.key] == $0.value }
      case .all: true
      }
    guard isChosen, let percent else { return isChosen }
    return Self.place(node: node, id: id) < percent
  }

  /// Where a node stands in a command's rollout, from 0 to less than 100: the same on every box, and at every
  /// percentage, so that 20 % includes the 5 % of before.
  package static func place(node: String, id: String) -> Double {
    let sum = SHA256.hash(data: Array("\(id)\n\(node)".utf8))
    let number = sum.prefix(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Double(number) / Double(1 << 48) * 100
  }
}
