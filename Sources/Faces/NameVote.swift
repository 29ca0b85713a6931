/// Whose face a track is, by what its pictures were taken for: each is a vote that weighs as much as the face is
/// large, for a name or for nobody that is known.
package struct NameVote: Equatable, Sendable {
  /// Weights by name; nil is Unknown.
  private var weights: [String?: Double] = [:]
  /// The last votes' share falls by this with each new one, so that a track that was handed from one person to
  /// another comes round.
  private static let memory = 0.95

  package init() {}

  package mutating func add(_ name: String?, weight: Double) {
    for key in weights.keys { weights[key, default: 0] *= Self.memory }
    weights[name, default: 0] += max(0, weight)
  }

  /// The name with the most weight, and its part of all; nil before any vote. Unknown wins a draw, then
  /// the name that comes first in the alphabet.
  package var winner: (name: String?, share: Double)? {
    let total = weights.values.reduce(0, +)
    guard total > 0 else { return nil }
    let ordered = weights.sorted { ($0.key ?? "") < ($1.key ?? "") }
    var best = ordered[0]
    for candidate in ordered where candidate.value > best.value { best = candidate }
    return (best.key, best.value / total)
  }
}
