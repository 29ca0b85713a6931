import CPixelRows

/// A line of text as coverage, 0 to 255 a pixel: the bitmap font brought to a height by averaging.
struct TextMask {
  let width: Int
  let height: Int
  let coverage: [UInt8]

  /// Characters of a label that are shown at most.
  static let charactersMax = 48

  /// - Parameters:
  ///   - text: characters that the font has not are shown as a box; what controls the flow of text as a space.
  ///   - widthMax: longer text ends in an ellipsis.
  init(_ text: String, height: Int, widthMax: Int) {
    let scale = Double(height) / Double(Self.rows)
    let most = min(Self.charactersMax, Int(Double(widthMax) / (scale * Double(Self.columns))))
    var shown = Array(text.prefix(Self.charactersMax + 1))
    if shown.count > most {
      shown = Array(shown.prefix(max(0, most - 1)))
      if most > 0 { shown.append("…") }
    }
    let glyphs = shown.map { Font.shared.glyph(of: $0) }
    let width = Int((Double(glyphs.count * Self.columns) * scale).rounded(.up))
    self.width = width
    self.height = height
    guard width > 0, height > 0 else {
      coverage = []
      return
    }
    // Each pixel is the mean of the part of the bitmap that it covers: along rows first, then down.
    let across = Self.weights(from: glyphs.count * Self.columns, to: width, scale: scale)
    let down = Self.weights(from: Self.rows, to: height, scale: scale)
    var lines = [Double](repeating: 0, count: Self.rows * width)
    for row in 0..<Self.rows {
      for (x, parts) in across.enumerated() {
        for (column, weight) in parts {
          let bits = glyphs[column / Self.columns][row]
          if bits >> UInt16(Self.columns - 1 - column % Self.columns) & 1 == 1 {
            lines[row * width + x] += weight
          }
        }
      }
    }
    var coverage = [UInt8](repeating: 0, count: width * height)
    for (y, parts) in down.enumerated() {
      for x in 0..<width {
        let sum = parts.reduce(0.0) { $0 + lines[$1.0 * width + x] * $1.1 }
        coverage[y * width + x] = UInt8(min(255, (sum * 255).rounded()))
      }
    }
    self.coverage = coverage
  }

  private static let rows = Int(VP_GLYPH_ROWS)
  private static let columns = Int(VP_GLYPH_COLUMNS)

  /// For each of `count` pixels, the cells of the bitmap that it covers, and their parts of it.
  private static func weights(from cells: Int, to count: Int, scale: Double) -> [[(Int, Double)]] {
    (0..<count).map { pixel in
      let start = Double(pixel) / scale
      let end = min(Double(cells), Double(pixel + 1) / scale)
      guard start < end else { return [] }
      return (Int(start)...min(cells - 1, Int(end))).compactMap { cell in
        let part = min(end, Double(cell + 1)) - max(start, Double(cell))
        return part > 0 ? (cell, part * scale) : nil
      }
    }
  }
}

/// The font's glyphs by character: composed or not, an accented letter is the same character.
private struct Font: Sendable {
  static let shared = Font()

  private let glyphs: [Character: [UInt16]]
  private let box: [UInt16]

  private init() {
    var glyphs: [Character: [UInt16]] = [:]
    for index in 0..<vp_glyph_count() {
      guard let scalar = Unicode.Scalar(vp_glyph_code_point(index)) else { continue }
      let rows = unsafe UnsafeBufferPointer(start: vp_glyph_rows(index), count: Int(VP_GLYPH_ROWS))
      glyphs[Character(scalar)] = unsafe Array(rows)
    }
    self.glyphs = glyphs
    box = glyphs["□"] ?? [UInt16](repeating: 0x1FE, count: Int(VP_GLYPH_ROWS))
  }

  func glyph(of character: Character) -> [UInt16] {
    if let glyph = glyphs[character] { return glyph }
    let isBlank =
      character.isWhitespace
      || character.unicodeScalars.allSatisfy {
        [.control, .format].contains($0.properties.generalCategory)
      }
    return isBlank ? [UInt16](repeating: 0, count: Int(VP_GLYPH_ROWS)) : box
  }
}
