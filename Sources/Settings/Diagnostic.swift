package import YAML

/// Everything that is wrong in a configuration, in the order of the files.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
  package var diagnostics: [Diagnostic]
  /// Whether it may pass: a file that could not be read now, though nothing is known to be wrong with it.
  package var isTemporary = false

  package init(diagnostics: [Diagnostic], isTemporary: Bool = false) {
    self.diagnostics = diagnostics
    self.isTemporary = isTemporary
  }

  package var description: String {
    diagnostics.map(\.description).joined(separator: "\n")
  }
}

/// A checked configuration, with what its author should know.
package struct LoadedSettings: Equatable, Sendable {
  package var settings: Settings
  package var warnings: [Diagnostic]
}
