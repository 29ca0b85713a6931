/// One thing that is wrong, or worth knowing, in a file of YAML.
package struct Diagnostic: Equatable, Sendable, CustomStringConvertible {
  package var file: String
  /// From 1.
  package var line: Int
  /// From 1.
  package var column: Int
  /// What is wrong and what would be right.
  package var message: String

  package init(file: String, line: Int, column: Int, message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  /// `file:line:column: message`, as editors read it.
  package var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Why a file could not be read as YAML, with the place.
package struct YAMLError: Error, Equatable {
  package var diagnostics: [Diagnostic]
}
