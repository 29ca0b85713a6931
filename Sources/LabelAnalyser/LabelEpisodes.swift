import Inference

/// Which classes are there, by several pictures: one that is seen once may be a mistake, and one that is missed once may still
/// be there.
struct LabelEpisodes {
  struct Change: Equatable {
    var appeared: [String] = []
    var disappeared: [String] = []

    var isEmpty: Bool { appeared.isEmpty && disappeared.isEmpty }
  }

  private struct State {
    /// Looks in a row that speak for a change.
    var count = 0
    var isThere = false
  }

  private var states: [String: State] = [:]

  /// - Parameters:
  ///   - seen: names of classes that this picture shows.
  ///   - hold: how many pictures in a row must say so before a class appears or disappears.
  mutating func note(_ seen: Set<String>, hold: Int) -> Change {
    var change = Change()
    for name in seen.union(states.keys).sorted() {
      var state = states[name] ?? State()
      state.count = seen.contains(name) == state.isThere ? 0 : state.count + 1
      if state.count >= hold {
        state.isThere.toggle()
        state.count = 0
        if state.isThere { change.appeared.append(name) } else { change.disappeared.append(name) }
      }
      states[name] = state.isThere || state.count > 0 ? state : nil
    }
    return change
  }

  /// All that are there, in the order of the alphabet.
  var present: [String] { states.filter(\.value.isThere).map(\.key).sorted() }
}
