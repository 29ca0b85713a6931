import Analysers
import Settings

extension Assembly {
  /// Which parts of the configuration say otherwise here than there: what is not in force of this while that runs.
  func differences(from other: Assembly) -> [String] {
    let isSame: [(key: String, isSame: Bool)] = [
      ("node", node == other.node), ("log", log == other.log),
      ("kafka", connection == other.connection),
      ("delivery", delivery == other.delivery && shutdownBudget == other.shutdownBudget),
      ("spool", spool == other.spool), ("analysis", analysis == other.analysis),
      ("control", control?.withoutTopics == other.control?.withoutTopics),
      ("status", status == other.status),
      ("cameras", cameras.map(\.name) == other.cameras.map(\.name)),
    ]
    let renamed = Topic.all(Analysers.keys).filter { topic in
      topics[topic] != other.topics[topic] || isRenamed(topic, other)
    }
    let changed = cameras.filter { camera in
      other[camera: camera.name].map { $0 != camera } ?? false
    }
    return isSame.filter { !$0.isSame }.map(\.key)
      + renamed.map { "kafka.topics.\($0.rawValue)" } + changed.map { "cameras.\($0.name)" }
  }

  /// Whether commands or what answers them go elsewhere.
  private func isRenamed(_ topic: Topic, _ other: Assembly) -> Bool {
    guard let control, let before = other.control else { return false }
    return control.name(of: topic) != before.name(of: topic)
  }
}

extension ControlAssembly {
  fileprivate func name(of topic: Topic) -> String? {
    switch topic {
    case .control: self.topic
    case .results: results
    case .metrics: metrics
    default: nil
    }
  }

  fileprivate var withoutTopics: ControlAssembly {
    var control = self
    (control.topic, control.results, control.metrics) = ("", nil, nil)
    return control
  }
}
