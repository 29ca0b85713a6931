import Analysers
import Capture
import Control
import Documents
import Glibc
import Keys
import Paths
import Settings
import YAML

/// What is known of what commands changed.
enum KnownOverrides: Equatable, Sendable {
  /// - Parameter sources: the cameras that there were, and where their pictures came from.
  case overlay(JSON, sources: [String: [String]])
  /// - Parameter reason: why it is not known.
  case unknown(String)

  static let none = KnownOverrides.overlay([:], sources: [:])
}

/// A part of what commands changed that is not in force.
struct UnappliedOverride: Equatable, Sendable {
  /// A camera's name as it was commanded, or a key of the configuration; empty where nothing is known.
  var part: String
  /// The camera that is held because of it; empty for none.
  var camera: String
  /// Why, in the words of the configuration.
  var reason: String
  /// What is so, and what to do.
  var sentence: String
}

/// The configuration's files with as much of what was commanded as fits them, piece by piece. A camera of which something
/// cannot be applied is held: its pictures might show what was to be masked.
struct OverlaidSettings: Sendable {
  var settings: Settings
  /// What lies over the files.
  var inForce: JSON = [:]
  var unapplied: [UnappliedOverride] = []

  /// What is to be said of the files.
  var warnings: [Diagnostic] = []

  private let files: SettingsLoader.Files
  private let takingBack: TakingBack

  /// - Throws: what is wrong with the files themselves.
  init(path: String, _ overrides: KnownOverrides) throws(SettingsError) {
    // Read once: pieces are judged by the same files.
    files = try SettingsLoader.files(path: path)
    let loaded = try SettingsLoader.parse(files, analysers: Analysers.keys)
    settings = loaded.settings
    warnings = loaded.warnings
    takingBack = TakingBack(loaded.settings)
    switch overrides {
    case .unknown(let reason):
      hold(
        part: "", settings.cameras.map(\.name), reason,
        "what was commanded of it is not known: \(reason)",
        remedy: "if that does not pass, \(takingBack.onBox(nil))")
    case .overlay(let overlay, let sources):
      if overlay != [:] { lay(overlay, sources) }
    }
  }

  private mutating func lay(_ overlay: JSON, _ sources: [String: [String]]) {
    let files = settings
    let gone = (overlay["cameras"]?.members ?? [:]).keys
      .filter { name in !files.cameras.contains { $0.name == name } }
    if !gone.isEmpty || add(overlay, to: files) != nil {
      var refused: [(part: String, camera: String?, reason: String)] = []
      for piece in Self.pieces(of: overlay) where !gone.contains(piece.part) {
        if let reason = add(piece.patch, to: files) {
          refused.append((piece.part, piece.camera, reason))
        }
      }
      // Only now: each piece that fits is loaded again.
      for piece in refused { refuse(piece.part, piece.camera, piece.reason) }
      for name in gone.sorted() { miss(name, sources) }
    }
    for (name, before) in sources.sorted(by: { $0.key < $1.key })
    where overlay["cameras"]?[name] != nil && !gone.contains(name) {
      findMoved(name, before, sources)
    }
  }

  /// Lays one more piece over the files.
  /// - Returns: why it does not fit; nothing has changed then.
  private mutating func add(_ piece: JSON, to bare: Settings) -> String? {
    do throws(SettingsError) {
      let more = inForce.merging(piece)
      var made = try SettingsLoader.parse(
        files, overlay: ("control", more.canonical), analysers: Analysers.keys
      ).settings
      if let refusal = Self.guarded(&made, bare, more) { return refusal }
      settings = made
      inForce = more
      return nil
    } catch {
      return error.diagnostics.prefix(3).map(\.message).joined(separator: "; ")
    }
  }

  /// What commands may not do to what the files say: masks are added to, only files of one folder are played, and some
  /// options of analysers are the files' alone.
  /// - Parameter commanded: what lies over the files.
  /// - Returns: what is not allowed, or nil.
  private static func guarded(
    _ made: inout Settings, _ files: Settings, _ commanded: JSON
  ) -> String? {
    // A box listens where its files say: elsewhere nobody who knows it could take that back.
    made.kafka.topics[.control] = files.kafka.topics[.control]
    if let taken = made.kafka.topics.first(where: { topic, name in
      topic != .control && name == made.kafka.topics[.control]
    }) {
      return "kafka.topics.\(taken.key.rawValue): \(taken.value) is the topic of control"
    }
    for index in made.cameras.indices {
      let camera = made.cameras[index]
      let before = files.cameras.first { $0.name == camera.name }
      let change = commanded["cameras"]?[camera.name]
      if let refusal = keepLocal(&made.cameras[index].analysers, before?.analysers, change) {
        return "cameras.\(camera.name).\(refusal)"
      }
      guard let before else { continue }
      made.cameras[index].masks =
        before.masks + camera.masks.filter { !before.masks.contains($0) }
      guard case .replay(let replay) = camera.source else { continue }
      if case .replay(let own) = before.source, own.path == replay.path, own.format == replay.format
      {
        continue
      }
      guard let folder = files.control?.replays.flatMap(realPath),
        let path = realPath(replay.path), path == folder || path.hasPrefix(folder + "/")
      else {
        return
          "cameras.\(camera.name).replay: a command may only play files under control.replays of the configuration"
      }
    }
    return nil
  }

  /// Options that only the files may say stay as they are there, also where a command put `on` in the place of a group of
  /// keys.
  /// - Parameters:
  ///   - analysers: of a camera, with what was commanded.
  ///   - files: of the same camera, as the files have it.
  ///   - commanded: of that camera.
  private static func keepLocal(
    _ analysers: inout [String: AnyOptions], _ files: [String: AnyOptions]?, _ commanded: JSON?
  ) -> String? {
    for table in Analysers.keys {
      let local = table.entries.filter(\.isLocal)
      for key in local where commanded?[table.name]?[key.name] != nil {
        return "\(table.name).\(key.name): only the box's own files say this, and no command"
      }
      guard !local.isEmpty, let made = analysers[table.name] else { continue }
      var values = Dictionary(made.values.map { ($0.name, $0.value) }) { $1 }
      let own = Dictionary((files?[table.name]?.values ?? []).map { ($0.name, $0.value) }) { $1 }
      for key in local { values[key.name] = own[key.name] ?? key.standard }
      analysers[table.name] = table.options(values)
    }
    return nil
  }

  /// Without links; nil where there is nothing.
  private static func realPath(_ path: String) -> String? { FolderNames.real(path) }

  /// What can be applied or refused alone.
  private static func pieces(
    of overlay: JSON
  ) -> [(part: String, camera: String?, patch: JSON)] {
    var pieces: [(part: String, camera: String?, patch: JSON)] = []
    for (key, value) in (overlay.members ?? [:]).sorted(by: { $0.key < $1.key }) {
      switch key {
      case "cameras":
        for (name, patch) in (value.members ?? [:]).sorted(by: { $0.key < $1.key }) {
          pieces.append((name, name, ["cameras": [name: patch]]))
        }
      default: pieces.append((key, nil, [key: value]))
      }
    }
    return pieces
  }

  private mutating func refuse(_ part: String, _ camera: String?, _ reason: String) {
    hold(
      part: part, camera.map { [$0] } ?? settings.cameras.map(\.name), reason,
      "what was commanded of \(camera == nil ? part : "it") no longer fits the configuration: \(reason)"
    )
  }

  /// Something was commanded of a camera that is no longer there: it may go by another name now.
  private mutating func miss(_ name: String, _ sources: [String: [String]]) {
    let reason = "there is no camera \(name) any more, and what was commanded of it is not in force"
    let remedy =
      "name it \(name) again, or command the same of its new name, then take the old back: \(takingBack.words(name))"
    let known = sources[name]
    var heirs = settings.cameras.filter { camera in
      known.map { !Self.shared($0, Self.sources(of: camera)).isEmpty } ?? true
    }
    // Where nothing is at the same place, whatever is new may be it.
    if heirs.isEmpty { heirs = settings.cameras.filter { sources[$0.name] == nil } }
    guard heirs.isEmpty else {
      return hold(
        part: name, heirs.map(\.name), reason, "it may be what was camera \(name): \(reason)",
        remedy: remedy)
    }
    unapplied.append(
      UnappliedOverride(
        part: name, camera: "", reason: reason, sentence: "\(reason): \(remedy)"))
  }

  /// A camera is there, and another now has the place that it had when something was commanded of it.
  private mutating func findMoved(
    _ name: String, _ before: [String], _ sources: [String: [String]]
  ) {
    let heirs = settings.cameras.filter { camera in
      guard camera.name != name else { return false }
      let places = Self.shared(before, Self.sources(of: camera))
      return !places.isEmpty && Self.shared(places, sources[camera.name] ?? []).isEmpty
    }
    hold(
      part: name, heirs.map(\.name), "another camera is where \(name) was",
      "it is where camera \(name) was when something was commanded of that",
      remedy:
        "if all is right so, take that back: \(takingBack.words(name))")
  }

  private mutating func hold(
    part: String, _ cameras: [String], _ reason: String, _ why: String, remedy: String? = nil
  ) {
    let remedy =
      remedy ?? "mend the configuration, or take it back: \(takingBack.words(nil))"
    for index in settings.cameras.indices where cameras.contains(settings.cameras[index].name) {
      let name = settings.cameras[index].name
      let sentence = "camera \(name) is stopped: \(why): \(remedy)"
      if settings.cameras[index].hold == nil { settings.cameras[index].hold = sentence }
      unapplied.append(
        UnappliedOverride(part: part, camera: name, reason: reason, sentence: sentence))
    }
  }

  // MARK: Places

  /// Where a camera's pictures come from.
  static func sources(of camera: CameraSettings) -> [String] { [CameraSource(camera).place] }

  /// Those of `some` that are among the others, by whichever of its names a device goes.
  private static func shared(_ some: [String], _ others: [String]) -> [String] {
    let places = Set(others.map(place))
    return some.filter { places.contains(place($0)) }
  }

  private static func place(_ source: String) -> String {
    guard source.hasPrefix("device:") else { return source }
    return "device:\(DeviceSettings(device: String(source.dropFirst(7))).resolvedPath)"
  }

  /// Of the files' cameras and of those that run.
  static func sources(_ files: Settings, _ running: Assembly) -> [String: [String]] {
    var all: [String: [String]] = [:]
    for camera in files.cameras.map(CameraAssembly.init) + running.cameras
    where all[camera.name]?.contains(camera.source.place) != true {
      all[camera.name, default: []].append(camera.source.place)
    }
    return all
  }
}

/// How what was commanded is taken back: over the topic or, where the box takes no commands, on the box.
private struct TakingBack {
  private let isCommanded: Bool
  private let folder: String

  /// - Parameter files: the configuration's files, without what was commanded.
  init(_ files: Settings) {
    isCommanded = files.control != nil && files.kafka.name(of: .control) != nil
    folder = Reconfigurer.folder(gallery: files.analysis.gallery)
  }

  /// - Parameter camera: nil for all of it.
  func words(_ camera: String?) -> String {
    guard isCommanded else { return onBox(camera) }
    return "vedette control send config.reset\(camera.map { " camera=\($0)" } ?? "")"
  }

  func onBox(_ camera: String?) -> String {
    let place = folder == Reconfigurer.defaultFolder ? "" : " --folder \(folder)"
    let which = camera.map { " --camera \($0)" } ?? ""
    return
      "run as root, with the service stopped: vedette control overrides --reset\(which)\(place)"
  }
}
