/// What is done with pictures, by camera and analyser.
package struct AnalysisView: Sendable {
  package struct Camera: Sendable {
    package var name = ""
    package var analysed = 0
    /// Pictures that gave way to newer ones.
    package var skipped = 0
    package var failed = 0
    /// Whether pictures failed or gave way for a minute, and none was analysed.
    package var isFailing = false
    /// Of each analyser that was switched on.
    package var analysers: [Analyser] = []
    /// What analysers count.
    package var counters: [Counter] = []
    /// On the worker.
    package var time = Timing()
    /// Capture to report.
    package var latency = Timing()
    /// What analysers saw last.
    package var rows: [Row] = []

    package init(name: String) { self.name = name }
  }

  package struct Analyser: Sendable {
    package var name: String
    /// Pictures that it looked at.
    package var pictures: Int
    /// Those that it could not look at.
    package var failed: Int
    /// On the worker.
    package var seconds: Double

    package init(name: String, pictures: Int, failed: Int, seconds: Double) {
      self.name = name
      self.pictures = pictures
      self.failed = failed
      self.seconds = seconds
    }
  }

  package struct Counter: Sendable {
    package var name: String
    package var help: String
    package var value: Int

    package init(name: String, help: String, value: Int) {
      self.name = name
      self.help = help
      self.value = value
    }
  }

  /// What analysers count by names that are found only then, of all cameras.
  package struct Tally: Sendable {
    package var name: String
    package var label: String
    package var help: String
    package var values: [(name: String, count: Int)]

    package init(
      name: String, label: String, help: String, values: [(name: String, count: Int)]
    ) {
      self.name = name
      self.label = label
      self.help = help
      self.values = values
    }
  }

  package struct Row: Sendable {
    package enum Value: Sendable {
      case words([String])
      case swatches([Swatch])
    }

    package var name: String
    /// What stands before it; empty for nothing.
    package var title: String
    package var value: Value

    package init(name: String, title: String, value: Value) {
      self.name = name
      self.title = title
      self.value = value
    }
  }

  /// One colour of a palette.
  package struct Swatch: Sendable, Equatable {
    /// `#rrggbb`.
    package var rgb: String
    /// Of the picture, 0…1.
    package var share: Double

    package init(rgb: String, share: Double) {
      self.rgb = rgb
      self.share = share
    }
  }

  package var workers = 0
  package var cameras: [Camera] = []
  package var tallies: [Tally] = []

  package init() {}
}
