import Analysis
import Colours
import Gallery
import Status

/// What analysis saw of a camera last, for whoever looks at the box.
struct LastSeen: Sendable {
  private static let peopleMax = 32
  private static let coloursMax = 12

  var people: [String] = []
  var palette: [AnalysisView.Swatch] = []

  mutating func note(_ report: AnalysisReport) {
    if let faces = report.faces {
      people = faces.faces.prefix(Self.peopleMax).map { $0.label?.text ?? "Unknown" }
    }
    if let colours = report.colours {
      palette = colours.colours.sorted { $0.share > $1.share }.prefix(Self.coloursMax).map {
        AnalysisView.Swatch(rgb: $0.rgb.hex, share: $0.share)
      }
    }
  }
}
