import Analysers
import Analysis
import Settings
import Synchronization
import Threads

/// What looks at pictures, as a service. Its threads begin with the first camera that is to be looked at, and the gallery is
/// opened when the first face is to be named: a box that does neither takes nothing for it, and may be told to at any time.
final class LookingService: Service {
  private struct State {
    /// Cameras that are looked at, or have been.
    var looked: Set<String> = []
    var isNaming = false
  }

  let onlooker: Onlooker
  private let first: Assembly
  /// Whether it begins at once: commands put people into the gallery.
  private let isCommanded: Bool
  private let writers: @Sendable ([Topic: String]) -> [AnalysisWriter]
  private let state = Mutex(State())

  /// - Parameters:
  ///   - first: what the agent is at the start.
  ///   - writers: makes what sends what is seen to these topics, one for each camera that is looked at.
  init(
    _ onlooker: Onlooker, _ first: Assembly, isCommanded: Bool,
    writers: @escaping @Sendable ([Topic: String]) -> [AnalysisWriter]
  ) {
    self.onlooker = onlooker
    self.first = first
    self.isCommanded = isCommanded
    self.writers = writers
  }

  let name = "analysis"
  let patience = StopPatience.share(0.2)

  /// Whether any camera is looked at, or has been.
  var isLooking: Bool { state.withLock { !$0.looked.isEmpty } }

  /// Whether a camera is looked at, or has been.
  func looks(at camera: String) -> Bool { state.withLock { $0.looked.contains(camera) } }

  func start() throws(AgentError) {
    do throws(AgentError) {
      try wake(first)
    } catch {
      onlooker.stop()
      throw error
    }
  }

  func adopt(_ new: Assembly, into running: inout Assembly) throws(AgentError) {
    var next = new
    next.cameras = running.cameras.compactMap { new[camera: $0.name] }
    try wake(next)
    for (index, camera) in running.cameras.enumerated() {
      guard let plan = next[camera: camera.name]?.plan, plan != camera.plan,
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

  /// Begins what these cameras need, unless it has begun.
  private func wake(_ assembly: Assembly) throws(AgentError) {
    let looked = assembly.cameras.filter { isCommanded || !$0.plan.isIdle }.map(\.name)
      .filter(onlooker.looks)
    guard !looked.isEmpty || isLooking else { return }
    let isNaming =
      isCommanded
      || assembly.cameras.contains { camera in
        Analysers.all.contains { $0.usesGallery(camera.plan.analysers) }
      }
    do {
      if !isLooking { try onlooker.start(writers(assembly.topics)) }
      state.withLock { $0.looked.formUnion(looked) }
      guard isNaming, !state.withLock({ $0.isNaming }) else { return }
      try onlooker.startNaming()
      state.withLock { $0.isNaming = true }
    } catch {
      throw AgentError("\(error)", .temporary)
    }
  }

  func stop(seconds: Double) { onlooker.stop() }

  func hurry() { onlooker.hurry() }
}
