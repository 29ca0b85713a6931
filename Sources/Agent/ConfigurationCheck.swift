import CPosix
package import Settings

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
      let count = error.diagnostics.count
      tell("\(path): \(count) \(count == 1 ? "error" : "errors"); nothing was started")
      return nil
    }
  }

  /// Writes a line to standard error.
  package static func tell(_ text: String) {
    unsafe vp_say(1, text + "\n")
  }
}
