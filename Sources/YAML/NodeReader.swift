/// Reads values from nodes, and collects what is wrong with them instead of stopping at the first.
package struct NodeReader {
  package static let diagnosticsMax = 50

  package private(set) var errors: [Diagnostic] = []
  package private(set) var warnings: [Diagnostic] = []

  package init(errors: [Diagnostic] = []) { self.errors = errors }

  package mutating func fail(_ place: YAMLNode.Place, _ path: String, _ message: String) {
    guard errors.count < Self.diagnosticsMax else { return }
    errors.append(Self.diagnostic(place, path, message))
  }

  package mutating func warn(_ place: YAMLNode.Place, _ path: String, _ message: String) {
    guard warnings.count < Self.diagnosticsMax else { return }
    warnings.append(Self.diagnostic(place, path, message))
  }

  private static func diagnostic(
    _ place: YAMLNode.Place, _ path: String, _ message: String
  ) -> Diagnostic {
    Diagnostic(
      file: place.file, line: place.line, column: place.column,
      message: path.isEmpty ? message : "\(path.shown(200)): \(message)")
  }

  /// The entries of a group; nil with an error where the value is none.
  package mutating func group(_ node: YAMLNode, _ path: String) -> [YAMLNode.Entry]? {
    if case .mapping(let entries) = node.content { return entries }
    // `kafka:` with nothing below it means no more than its absence.
    if node.isEmpty { return [] }
    fail(node.place, path, "a group of keys belongs here, not \(node.kindName)")
    return nil
  }

  /// - Returns: the known key that was probably meant.
  @discardableResult
  package mutating func unknown(_ entry: YAMLNode.Entry, _ path: String, known: [String]) -> String?
  {
    guard errors.count < Self.diagnosticsMax else { return nil }
    let nearest = nearest(to: entry.key, of: known)
    let hint =
      nearest.map { "did you mean \"\($0)\"?" }
      ?? "known here: \(known.sorted().joined(separator: ", "))"
    fail(entry.keyPlace, path, "there is no key \(entry.key.quoted); \(hint)")
    return nearest
  }

  /// - Parameter what: what an error says belongs here.
  package mutating func text(_ node: YAMLNode, _ path: String, _ what: String = "text") -> String? {
    guard case .scalar(let text, _) = node.content, !text.isEmpty, !node.isEmpty else {
      fail(node.place, path, "\(what) belongs here, not \(node.kindName)")
      return nil
    }
    guard !text.utf8.contains(where: { $0 < 32 }) else {
      fail(node.place, path, "\(node.kindName) has a line break or a tab in it; give one line")
      return nil
    }
    return text
  }

  /// - Parameter alternative: what may stand here instead of a number, for the message.
  package mutating func integer(
    _ node: YAMLNode, _ path: String, _ range: ClosedRange<Int>, or alternative: String? = nil
  ) -> Int? {
    let more = alternative.map { ", or \($0)" } ?? ""
    let hint = "give a whole number from \(range.lowerBound) to \(range.upperBound)\(more)"
    guard let text = text(node, path, "a whole number") else { return nil }
    let digits = text.utf8.drop { $0 == 45 || $0 == 43 }
    guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else {
      fail(node.place, path, "\(node.kindName) is no whole number; \(hint)")
      return nil
    }
    guard let value = Int(text), range.contains(value) else {
      fail(node.place, path, "\(text.prefix(30)) is out of range; \(hint)")
      return nil
    }
    return value
  }

  package mutating func number(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Double>)
    -> Double?
  {
    let hint =
      "give a number from \(Units.written(range.lowerBound)) to \(Units.written(range.upperBound))"
    guard let text = text(node, path, "a number") else { return nil }
    let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard let size = Units.number(unsigned) else {
      fail(node.place, path, "\(node.kindName) is no number; \(hint)")
      return nil
    }
    let value = text.hasPrefix("-") ? -size : size
    guard range.contains(value) else {
      fail(node.place, path, "\(text) is out of range; \(hint)")
      return nil
    }
    return value
  }

  package mutating func flag(_ node: YAMLNode, _ path: String) -> Bool? {
    guard let text = text(node, path, "true or false") else { return nil }
    switch text.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default:
      fail(node.place, path, "\(node.kindName) is neither true nor false")
      return nil
    }
  }

  package mutating func choice<Value: RawRepresentable & CaseIterable>(
    _ node: YAMLNode, _ path: String, _ type: Value.Type
  ) -> Value? where Value.RawValue == String {
    word(node, path, Value.allCases.map(\.rawValue)).flatMap { Value(rawValue: $0) }
  }

  /// One of the words.
  package mutating func word(_ node: YAMLNode, _ path: String, _ words: [String]) -> String? {
    let known = words.joined(separator: ", ")
    guard let text = text(node, path, "one of \(known)") else { return nil }
    if words.contains(text) { return text }
    fail(node.place, path, "\(node.kindName) is not known; give one of \(known)")
    return nil
  }

  /// - Parameter alternative: what may stand here instead of a duration, for the message.
  package mutating func seconds(
    _ node: YAMLNode, _ path: String, _ range: ClosedRange<Double>, or alternative: String? = nil
  ) -> Double? {
    let more = alternative.map { ", or \($0)" } ?? ""
    guard let text = text(node, path, "a duration such as 2 s\(more)") else { return nil }
    guard let value = Units.seconds(text) else {
      let hint =
        Units.number(text) == nil
        ? "give one such as 500 ms, 2 s or 5 min\(more)"
        : "a unit is missing: did you mean \(text) s?"
      fail(node.place, path, "\(node.kindName) is no duration; \(hint)")
      return nil
    }
    guard range.contains(value) else {
      let allowed =
        "\(Units.written(seconds: range.lowerBound)) to \(Units.written(seconds: range.upperBound))"
      fail(node.place, path, "\(text) is out of range; give \(allowed)\(more)")
      return nil
    }
    return value
  }

  package mutating func bytes(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Int>) -> Int? {
    guard let text = text(node, path, "a size such as 32 MiB") else { return nil }
    guard let value = Units.bytes(text) else {
      fail(node.place, path, "\(node.kindName) is no size; give one with a unit, such as 32 MiB")
      return nil
    }
    guard range.contains(value) else {
      let allowed =
        "\(Units.written(bytes: range.lowerBound)) to \(Units.written(bytes: range.upperBound))"
      fail(node.place, path, "\(text) is out of range; give \(allowed)")
      return nil
    }
    return value
  }

  package mutating func rate(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Double>)
    -> Double?
  {
    guard let text = text(node, path, "a rate such as 30") else { return nil }
    guard let value = Units.rate(text) else {
      fail(
        node.place, path, "\(node.kindName) is no rate; give frames per second, such as 30 or 29.97"
      )
      return nil
    }
    guard range.contains(value) else {
      let allowed = "\(Units.written(range.lowerBound)) to \(Units.written(range.upperBound)) fps"
      fail(node.place, path, "\(text) is out of range; give \(allowed)")
      return nil
    }
    return value
  }

  /// The one of `known` that is at most a third of its letters away.
  package func nearest(to key: String, of known: [String]) -> String? {
    let near = known.map { (name: $0, distance: distance(key, $0)) }
      .min { $0.distance < $1.distance }
    return near.flatMap { $0.distance <= max(1, $0.name.count / 3) ? $0.name : nil }
  }

  /// The edits from one to the other, where two letters that changed places are one edit. Bounded, so
  /// that a long key costs no time.
  private func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.prefix(40).lowercased()), Array(b))
    var older: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, older[j - 1] + 1) }
        row.append(best)
      }
      (older, last) = (last, row)
    }
    return last[b.count]
  }
}
