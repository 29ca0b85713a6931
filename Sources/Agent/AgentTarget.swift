import Colours
import Control
import Delivery
import Faces
import Frames
import Gallery
import Imaging
import Meters
import Settings
import Spool
import Synchronization
import Threads

/// What commands do to the running agent.
final class AgentTarget: CommandTarget {
  /// Larger JPEGs do not go into a result.
  private static let snapshotBytesMax = 600_000

  // The agent owns what commands it.
  private unowned let agent: Agent
  private let gallery: Gallery
  private let configuration: String
  private let overlay = Mutex<JSONValue>([:])
  private let changing = Mutex(())
  private let photos: PhotoDesk

  init(_ agent: Agent, gallery: Gallery, configuration: String) {
    self.agent = agent
    self.gallery = gallery
    self.configuration = configuration
    photos = PhotoDesk(models: agent.settings.analysis.models)
  }

  /// What was laid over the configuration before the agent was made.
  func begin(overlay: JSONValue) { self.overlay.withLock { $0 = overlay } }

  // MARK: The configuration

  /// The files with an overlay, checked.
  static func load(_ path: String, _ overlay: JSONValue) throws(SettingsError) -> Settings {
    guard overlay != [:] else { return try SettingsLoader.load(path: path).settings }
    return try SettingsLoader.load(path: path, overlay: ("control", overlay.canonical)).settings
  }

  func check(overlay: JSONValue) throws(Rejection) {
    let settings: Settings
    do throws(SettingsError) {
      settings = try Self.load(configuration, overlay)
    } catch {
      throw Rejection(
        .badArgument, error.diagnostics.prefix(3).map(\.message).joined(separator: "; "))
    }
    guard settings.control != nil else {
      throw Rejection(.badArgument, "the configuration's files switch the control off")
    }
  }

  func check(_ command: ControlCommand) throws(Rejection) {
    let camera: String
    switch command {
    case .configure(let change):
      guard let name = change.camera else { return }
      camera = name
    case .snapshot(let name), .silhouette(let name, _): camera = name
    case .spoolDrain, .spoolDiscard:
      guard agent.settings.spool != nil else {
        throw Rejection(.unavailable, "there is no spool on this node")
      }
      return
    default: return
    }
    guard agent.settings.cameras.contains(where: { $0.name == camera }) else {
      throw Rejection(.unavailable, "there is no camera \(camera) on this node")
    }
  }

  func adopt(overlay: JSONValue) throws(CommandFailure) -> [String: JSONValue] {
    let (agent, configuration) = (agent, configuration)
    let facts = try changing.withLock { _ throws(CommandFailure) -> [String: JSONValue] in
      do {
        let waiting = try agent.adopt(try Self.load(configuration, overlay))
        return waiting.isEmpty
          ? [:] : ["at_next_start": .array(waiting.map { .string($0) })]
      } catch {
        throw CommandFailure("\(error)")
      }
    }
    self.overlay.withLock { $0 = overlay }
    return facts.merging(["configuration": .string(configurationHash)]) { $1 }
  }

  /// Of the files and of what is laid over them.
  private var configurationHash: String {
    var bytes: [UInt8] = []
    for file in (try? SettingsLoader.texts(path: configuration)) ?? [] { bytes += file.text + [0] }
    return Digest(of: bytes + overlay.withLock { $0 }.canonical).description
  }

  func hasPictures(camera: String, since: UInt64) -> Bool {
    guard agent.settings.cameras.contains(where: { $0.name == camera && $0.enabled }) else {
      // Stopped by a later command: nothing has failed.
      return true
    }
    let last = agent.meters.first { $0.name == camera }?.current.lastFrame
    // Captured lately, and at least one was fit to be sent since the camera was made anew.
    return (last ?? 0) > since && agent.latestPicture(of: camera) != nil
  }

  // MARK: Commands

  func carryOut(_ command: ControlCommand) throws(CommandFailure) -> [String: JSONValue] {
    switch command {
    case .ping: return ["version": .string(Version.text)]
    case .status: return heartbeat(isFrozen: nil)
    case .snapshot(let camera): return try snapshot(camera)
    case .silhouette(let camera, let lambda): return try silhouette(camera, lambda)
    case .spoolDrain:
      agent.delivery.drain()
      return [:]
    case .spoolDiscard(let name):
      guard let spoolClass = SpoolClass.allCases.first(where: { $0.name == name }),
        agent.delivery.discard(spoolClass)
      else { throw CommandFailure("there is no spool on this node") }
      return [:]
    case .configReload: return try adopt(overlay: overlay.withLock { $0 })
    default: throw CommandFailure("this is not for the agent")
    }
  }

  private func picture(_ camera: String) throws(CommandFailure) -> PooledBytes {
    guard let picture = agent.latestPicture(of: camera) else {
      throw CommandFailure("\(camera) has given no picture yet")
    }
    return picture
  }

  private func snapshot(_ camera: String) throws(CommandFailure) -> [String: JSONValue] {
    let bytes = try picture(camera).withSpan { span in
      unsafe span.withUnsafeBytes { unsafe Array($0) }
    }
    guard bytes.count <= Self.snapshotBytesMax else {
      throw CommandFailure(
        "the picture has \(bytes.count) bytes, more than the \(Self.snapshotBytesMax) of a result")
    }
    return ["camera": .string(camera), "jpeg": .string(Base64.encoded(bytes))]
  }

  private func silhouette(
    _ camera: String, _ lambda: Double?
  ) throws(CommandFailure) -> [String: JSONValue] {
    let jpeg = try picture(camera)
    let configured = agent.settings.cameras.first { $0.name == camera }?.colours?.lambda
    do {
      let (size, pixels) = try jpeg.withSpan { bytes throws(ImagingError) in
        try JPEGDecoder().rgb(of: bytes)
      }
      let clusterer = ColourClusterer(
        settings: ColourSettings(lambda: lambda ?? configured ?? 50, coreset: .exact))
      let found = try clusterer.cluster(rgb: pixels.span, width: size.width, height: size.height)
      let colours = try clusterer.labelled(
        rgb: pixels.span, width: size.width, height: size.height)
      let exact = try Silhouette.exact(colours, threads: 1)
      return [
        "camera": .string(camera), "silhouette": .number(exact.mean),
        "simplified_silhouette": .number(found.simplifiedSilhouette),
        "colours": .number(Double(found.count)), "lambda": .number(found.lambda),
      ]
    } catch {
      throw CommandFailure("\(error)")
    }
  }

  // MARK: Photographs

  var model: ModelName? { photos.model }

  func read(photo: [UInt8]) -> PhotoReading { photos.read(photo) }

  // MARK: News

  func announce(_ type: String, _ facts: [String: JSONValue]) {
    let event = agent.events.event(
      type, camera: "", run: agent.identity.boot,
      [("facts", .written(JSONValue.object(facts).canonicalText))])
    if let event { agent.delivery.submit(event) }
  }

  /// How the box stands.
  /// - Parameter isFrozen: nil where that is not known.
  func heartbeat(isFrozen: Bool?) -> [String: JSONValue] {
    let settings = agent.settings
    var cameras: [String: JSONValue] = [:]
    for meters in agent.meters {
      cameras[meters.name] = try? JSONReader.read(Array(agent.json(meters).text.utf8))
    }
    let snapshot = gallery.loadedSnapshot
    var facts: [String: JSONValue] = [
      "version": .string(Version.text), "configuration": .string(configurationHash),
      "overlay": overlay.withLock { $0 }, "cameras": .object(cameras),
      "labels": .object((settings.control?.labels ?? [:]).mapValues { .string($0) }),
      "gallery": [
        "version": .number(Double(snapshot?.version ?? 0)),
        "hash": snapshot.map { .string($0.hash.description) } ?? .null,
        "people": .number(Double(snapshot?.personCount ?? 0)),
        "encodings": .number(Double(snapshot?.encodingCount ?? 0)),
      ], "outage": .boolean(agent.delivery.picture.outageSince != nil),
    ]
    if let spool = agent.delivery.spoolPicture {
      facts["spool"] = try? JSONReader.read(Array(spool.json.text.utf8))
    }
    if let isFrozen { facts["frozen"] = .boolean(isFrozen) }
    return facts
  }
}

/// Reads photographs with models that are loaded at the first one. One at a time.
final class PhotoDesk: @unchecked Sendable {
  private let models: String
  private let lock = Mutex(())
  /// Used under the lock.
  private var reader: FacePhotos?

  init(models: String) { self.models = models }

  /// Nil where there are no models.
  var model: ModelName? {
    lock.withLock { _ -> ModelName? in
      prepare()
      guard reader != nil else { return nil }
      return try? FacePhotos.model()
    }
  }

  func read(_ photo: [UInt8]) -> PhotoReading {
    lock.withLock { _ -> PhotoReading in
      prepare()
      return reader?.read(photo) ?? .unreadable("there are no face models on this node")
    }
  }

  private func prepare() {
    if reader == nil {
      reader = try? FacePhotos(models: models, takesLargest: false, takesPoorOnes: false)
    }
  }
}
