import Analysers
import Analysis
import Settings
import Synchronization

/// What looks at pictures, as a service.
final class LookingService: Service {
  private let onlooker: Onlooker
  private let topics: [Topic: String]
  private let writers: @Sendable ([Topic: String]) -> [AnalysisWriter]

  /// - Parameters:
  ///   - topics: where what is seen goes at first.
  ///   - writers: makes what sends it there, one for each camera that is looked at.
  init(
    _ onlooker: Onlooker, _ topics: [Topic: String],
    writers: @escaping @Sendable ([Topic: String]) -> [AnalysisWriter]
  ) {
    self.onlooker = onlooker
    self.topics = topics
    self.writers = writers
  }

  let name = "analysis"
  let patience = StopPatience.share(0.2)

  func start() throws(AgentError) {
    do {
      try onlooker.start(writers(topics))
    } catch {
      onlooker.stop()
      throw AgentError("\(error)", .temporary)
    }
  }

  func adopt(_ new: Assembly, into running: inout Assembly) {
    for (index, camera) in running.cameras.enumerated() {
      guard let plan = new[camera: camera.name]?.plan, plan != camera.plan,
        onlooker.looks(at: camera.name)
      else { continue }
      onlooker.set(plan, camera: camera.name)
      running.cameras[index].plan = plan
    }
    onlooker.set(writers(new.topics))
    for topic in Analysers.outputs.map({ Topic(rawValue: $0.topic) })
    where topic != .events {
      running.topics[topic] = new.topics[topic]
    }
  }

  func stop(seconds: Double) { onlooker.stop() }

  func hurry() { onlooker.hurry() }
}
