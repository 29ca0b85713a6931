package import Keys

/// What is to be done with a camera's pictures.
package struct CameraPlan: Equatable, Sendable {
  /// The options of those who look at them, by the analysers' names.
  package var analysers: [String: AnyOptions]
  /// JPEG quality of what is made, 1…100.
  package var quality: Int

  package init(analysers: [String: AnyOptions] = [:], quality: Int = 80) {
    self.analysers = analysers
    self.quality = quality
  }

  /// Has an analyser look at them, too.
  package mutating func set<Options: AnalyserOptions>(_ options: Options) {
    analysers[Options.name] = AnyOptions(options)
  }

  package var isIdle: Bool { analysers.isEmpty }
}
