import Analysis
package import Keys

/// How motion is looked for.
package struct MotionOptions: AnalyserOptions {
  package var rate: Double? = 10
  /// In pixels of the published picture; nil for everywhere.
  package var region: KeyArea?
  package init() {}

  package static let name = "motion"
  package static let summary = "tells when something begins to move, where, and when it ends"

  package static let keys: [Key<MotionOptions>] = [
    .rate("rate", \.rate, "pictures looked at per second, at most; off: all"),
    .area("region", \.region, "where to look, in pixels of the picture that is sent"),
  ]
}
