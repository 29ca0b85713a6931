/// Numbers as people read them.
package enum Wording {
  /// `0.42 s`, `12 s`, `3 min`, `2 h 5 min`, `4 d 3 h`.
  package static func duration(_ seconds: Double) -> String {
    let seconds = max(0, seconds)
    if seconds < 9.95 { return "\(tenths(seconds)) s" }
    let whole = Int(min(seconds, 1e12).rounded())
    if whole < 120 { return "\(whole) s" }
    let minutes = whole / 60
    if minutes < 60 { return "\(minutes) min" }
    let hours = minutes / 60
    if hours < 48 { return minutes % 60 == 0 ? "\(hours) h" : "\(hours) h \(minutes % 60) min" }
    return hours % 24 == 0 ? "\(hours / 24) d" : "\(hours / 24) d \(hours % 24) h"
  }

  /// In its largest unit alone: `2 h`.
  static func age(_ seconds: Double) -> String {
    duration(seconds).split(separator: " ").prefix(2).joined(separator: " ")
  }

  /// `0.4 ms`, `12 ms`, `1.2 s`.
  static func short(_ seconds: Double) -> String {
    let milliseconds = seconds * 1000
    if milliseconds < 9.95 { return "\(tenths(milliseconds)) ms" }
    if milliseconds < 999.5 { return "\(Int(milliseconds.rounded())) ms" }
    return duration(seconds)
  }

  /// `512 B`, `3.1 kB`, `1.2 GB`: by thousands.
  static func bytes(_ count: Int) -> String {
    var value = Double(max(0, count))
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 999.5 {
        return unit == "B" || value >= 99.95
          ? "\(Int(value.rounded())) \(unit)" : "\(tenths(value)) \(unit)"
      }
      value /= 1000
    }
    return "\(tenths(value)) TB"
  }

  static func percent(_ share: Double) -> String {
    "\(Int((min(max(0, share), 10) * 100).rounded())) %"
  }

  static func tenths(_ number: Double) -> String {
    let tenths = Int((min(max(-1e15, number), 1e15) * 10).rounded())
    return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }

  /// A rate without a decimal that says nothing: `30`, `29.9`.
  static func rate(_ rate: Double) -> String {
    let text = tenths(rate)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
