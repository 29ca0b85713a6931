/// What may stand at a key of the configuration.
package indirect enum KeyKind: Equatable, Sendable {
  /// A whole number.
  case integer(ClosedRange<Int>)
  case number(ClosedRange<Double>)
  /// `true` or `false`.
  case flag
  /// One of these words.
  case choice([String])
  /// Pictures a second.
  case rate(ClosedRange<Double>)
  /// Seconds, written with a unit.
  case duration(ClosedRange<Double>)
  /// `640x360`, in pixels: of each at most so many.
  case size(Int)
  /// `640x480+0+0`, in pixels.
  case area
  /// Text of one line.
  case text
  /// A list of at most so many of these.
  case list(KeyKind, most: Int)
  /// `off`, or what stands here.
  case optional(KeyKind)
  /// One of these words, or what stands here.
  case words([String], or: KeyKind)
}

/// A rectangle of pixels, from the upper left corner.
package struct KeyArea: Equatable, Sendable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }
}

/// A picture's size in pixels.
package struct KeySize: Equatable, Sendable {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// What was read at a key, within its range.
package enum KeyValue: Equatable, Sendable {
  case off
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case word(String)
  case size(KeySize)
  case area(KeyArea)
  case list([KeyValue])

  /// As it stands in a configuration, but for a unit.
  package var text: String {
    switch self {
    case .off: "off"
    case .integer(let value): String(value)
    case .number(let value): Int(exactly: value).map(String.init) ?? String(value)
    case .flag(let value): value ? "true" : "false"
    case .word(let word): word
    case .size(let size): "\(size.width)x\(size.height)"
    case .area(let area): "\(area.width)x\(area.height)+\(area.x)+\(area.y)"
    case .list(let values): "[\(values.map(\.text).joined(separator: ", "))]"
    }
  }
}

extension KeyKind {
  /// What belongs here, in a few words.
  package var text: String {
    switch self {
    case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      "\(KeyValue.number(range.lowerBound).text) to \(KeyValue.number(range.upperBound).text)"
    case .flag: "true, false"
    case .choice(let words): words.joined(separator: ", ")
    case .rate(let range):
      "pictures a second, \(KeyValue.number(range.lowerBound).text) to \(KeyValue.number(range.upperBound).text)"
    case .duration(let range):
      "\(KeyValue.number(range.lowerBound).text) s to \(KeyValue.number(range.upperBound).text) s"
    case .size(let most): "WIDTHxHEIGHT, up to \(most) pixels each"
    case .area: "WIDTHxHEIGHT+X+Y in pixels"
    case .text: "text"
    case .list(let kind, let most): "a list of up to \(most): \(kind.text)"
    case .optional(let kind): "\(kind.text), or off"
    case .words(let words, let kind): "\(words.joined(separator: ", ")), or \(kind.text)"
    }
  }
}
