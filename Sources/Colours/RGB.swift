/// Red, green and blue of sRGB, 8 bits each.
package struct RGB: Equatable, Hashable, Sendable, BitwiseCopyable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `#ff8000`.
  package var hex: String {
    "#"
      + [red, green, blue].map { value in
        let text = String(value, radix: 16)
        return text.utf8.count == 1 ? "0" + text : text
      }.joined()
  }
}

/// What distances are measured in.
package enum ColourSpace: String, CaseIterable, Sendable {
  /// Euclidean in 8-bit sRGB.
  case rgb
  /// Euclidean in CIE 1976 L*a*b* (white D65): near to what eyes tell apart.
  case lab
}
