import CPosix
import Glibc

/// One thing that is wrong, or worth knowing, in a configuration.
package struct Diagnostic: Equatable, Sendable, CustomStringConvertible {
  package var file: String
  /// From 1.
  package var line: Int
  /// From 1.
  package var column: Int
  /// What is wrong and what would be right.
  package var message: String

  /// `file:line:column: message`, as editors read it.
  package var description: String { "\(file):\(line):\(column): \(message)" }
}

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

/// Why a file cannot be read, as an errno.
package struct FileFault: Error, Equatable, CustomStringConvertible {
  package var code: Int32

  package init(_ code: Int32) { self.code = code }

  package var description: String { unsafe String(cString: vp_file_reason(code)) }

  /// Whether trying again may help. What is wrong with a path, or with who may read it, a person must mend; a disk that
  /// fails, or too few descriptors or too little memory, may be over at the next start.
  package var isTemporary: Bool {
    ![
      EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EINVAL, ENOTSUP, ENXIO, ENODEV,
      EROFS,
    ].contains(code)
  }
}

/// A checked configuration, with what its author should know.
package struct LoadedSettings: Equatable, Sendable {
  package var settings: Settings
  package var warnings: [Diagnostic]
}
