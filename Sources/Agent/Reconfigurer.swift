import Analysers
import Control
import CPosix
import Documents
import Gallery
import Glibc
import Journal
import Logging
import Paths
import Settings
import Synchronization
import YAML

/// The one way to another configuration, for SIGHUP and for commands: the files, with what was commanded over them.
final class Reconfigurer: Sendable {
  struct State: Sendable {
    var overrides: KnownOverrides
    /// What lies over the files.
    var inForce: JSON
    var unapplied: [UnappliedOverride]
    /// What was said of the files when they were last read.
    var warnings: [Diagnostic] = []
    /// What is wrong with the files since they were last read; nil where nothing is.
    var fault: String?
  }

  /// What the agent begins with.
  struct Beginning: Sendable {
    var settings: Settings
    var state: State
  }

  /// Why the running configuration stays.
  enum Failure: Error, CustomStringConvertible {
    /// The files are wrong.
    case files(SettingsError)
    /// The agent cannot be made so.
    case agent(AgentError)

    var description: String {
      switch self {
      case .files(let error): "\(error)"
      case .agent(let error): "\(error)"
      }
    }
  }

  /// Nil where there is no file.
  private let path: String?
  private let state: Mutex<State>
  private let changing = Mutex(())
  private let logger: Logger

  init(_ path: String?, _ beginning: Beginning, _ logger: Logger) {
    self.path = path
    self.logger = logger
    state = Mutex(beginning.state)
    tell([], beginning.state.unapplied)
  }

  /// How it is now. Never waits.
  var standing: State { state.withLock { $0 } }

  // MARK: The beginning

  /// What systemd gives the service.
  static let defaultFolder = "/var/lib/vedette"

  /// Where overrides are kept: the service's state folder, which no configuration can move.
  static func folder(gallery path: String) -> String {
    if let folder = unsafe getenv("STATE_DIRECTORY").map({ unsafe String(pathPointer: $0) }),
      folder.hasPrefix("/"), !folder.contains(":")
    {
      return folder
    }
    return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// Lays over the files what was commanded before.
  static func begin(
    _ files: Settings, _ path: String?, _ gallery: GalleryHolder, _ logger: Logger
  ) throws(AgentError) -> Beginning {
    guard let path else {
      return Beginning(
        settings: files,
        state: State(overrides: .none, inForce: [:], unapplied: [], fault: nil))
    }
    let overrides = known(
      OverrideStore(folder: folder(gallery: files.analysis.gallery)).read(), files, gallery)
    do throws(SettingsError) {
      let made = try OverlaidSettings(path: path, overrides)
      if made.inForce != [:] {
        logger.notice("with what was commanded before: \(made.inForce.canonicalText)")
      }
      return Beginning(
        settings: made.settings,
        state: State(
          overrides: overrides, inForce: made.inForce, unapplied: made.unapplied,
          warnings: made.warnings, fault: nil))
    } catch {
      throw AgentError("\(error)", error.isTemporary ? .temporary : .configuration)
    }
  }

  /// What was commanded before: from files of its own or, where those are not there or damaged, from the gallery's.
  private static func known(
    _ found: OverrideStore.Found, _ files: Settings, _ gallery: GalleryHolder
  ) -> KnownOverrides {
    switch found {
    case .copy(let copy, _):
      return .overlay(copy.overrides.overlay, sources: copy.overrides.sources)
    case .none where files.control == nil:
      // Nobody commands it; but somebody may have, before control was switched off.
      guard unsafe vp_access(gallery.path, F_OK) == 0, let opened = try? gallery.open(),
        let stored = try? ControlDesk.overrides(found, opened)
      else { return .none }
      return .overlay(stored.overlay, sources: stored.sources)
    case .none, .unreadable: break
    }
    var reason: String?
    if case .unreadable(let trouble) = found { reason = trouble }
    let isThere = unsafe vp_access(gallery.path, F_OK) == 0 || errno != ENOENT
    if isThere {
      do throws(GalleryError) {
        if let stored = try ControlDesk.overrides(found, try gallery.open()) {
          return .overlay(stored.overlay, sources: stored.sources)
        }
      } catch {
        reason = [reason, "\(error)"].compactMap { $0 }.joined(separator: "; ")
      }
    }
    // Neither files nor a gallery: a box that nobody has commanded yet.
    return reason.map { .unknown($0) } ?? .none
  }

  // MARK: Changes

  /// What would be with another overlay. Touches nothing.
  /// - Returns: nil where there are no files.
  func preview(_ overlay: JSON) throws(SettingsError) -> OverlaidSettings? {
    guard let path else { return nil }
    return try OverlaidSettings(path: path, standing.overrides.with(overlay))
  }

  /// Reads everything again that the agent has read from files: the configuration, and the keys and tokens that it names.
  /// Where the configuration is wrong, the agent stays as it is, and the log and the status say why.
  /// - Parameter reason: for the log.
  /// - Returns: what takes effect at the next start.
  func reload(_ agent: Agent, reason: String) throws(Failure) -> [String] {
    logger.notice("\(reason): reading the configuration again")
    agent.services.reload()
    do throws(Failure) {
      let waiting = try apply(to: agent)
      let rest = waiting.isEmpty ? "" : "; at the next start: \(waiting.joined(separator: ", "))"
      logger.notice("the configuration was read again and is in force\(rest)")
      return waiting
    } catch {
      if case .files(let wrong) = error {
        for diagnostic in wrong.diagnostics { logger.error("\(diagnostic)") }
        logger.error("the configuration is wrong; the running one stays")
      } else {
        logger.error("the configuration is in force in part: \(error)")
      }
      throw error
    }
  }

  /// Reads the files and makes the agent what they and the overrides say.
  /// - Parameter overrides: those of before where it is nil.
  /// - Returns: what takes effect at the next start.
  func apply(_ overrides: KnownOverrides? = nil, to agent: Agent) throws(Failure) -> [String] {
    guard let path else { return [] }
    return try changing.withLock { _ throws(Failure) in
      let isOfFiles = overrides == nil
      let overrides = overrides ?? standing.overrides
      let made: OverlaidSettings
      do throws(SettingsError) {
        made = try OverlaidSettings(path: path, overrides)
      } catch {
        state.withLock { $0.fault = error.diagnostics.first.map { "\($0)" } ?? "\(error)" }
        throw .files(error)
      }
      // A command is no news of the files.
      let known = isOfFiles ? [] : standing.warnings
      for warning in made.warnings where !known.contains(warning) {
        logger.warning("\(warning)")
      }
      let waiting: [String]
      do throws(AgentError) {
        waiting = try agent.adopt(Assembly(made.settings))
      } catch {
        throw .agent(error)
      }
      let before = state.withLock { state in
        defer {
          state = State(
            overrides: overrides, inForce: made.inForce, unapplied: made.unapplied,
            warnings: made.warnings, fault: nil)
        }
        return state.unapplied
      }
      tell(before, made.unapplied)
      return waiting
    }
  }

  private func tell(_ before: [UnappliedOverride], _ now: [UnappliedOverride]) {
    for override in now where !before.contains(override) {
      var metadata: Logger.Metadata = [:]
      if !override.camera.isEmpty { metadata["camera"] = "\(override.camera)" }
      logger.error("\(override.sentence)", metadata: metadata)
    }
  }

  /// The cameras and their places, for the overrides; `before` where not all of those are in force.
  func sources(_ before: [String: [String]], running: Assembly) -> [String: [String]] {
    guard standing.unapplied.isEmpty, let path,
      let files = try? SettingsLoader.load(path: path, analysers: Analysers.keys).settings
    else { return before }
    let sources = OverlaidSettings.sources(files, running)
    state.withLock { state in
      guard case .overlay(let overlay, _) = state.overrides else { return }
      state.overrides = .overlay(overlay, sources: sources)
    }
    return sources
  }
}

extension KnownOverrides {
  /// The same with another overlay.
  func with(_ overlay: JSON) -> KnownOverrides {
    guard case .overlay(_, let sources) = self else { return .overlay(overlay, sources: [:]) }
    return .overlay(overlay, sources: sources)
  }
}
