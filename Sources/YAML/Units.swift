/// Values with units, as they are written in a configuration.
package enum Units {
  /// A finite decimal number without exponent or sign.
  package static func number(_ text: some StringProtocol) -> Double? {
    guard !text.isEmpty, text.utf8.count <= 20,
      text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 })
    else { return nil }
    return Double(text)
  }

  /// Splits `2.5 s` into number and unit.
  private static func split(_ text: String) -> (Double, String)? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = number(digits) else { return nil }
    return (number, text.dropFirst(digits.count).drop { $0 == " " }.lowercased())
  }

  /// Seconds of `500 ms`, `2 s`, `5 min`, `1 h`, `7 d`.
  package static func seconds(_ text: String) -> Double? {
    let factors = [
      "ms": 0.001, "s": 1, "sec": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60,
      "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600, "d": 86_400, "day": 86_400,
      "days": 86_400,
    ]
    guard let (number, unit) = split(text), let factor = factors[unit] else { return nil }
    return number * factor
  }

  /// Bytes of `32 MiB`, `64 MB`, `100 kB`, `4096 B`.
  package static func bytes(_ text: String) -> Int? {
    let factors: [String: Double] = [
      "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1024, "mib": 1_048_576,
      "gib": 1_073_741_824,
    ]
    guard let (number, unit) = split(text), let factor = factors[unit] else { return nil }
    let bytes = number * factor
    return bytes < 1e15 ? Int(bytes) : nil
  }

  /// Hertz of `30`, `29.97`, `30000/1001`, `30 fps`, `30/s`, `30 Hz`.
  package static func rate(_ text: String) -> Double? {
    var words = text.lowercased()
    for unit in ["fps", "/s", "hz"] where words.hasSuffix(unit) {
      words.removeLast(unit.count)
      break
    }
    let parts = words.split(separator: "/", omittingEmptySubsequences: false)
      .map { $0.filter { $0 != " " } }
    switch parts.count {
    case 1: return number(parts[0])
    case 2:
      guard let above = number(parts[0]), let below = number(parts[1]), below > 0 else {
        return nil
      }
      return above / below
    default: return nil
    }
  }

  /// `1280x720`.
  package static func size(_ text: some StringProtocol) -> (width: Int, height: Int)? {
    let parts = text.lowercased().replacing("×", with: "x")
      .split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = pixels(parts[0]), let height = pixels(parts[1]) else {
      return nil
    }
    return (width, height)
  }

  /// Digits alone: no sign, no blank.
  package static func pixels(_ text: Substring) -> Int? {
    guard text.utf8.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text)
  }

  /// In the largest unit that has no fraction.
  package static func written(seconds: Double) -> String {
    for (unit, factor) in [("d", 86_400.0), ("h", 3600), ("min", 60)]
    where seconds >= factor && seconds.remainder(dividingBy: factor) == 0 {
      return "\(written(seconds / factor)) \(unit)"
    }
    return "\(written(seconds)) s"
  }

  package static func written(bytes: Int) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)]
    where bytes >= 1 << shift && bytes & (1 << shift - 1) == 0 {
      return "\(bytes >> shift) \(unit)"
    }
    return "\(bytes) B"
  }

  /// Without the fraction where there is none.
  package static func written(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
