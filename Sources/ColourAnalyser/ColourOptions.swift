import Analysis
import Colours
package import Keys

/// What is done about the colours of a camera's pictures.
package struct ColourOptions: AnalyserOptions {
  package enum Coreset: Equatable, Sendable {
    case histogram, exact
    /// So many colours, drawn.
    case sample(Int)
  }

  package enum Space: String, CaseIterable, Sendable { case rgb, lab }

  package var lambda = ColourSettings.lambdaDefault
  package var coreset = Coreset.histogram
  package var space = Space.rgb
  package var rate: Double? = 5
  package var clusteredRate: Double? = 1
  package init() {}

  package static let name = "colours"
  package static let summary = "clusters the colours of pictures to a palette"

  package static let keys: [Key<ColourOptions>] = [
    .number(
      "lambda", \.lambda, 0...1000,
      "how far a colour must be from every other to be one of the palette"),
    Key(
      name: "coreset", kind: .words(["histogram", "exact"], or: .integer(1...10_000_000)),
      doc: "histogram, exact, or so many colours drawn at random"
    ) {
      switch $0.coreset {
      case .histogram: .word("histogram")
      case .exact: .word("exact")
      case .sample(let count): .integer(count)
      }
    } set: {
      switch $1 {
      case .word("histogram"): $0.coreset = .histogram
      case .word("exact"): $0.coreset = .exact
      case .integer(let count): $0.coreset = .sample(count)
      default: break
      }
    },
    .choice("space", \.space, "or lab"),
    .rate("rate", \.rate, "pictures looked at per second, at most; off: all"),
    .rate(
      "clustered_rate", \.clusteredRate,
      "pictures in their palette's colours sent per second; off: none"),
  ]
}
