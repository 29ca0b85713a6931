/// Draws the silhouette diagram: for each cluster its pixels' widths from the largest down, the 'knife', in the
/// cluster's colour, and the mean as a dashed line.
package struct SilhouetteDiagram {
  /// What stands above it.
  package var title: String
  private var knives: [Knife] = []
  private let mean: Double
  private let least: Double

  private struct Knife {
    var colour: RGB
    var share: Double
    var mean: Double
    /// Widths with their weights, largest first.
    var widths: [(width: Double, weight: Double)]
  }

  /// - Parameter palette: the colour to draw each centre of `colours` in.
  package init(
    title: String, colours: LabelledColours, silhouette: Silhouette, palette: [RGB]
  ) {
    precondition(palette.count == colours.centres.count)
    precondition(silhouette.widths.count == colours.points.count)
    self.title = title
    mean = silhouette.mean
    var members = [[(width: Double, weight: Double)]](repeating: [], count: palette.count)
    for (index, label) in colours.labels.enumerated() {
      members[label].append((silhouette.widths[index], colours.weights[index]))
    }
    let total = colours.total
    for (label, var widths) in members.enumerated() where !widths.isEmpty {
      widths.sort { $0.width > $1.width }
      let weight = widths.reduce(0) { $0 + $1.weight }
      let own = widths.reduce(0) { $0 + $1.weight * $1.width } / weight
      knives.append(
        Knife(colour: palette[label], share: weight / total, mean: own, widths: widths))
    }
    knives.sort { $0.share > $1.share }
    least = silhouette.widths.min() ?? 0
  }

  // Lengths in pixels.
  private static let pageWidth = 960.0
  private static let left = 150.0
  private static let right = 70.0
  private static let top = 88.0
  private static let bottom = 64.0
  private static let gap = 3.0
  /// The least height of a knife: that of its label.
  private static let knifeMin = 12.0
  private static let spread = 560.0

  /// The diagram as SVG 1.1.
  package var svg: String {
    let count = Double(knives.count)
    let height = Self.spread + count * (Self.knifeMin + Self.gap)
    let page = Self.top + height + Self.bottom
    let origin = least < 0 ? min(-0.2, (least * 5).rounded(.down) / 5) : 0
    let scale = (Self.pageWidth - Self.left - Self.right) / (1 - origin)
    func x(_ width: Double) -> Double { Self.left + (width - origin) * scale }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Self.text(Self.pageWidth))\" height=\"\(Self.text(page))\" viewBox=\"0 0 \(Self.text(Self.pageWidth)) \(Self.text(page))\" font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
      "<text x=\"\(Self.text(Self.left))\" y=\"30\" font-size=\"18\" font-weight=\"bold\" fill=\"#202020\">\(Self.escaped(title))</text>",
      "<text x=\"\(Self.text(Self.left))\" y=\"50\" font-size=\"12\" fill=\"#505050\">\(knives.count) \(knives.count == 1 ? "colour" : "colours"); a knife's height grows with its share of the pixels</text>",
      "<rect x=\"\(Self.text(x(origin)))\" y=\"\(Self.text(Self.top))\" width=\"\(Self.text(x(1) - x(origin)))\" height=\"\(Self.text(height))\" fill=\"#f2f2f2\"/>",
    ]
    let foot = Self.top + height
    for step in Int((origin * 5).rounded())...5 {
      let (value, place) = (Double(step) / 5, Self.text(x(Double(step) / 5)))
      lines.append(
        "<line x1=\"\(place)\" y1=\"\(Self.text(Self.top))\" x2=\"\(place)\" y2=\"\(Self.text(foot + 5))\" stroke=\"\(step == 0 ? "#606060" : "#d0d0d0")\" stroke-width=\"1\"/>"
      )
      lines.append(
        "<text x=\"\(place)\" y=\"\(Self.text(foot + 19))\" font-size=\"12\" text-anchor=\"middle\" fill=\"#202020\">\(Self.text(value))</text>"
      )
    }
    lines.append(
      "<line x1=\"\(Self.text(x(origin)))\" y1=\"\(Self.text(foot))\" x2=\"\(Self.text(x(1)))\" y2=\"\(Self.text(foot))\" stroke=\"#606060\"/>"
    )
    lines.append(
      "<text x=\"\(Self.text((x(origin) + x(1)) / 2))\" y=\"\(Self.text(foot + 44))\" font-size=\"13\" text-anchor=\"middle\" fill=\"#202020\">silhouette width</text>"
    )
    let middle = Self.text(Self.top + height / 2)
    lines.append(
      "<text x=\"20\" y=\"\(middle)\" font-size=\"13\" text-anchor=\"middle\" fill=\"#202020\" transform=\"rotate(-90 20 \(middle))\">colour and share of pixels</text>"
    )
    var y = Self.top + Self.gap / 2
    for knife in knives {
      let tall = Self.knifeMin + knife.share * Self.spread
      lines.append(shape(knife, from: y, tall: tall, x: x))
      let base = Self.text(y + tall / 2 + 3.5)
      lines.append(
        "<text x=\"\(Self.text(Self.left - 8))\" y=\"\(base)\" font-size=\"10\" text-anchor=\"end\" fill=\"#202020\">\(knife.colour.hex)  \(Self.percent(knife.share))</text>"
      )
      lines.append(
        "<text x=\"\(Self.text(x(1) + 8))\" y=\"\(base)\" font-size=\"10\" fill=\"#505050\">\(Self.text(knife.mean))</text>"
      )
      y += tall + Self.gap
    }
    lines.append(
      "<text x=\"\(Self.text(x(1) + 8))\" y=\"\(Self.text(Self.top - 10))\" font-size=\"10\" fill=\"#505050\">mean</text>"
    )
    let line = Self.text(x(mean))
    lines.append(
      "<line x1=\"\(line)\" y1=\"\(Self.text(Self.top - 6))\" x2=\"\(line)\" y2=\"\(Self.text(foot))\" stroke=\"#c00000\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"/>"
    )
    lines.append(
      "<text x=\"\(line)\" y=\"\(Self.text(Self.top - 10))\" font-size=\"12\" text-anchor=\"middle\" fill=\"#c00000\">mean \(Self.text(mean))</text>"
    )
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  /// The outline from zero to the widths, one step for every half pixel of height.
  private func shape(
    _ knife: Knife, from top: Double, tall: Double, x: (Double) -> Double
  ) -> String {
    let steps = max(2, Int(tall * 2))
    let weight = knife.widths.reduce(0) { $0 + $1.weight }
    var points = ["\(Self.text(x(0))),\(Self.text(top))"]
    var (index, passed) = (0, 0.0)
    for step in 0...steps {
      let reached = weight * Double(step) / Double(steps)
      while index < knife.widths.count - 1, passed + knife.widths[index].weight < reached {
        passed += knife.widths[index].weight
        index += 1
      }
      let y = top + tall * Double(step) / Double(steps)
      points.append("\(Self.text(x(knife.widths[index].width))),\(Self.text(y))")
    }
    points.append("\(Self.text(x(0))),\(Self.text(top + tall))")
    return
      "<polygon points=\"\(points.joined(separator: " "))\" fill=\"\(knife.colour.hex)\" stroke=\"#404040\" stroke-width=\"0.4\"/>"
  }

  private static func percent(_ share: Double) -> String {
    let percent = share * 100
    return percent < 0.05 ? "&lt;0.1 %" : "\((percent * 10).rounded() / 10) %"
  }

  /// At most two decimals.
  private static func text(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case _ where scalar.value < 32: escaped += " "
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
