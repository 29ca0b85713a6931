import Capture
import Delivery
import Frames
import Imaging
import Logging
import Meters
import Settings
import Synchronization
import Threads

/// The cameras of the configuration, each of which can be replaced while the others go on. It is called by one thread
/// at a time, but for what reads pictures.
final class CameraSet: Service {
  private struct Part {
    var assembly: CameraAssembly
    var camera: Camera
    var pipeline: Pipeline
    var isRunning = false
    /// Whether the last change of it failed half way.
    var isUnsettled = false
  }

  /// How a camera's pipeline is made.
  typealias Make = @Sendable (CameraAssembly, String?) throws(AgentError) -> Pipeline

  private let parts: Mutex<[Part]>
  private let make: Make
  private let logger: Logger
  private let progress = Mutex(ProgressBook())

  /// - Parameter topic: where frames go; nil where they are switched off.
  init(
    _ cameras: [CameraAssembly], topic: String?, logger: Logger, make: @escaping Make
  ) throws(AgentError) {
    self.make = make
    self.logger = logger
    var parts: [Part] = []
    for camera in cameras {
      parts.append(Self.part(camera, try make(camera, topic), logger))
    }
    self.parts = Mutex(parts)
  }

  private static func part(_ assembly: CameraAssembly, _ pipeline: Pipeline, _ logger: Logger)
    -> Part
  {
    let camera = Camera(
      name: assembly.name, source: assembly.source, sink: pipeline, meters: pipeline.meters,
      logger: logger)
    return Part(assembly: assembly, camera: camera, pipeline: pipeline)
  }

  let name = "cameras"
  let patience = StopPatience.share(0.3)

  func start() throws(AgentError) {
    do throws(AgentError) {
      for index in parts.withLock({ $0.indices }) { try start(index) }
    } catch {
      stop()
      throw error
    }
  }

  func stop(seconds: Double) { stop() }

  private func start(_ index: Int) throws(AgentError) {
    let part = parts.withLock { $0[index] }
    guard part.assembly.isEnabled, part.assembly.hold == nil else {
      let hold = part.assembly.isEnabled ? part.assembly.hold : nil
      part.pipeline.meters.update { meters in
        meters.state = .stopped
        meters.detail = hold
      }
      return
    }
    do {
      try part.camera.start()
    } catch {
      throw AgentError("\(error)", .temporary)
    }
    parts.withLock { $0[index].isRunning = true }
  }

  /// Ends all cameras; their pipelines stay to be read.
  func stop() {
    let running = parts.withLock { $0.filter(\.isRunning).map(\.camera) }
    for camera in running { camera.stop() }
    for camera in running { camera.join() }
  }

  /// Makes the cameras what they are to be, all but what is done with their pictures.
  /// - Parameter running: what the agent is by now.
  /// - Throws: the first of what could not be done, after all else was: one camera's fault leaves no other unmasked.
  func adopt(_ new: Assembly, into running: inout Assembly) throws(AgentError) {
    var failure: AgentError?
    let topic = new.topics[.frames]
    let isMoved = topic != running.topics[.frames]
    for camera in new.cameras {
      guard let index = running.cameras.firstIndex(where: { $0.name == camera.name }) else {
        continue
      }
      let before = running.cameras[index]
      let changed = camera.with(before.plan)
      guard isMoved || changed != before || isUnsettled(camera.name) else { continue }
      do throws(AgentError) {
        try replace(camera, topic: topic)
        running.cameras[index] = changed
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    running.topics[.frames] = topic
  }

  /// Makes a camera what it is to be. Where that cannot be done it goes on as it was, unless it was told to stop,
  /// to be masked otherwise or to show something else: then it stands still.
  func replace(_ assembly: CameraAssembly, topic: String?) throws(AgentError) {
    guard
      let index = parts.withLock({ parts in
        parts.firstIndex { $0.assembly.name == assembly.name }
      })
    else { return }
    let old = parts.withLock { $0[index] }
    do throws(AgentError) {
      let new = Self.part(assembly, try make(assembly, topic), logger)
      halt(index)
      parts.withLock { parts in
        parts[index] = new
        parts[index].isUnsettled = true
      }
      try start(index)
    } catch {
      parts.withLock { $0[index].isUnsettled = true }
      if !assembly.isAsPrivate(as: old.assembly) { halt(index) }
      if !parts.withLock({ $0[index].isRunning }) {
        old.pipeline.meters.update { meters in
          meters.state = .failed
          meters.detail = "it is stopped, for it cannot be made what it was told to be: \(error)"
        }
      }
      throw error
    }
    parts.withLock { $0[index].isUnsettled = false }
  }

  private func halt(_ index: Int) {
    let part = parts.withLock { $0[index] }
    guard part.isRunning else { return }
    part.camera.stop()
    part.camera.join()
    parts.withLock { $0[index].isRunning = false }
  }

  var health: ServiceHealth { health(now: Double(Clock.monotonic) / 1e9) }

  /// Stuck where a camera's thread hangs: it says that it streams, but counts nothing.
  /// - Parameter now: in seconds, on a clock that only goes on.
  func health(now: Double) -> ServiceHealth {
    let seen = parts.withLock { parts in
      parts.map { ($0.pipeline.meters, $0.assembly.source.timeout) }
    }
    let stuck = progress.withLock { progress in
      seen.filter { !progress.isMoving($0, timeout: $1, now: now) }.map(\.0.name)
    }
    return stuck.isEmpty ? .well : .stuck(stuck.joined(separator: ", "))
  }

  /// Whether the camera is not what it was last told to be.
  func isUnsettled(_ name: String) -> Bool {
    parts.withLock { $0.contains { $0.assembly.name == name && $0.isUnsettled } }
  }

  /// The last JPEG of a camera.
  func latestPicture(of camera: String) -> PooledBytes? {
    let pipeline = parts.withLock { parts in
      parts.first { $0.assembly.name == camera }?.pipeline
    }
    return pipeline?.latestPicture
  }
}

extension CameraAssembly {
  /// Whether pictures by `other` show nothing that these settings keep back.
  fileprivate func isAsPrivate(as other: CameraAssembly) -> Bool {
    isEnabled && hold == nil && picture.masks == other.picture.masks && source == other.source
  }
}
