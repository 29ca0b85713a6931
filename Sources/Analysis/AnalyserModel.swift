/// A file that an analyser needs.
package struct AnalyserModel: Equatable, Sendable {
  /// Its name in the folder of models, or its path.
  package let file: String
  /// What it is for, in a few words.
  package let use: String
  package let licence: String
  /// The command that fetches it, without a folder; nil for a file of the operator's own.
  package let source: String?

  package init(_ file: String, use: String, licence: String, source: String?) {
    self.file = file
    self.use = use
    self.licence = licence
    self.source = source
  }

  /// What to do where it is missing.
  package func advice(folder: String) -> String {
    source.map { "run '\($0) --to \(folder)'" } ?? "put it there, or correct its name"
  }

  package func path(in folder: String) -> String {
    file.hasPrefix("/") ? file : "\(folder)/\(file)"
  }
}
