import Analysers
import Analysis
import Settings

extension Assembly {
  /// The topics that records go to.
  var writtenTopics: [String] {
    var used: Set<Topic> = [.frames, .events]
    for kind in Analysers.all
    where cameras.contains(where: { $0.plan.analysers[kind.name] != nil }) {
      used.formUnion(kind.outputs.map { Topic(rawValue: $0.topic) })
    }
    var names = topics.filter { used.contains($0.key) }
    if let control {
      names[.results] = control.results
      names[.metrics] = names[.metrics] ?? control.metrics
    }
    return Topic.all(Analysers.keys).compactMap { names[$0] }
  }
}
