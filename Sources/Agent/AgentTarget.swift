import Analysis
import Control
import Delivery
import Documents
import Faces
import Frames
import Gallery
import Imaging
import Keys
import Meters
import Settings
import Spool
import Synchronization
import Threads
import YAML

/// What commands do to the running agent.
final class AgentTarget: CommandTarget {
  // The agent owns what commands it.
  private unowned let agent: Agent
  private let gallery: GalleryHolder
  private let configuration: String
  private let photos: PhotoDesk

  init(_ agent: Agent, gallery: GalleryHolder, configuration: String) {
    self.agent = agent
    self.gallery = gallery
    self.configuration = configuration
    photos = PhotoDesk(models: agent.assembly.analysis.models)
  }

  // MARK: The configuration

  func check(overlay: JSON) throws(Rejection) {
    let made: OverlaidSettings?
    do throws(SettingsError) {
      made = try agent.reconfigurer.preview(overlay)
    } catch {
      throw Rejection(
        .badArgument, error.diagnostics.prefix(3).map(\.message).joined(separator: "; "))
    }
    guard let made, made.settings.control != nil else {
      throw Rejection(.badArgument, "the configuration's files switch the control off")
    }
    // What did not fit before need not fit now; what is new must.
    let standing = agent.reconfigurer.standing
    let before = standing.overrides.commanded
    let refused = made.unapplied.first { override in
      before.part(override.part) != overlay.part(override.part)
        || !standing.unapplied.contains {
          $0.part == override.part && $0.camera == override.camera
        }
    }
    if let refused { throw Rejection(.badArgument, refused.reason) }
  }

  func check(_ scope: CommandScope, camera: String?) throws(Rejection) {
    switch scope {
    case .node, .gallery, .keys: return
    case .spool:
      guard agent.assembly.spool != nil else {
        throw Rejection(.unavailable, "there is no spool on this node")
      }
    case .camera:
      let camera = camera ?? ""
      guard agent.assembly[camera: camera] != nil else {
        throw Rejection(.unavailable, "there is no camera \(camera) on this node")
      }
    }
  }

  func adopt(overlay: JSON) throws(CommandFailure) -> [String: JSON] {
    try facts { [agent] () throws(Reconfigurer.Failure) in
      let overrides = agent.reconfigurer.standing.overrides.with(overlay)
      return try agent.reconfigurer.apply(overrides, to: agent)
    }
  }

  /// What to tell of another configuration.
  private func facts(
    of change: () throws(Reconfigurer.Failure) -> [String]
  ) throws(CommandFailure) -> [String: JSON] {
    let waiting: [String]
    do throws(Reconfigurer.Failure) {
      waiting = try change()
    } catch {
      throw CommandFailure("\(error)")
    }
    var facts: [String: JSON] = ["configuration": .string(configurationHash)]
    if !waiting.isEmpty { facts["at_next_start"] = .array(waiting.map { .string($0) }) }
    let held = agent.reconfigurer.standing.unapplied
    if !held.isEmpty { facts["not_applied"] = .array(held.map { .string($0.sentence) }) }
    return facts
  }

  func sources(_ before: [String: [String]]) -> [String: [String]] {
    agent.reconfigurer.sources(before, running: agent.assembly)
  }

  /// Of the files and of what is laid over them.
  private var configurationHash: String {
    var bytes: [UInt8] = []
    let files = try? SettingsLoader.files(path: configuration)
    for file in files?.texts ?? [] { bytes += file.text + [0] }
    return Digest(of: bytes + agent.reconfigurer.standing.inForce.canonical).description
  }

  func hasPictures(camera: String, since: UInt64) -> Bool {
    guard agent.assembly[camera: camera]?.isEnabled == true else {
      // Stopped by a later command: nothing has failed.
      return true
    }
    let last = agent.meters.first { $0.name == camera }?.current.lastFrame
    // A frame came since then, and the camera's present pipeline has made a picture of at least one.
    return (last ?? 0) > since && agent.latestPicture(of: camera) != nil
  }

  // MARK: What commands act upon

  var delivery: Delivery { agent.delivery }

  func reload() throws(CommandFailure) -> [String: JSON] {
    try facts { [agent] () throws(Reconfigurer.Failure) in
      try agent.reconfigurer.reload(agent, reason: "config.reload")
    }
  }

  /// A camera's options of an analyser; nil where that is switched off.
  func options(of analyser: String, _ camera: String) -> AnyOptions? {
    agent.assembly[camera: camera]?.plan.analysers[analyser]
  }

  /// The last picture of a camera.
  func picture(_ camera: String) throws(CommandFailure) -> PooledBytes {
    guard let picture = agent.latestPicture(of: camera) else {
      throw CommandFailure("\(camera) has given no picture yet")
    }
    return picture
  }

  // MARK: Photographs

  var model: ModelName? { photos.model }

  var photoPixelsMax: Int { PictureBounds.commanded.pixelCountMax }

  func read(photo: [UInt8], pixels: inout Int) -> PhotoReading { photos.read(photo, &pixels) }

  func hurry() { photos.hurry() }

  // MARK: News

  func announce(_ type: RecordType, _ facts: [String: JSON]) {
    let event = agent.events.event(
      type, camera: "", run: agent.identity.boot, [("facts", .object(facts))])
    if let event { agent.delivery.submit(event) }
  }

  /// How the box stands.
  /// - Parameter isFrozen: nil where that is not known.
  func heartbeat(isFrozen: Bool?) -> [String: JSON] {
    var cameras: [String: JSON] = [:]
    for meters in agent.meters {
      cameras[meters.name] = agent.json(meters)
    }
    let snapshot = gallery.current?.loadedSnapshot
    let standing = agent.reconfigurer.standing
    var facts: [String: JSON] = [
      "version": .string(Version.text), "configuration": .string(configurationHash),
      "overlay": standing.inForce,
      "not_applied": .array(standing.unapplied.map { .string($0.sentence) }),
      "cameras": .object(cameras),
      "labels": .object((agent.assembly.control?.labels ?? [:]).mapValues { .string($0) }),
      "gallery": [
        "version": .number(Double(snapshot?.version ?? 0)),
        "hash": snapshot.map { .string($0.hash.description) } ?? .null,
        "people": .number(Double(snapshot?.personCount ?? 0)),
        "encodings": .number(Double(snapshot?.encodingCount ?? 0)),
      ], "outage": .boolean(agent.delivery.picture.outageSince != nil),
    ]
    if let spool = agent.delivery.spoolPicture {
      facts["spool"] = spool.json
    }
    if let isFrozen { facts["frozen"] = .boolean(isFrozen) }
    return facts
  }
}

extension KnownOverrides {
  /// What was commanded; empty where that is not known.
  var commanded: JSON {
    guard case .overlay(let overlay, _) = self else { return [:] }
    return overlay
  }
}

extension JSON {
  /// What an overlay says of a part that may not fit.
  fileprivate func part(_ part: String) -> JSON? {
    self["cameras"]?[part] ?? self[part]
  }
}

/// Reads photographs with models that are loaded at the first one. One at a time.
final class PhotoDesk: @unchecked Sendable {
  private let models: String
  private let lock = Mutex(())
  /// Used under the lock.
  private var reader: FacePhotos?
  private let stop = FaceStop()

  init(models: String) { self.models = models }

  /// Nil where there are no models.
  var model: ModelName? {
    lock.withLock { _ -> ModelName? in
      prepare()
      guard reader != nil else { return nil }
      return try? FacePhotos.model()
    }
  }

  func read(_ photo: [UInt8], _ pixels: inout Int) -> PhotoReading {
    lock.withLock { _ -> PhotoReading in
      prepare()
      return reader?.read(commanded: photo, pixels: &pixels)
        ?? .unreadable("there are no face models on this node")
    }
  }

  /// Has the photograph at hand given up, for good. Whoever asked is to know that the node is ending, and that this says
  /// nothing of the photograph.
  func hurry() { stop.set() }

  private func prepare() {
    if reader == nil {
      reader = try? FacePhotos(
        models: models, takesLargest: false, takesPoorOnes: false, stop: stop)
    }
  }
}
