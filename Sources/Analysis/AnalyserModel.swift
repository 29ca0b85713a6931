/// A file that an analyser needs, in the folder of models.
package struct AnalyserModel: Equatable, Sendable {
  package let file: String
  /// What it is for, in a few words.
  package let use: String
  package let licence: String
  /// The command that fetches it, without a folder.
  package let source: String

  package init(_ file: String, use: String, licence: String, source: String) {
    self.file = file
    self.use = use
    self.licence = licence
    self.source = source
  }

  /// What to do where it is missing.
  package func advice(folder: String) -> String { "run '\(source) --to \(folder)'" }
}
