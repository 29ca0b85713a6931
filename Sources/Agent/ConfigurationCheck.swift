import CPosix
import Kafka
package import Settings
import Status
import Terminal

/// Loads a configuration and tells on standard error what is wrong with it: what `vedetted` and
/// `vedette check` have in common.
package enum ConfigurationCheck {
  /// Nil where it is wrong; warnings alone are told, too.
  package static func load(_ path: String) -> Settings? {
    do {
      let loaded = try SettingsLoader.load(path: path)
      for warning in loaded.warnings { tell("warning: \(warning)") }
      return loaded.settings
    } catch {
      for diagnostic in error.diagnostics { tell("error: \(diagnostic)") }
      tellCount(error.diagnostics.count, path)
      return nil
    }
  }

  /// Loads, and tries what librdkafka alone can judge, for those who only check: it connects to nothing.
  package static func check(_ path: String) -> Settings? {
    guard let settings = load(path) else { return nil }
    let errors = kafkaErrors(settings.kafka) + statusErrors(settings.status)
    guard errors.isEmpty else {
      for error in errors { tell("error: \(path): \(error)") }
      tellCount(errors.count, path)
      return nil
    }
    return settings
  }

  private static func statusErrors(_ status: StatusSettings) -> [String] {
    do throws(AgentError) {
      _ = try AccessControl.of(status)
      return []
    } catch {
      return [error.description]
    }
  }

  /// Sentences that name the key.
  private static func kafkaErrors(_ kafka: KafkaSettings) -> [String] {
    var errors: [String] = []
    var secrets: [String: String] = [:]
    for (property, file) in kafka.secretFiles.sorted(by: { $0.key < $1.key }) {
      if let secret = SecretFile.read(file) {
        secrets[property] = secret
      } else {
        errors.append("kafka.secrets.\(property): \(file) cannot be read, or is empty")
      }
    }
    return errors
      + Producer.check(properties: kafka.properties, secrets: secrets).map(\.description)
  }

  private static func tellCount(_ count: Int, _ path: String) {
    tell("\(path): \(count) \(count == 1 ? "error" : "errors"); nothing was started")
  }

  /// Writes a line to standard error, safe for terminals.
  package static func tell(_ text: String) {
    unsafe vp_say(1, text.terminalSafe + "\n")
  }
}
