import Analysers
import Analysis
import CPosix
import Glibc
import Kafka
package import Settings
import Status
import Terminal
import YAML

/// Loads a configuration and tells on standard error what is wrong with it: what `vedetted` and
/// `vedette check` have in common.
package enum ConfigurationCheck {
  /// Why a configuration cannot be used; the sentences are told by then.
  package struct Failure: Error {
    package var exitStatus: Int32
  }

  /// Warnings alone are told, too.
  package static func load(_ path: String) throws(Failure) -> Settings {
    do throws(SettingsError) {
      let loaded = try SettingsLoader.load(path: path, analysers: Analysers.keys)
      for warning in loaded.warnings { tell("warning: \(warning)") }
      return loaded.settings
    } catch {
      for diagnostic in error.diagnostics { tell("error: \(diagnostic)") }
      tellCount(error.diagnostics.count, path)
      throw Failure(
        exitStatus: error.isTemporary ? ExitStatus.temporary : ExitStatus.configuration)
    }
  }

  /// Loads, and tries what librdkafka alone can judge, for those who only check: it connects to nothing.
  package static func check(_ path: String) throws(Failure) -> Settings {
    let settings = try load(path)
    for sentence in missingModels(settings) { tell("warning: \(path): \(sentence)") }
    let errors = kafkaErrors(settings.kafka) + statusErrors(settings.status)
    guard errors.isEmpty else {
      for error in errors { tell("error: \(path): \(error)") }
      tellCount(errors.count, path)
      let isTemporary = errors.allSatisfy { $0.kind == .temporary }
      throw Failure(exitStatus: isTemporary ? ExitStatus.temporary : ExitStatus.configuration)
    }
    return settings
  }

  /// Models that cannot be read, and what does not fit those that can. Frames go on without them: they are no errors.
  static func missingModels(_ settings: Settings) -> [String] {
    var told: [String] = []
    let folder = settings.analysis.models
    for camera in settings.cameras where camera.enabled {
      for kind in Analysers.all {
        for model in kind.models(camera.analysers)
        where unsafe vp_access(model.path(in: folder), R_OK) != 0 {
          let reason = unsafe String(cString: vp_file_reason(errno))
          told.append(
            "cameras.\(camera.name).\(kind.name): \(model.path(in: folder)) cannot be read (\(reason)), and \(kind.failure): \(model.advice(folder: folder))"
          )
        }
        for complaint in kind.complaints(camera.analysers, models: folder) {
          told.append("cameras.\(camera.name).\(kind.name): \(kind.failure): \(complaint)")
        }
      }
    }
    return told
  }

  private static func statusErrors(_ status: StatusSettings) -> [AgentError] {
    do throws(AgentError) {
      _ = try AccessControl.of(StatusAssembly(status))
      return []
    } catch {
      return [error]
    }
  }

  /// They name the key.
  private static func kafkaErrors(_ kafka: KafkaSettings) -> [AgentError] {
    var errors: [AgentError] = []
    var secrets: [String: String] = [:]
    for (property, file) in kafka.secretFiles.sorted(by: { $0.key < $1.key }) {
      do throws(AgentError) {
        secrets[property] = try SecretFile.read(file, "kafka.secrets.\(property)")
      } catch {
        errors.append(error)
      }
    }
    return errors
      + Producer.check(properties: kafka.properties, secrets: secrets).map {
        AgentError($0.description, $0.isOfSystem ? .temporary : .configuration)
      }
  }

  private static func tellCount(_ count: Int, _ path: String) {
    tell("\(path): \(count) \(count == 1 ? "error" : "errors"); nothing was started")
  }

  /// Writes a line to standard error, safe for terminals.
  package static func tell(_ text: String) {
    unsafe vp_say(1, text.terminalSafe + "\n")
  }
}
