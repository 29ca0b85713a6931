import Colours
import Glibc

/// A clustering for people: a line a colour, with a block of it where standard output is a terminal that shows
/// colours.
struct PaletteView {
  let clustering: Clustering
  let silhouette: Double?
  let hasColours: Bool

  init(_ clustering: Clustering, silhouette: Double?) {
    self.clustering = clustering
    self.silhouette = silhouette
    let isPlain = unsafe getenv("NO_COLOR") != nil
    hasColours = isatty(STDOUT_FILENO) == 1 && !isPlain
  }

  private static let barCells = 40

  var text: String {
    let most = clustering.colours.first?.share ?? 1
    var lines = clustering.colours.map { colour in
      let (rgb, cells) = (
        colour.rgb, max(1, Int((colour.share / most * Double(Self.barCells)).rounded()))
      )
      let share = Self.padded(Self.decimals(colour.share * 100, 1) + " %", 8)
      let pixels = Self.padded(String(colour.pixels), 9)
      guard hasColours else { return "\(rgb.hex) \(share) \(pixels)" }
      let code = "\(rgb.red);\(rgb.green);\(rgb.blue)m"
      let bar = String(repeating: "█", count: cells)
      return
        "\u{1B}[48;2;\(code)      \u{1B}[0m \(rgb.hex) \(share) \(pixels)  \u{1B}[38;2;\(code)\(bar)\u{1B}[0m"
    }
    var last =
      "\(clustering.count) \(clustering.count == 1 ? "colour" : "colours") at lambda \(Self.decimals(clustering.lambda, 1)); squared error \(Int(clustering.sse.rounded())), objective \(Int(clustering.objective.rounded())), farthest \(Self.decimals(clustering.farthest, 2)); \(clustering.iterations) passes, \(Self.decimals(clustering.milliseconds, 1)) ms"
    if let silhouette { last += "; silhouette \(Self.decimals(silhouette, 4))" }
    lines.append(last)
    return lines.joined(separator: "\n")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func decimals(_ value: Double, _ count: Int) -> String {
    let scale = (0..<count).reduce(1.0) { scale, _ in scale * 10 }
    let text = String((value * scale).rounded() / scale)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
