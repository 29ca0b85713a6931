import Analysis
package import Keys

/// What of a camera's pictures is named, and when that is told.
package struct LabelOptions: AnalyserOptions {
  package enum What: String, CaseIterable, Sendable {
    /// All of it.
    case picture
    /// Parts that are given.
    case regions
    /// What moves, each by itself.
    case motion
  }

  package var what = What.picture
  /// In pixels of the published picture.
  package var regions: [KeyArea] = []
  package var rate: Double? = 1
  package var top = 5
  package var confidence = 0.3
  /// Names of classes; empty for all.
  package var only: [String] = []
  package var hold = 3
  package var chips = false
  package var maxChips = 4
  /// A file in the folder of models, or a path.
  package var model = "mobilenet_v2.onnx"
  package init() {}

  package static let name = "labels"
  package static let summary = "names what a picture, parts of it or what moves in it shows"
  private static let regionsMax = 16
  private static let namesMax = 1000

  package static let keys: [Key<LabelOptions>] = [
    .choice("what", \.what, "picture (all of it), regions, or motion (what moves)"),
    .areas(
      "regions", \.regions,
      "for what: regions, such as [640x480+0+0], in pixels of the picture sent",
      most: regionsMax),
    .rate("rate", \.rate, "pictures looked at per second, at most; off: all"),
    .integer("top", \.top, 1...20, "classes told of each part, at most"),
    .number("confidence", \.confidence, 0...1, "nothing is said below it: more is stricter"),
    .texts("only", \.only, "classes by name, such as [tabby, moped]; none: all", most: namesMax),
    .integer(
      "hold", \.hold, 1...100, "pictures in a row that must say so before a change is told"),
    .flag("chips", \.chips, "send what was named, cut out"),
    .integer(
      "max_chips", \.maxChips, 1...16, "of a picture, at most; for what: motion also looked at"),
    .text(
      "model", \.model, "a file in analysis.models, or a path; its YAML beside it", isLocal: true),
  ]

  /// The path of the network's file.
  func path(in folder: String) -> String {
    model.hasPrefix("/") ? model : "\(folder)/\(model)"
  }
}
