/// Reads values from nodes, and collects what is wrong with them instead of stopping at the first.
struct NodeReader {
  static let diagnosticsMax = 50

  private(set) var errors: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []

  mutating func fail(_ place: YAMLNode.Place, _ path: String, _ message: String) {
    guard errors.count < Self.diagnosticsMax else { return }
    errors.append(
      Diagnostic(
        file: place.file, line: place.line, column: place.column,
        message: path.isEmpty ? message : "\(path): \(message)"))
  }

  mutating func warn(_ place: YAMLNode.Place, _ path: String, _ message: String) {
    warnings.append(
      Diagnostic(
        file: place.file, line: place.line, column: place.column, message: "\(path): \(message)"))
  }

  /// The entries of a group; nil with an error where the value is none.
  mutating func group(_ node: YAMLNode, _ path: String) -> [YAMLNode.Entry]? {
    if case .mapping(let entries) = node.content { return entries }
    // `kafka:` with nothing below it means no more than its absence.
    if case .scalar("", isQuoted: false) = node.content { return [] }
    fail(node.place, path, "a group of keys belongs here, not \(node.kindName)")
    return nil
  }

  mutating func unknown(_ entry: YAMLNode.Entry, _ path: String, known: [String]) {
    let nearest = known.min { distance(entry.key, $0) < distance(entry.key, $1) }
    let hint =
      nearest.map { distance(entry.key, $0) <= max(1, $0.count / 3) ? $0 : nil }
      .flatMap { $0 }.map { "did you mean \"\($0)\"?" }
      ?? "known here: \(known.sorted().joined(separator: ", "))"
    fail(
      entry.keyPlace, path, "there is no key \"\(entry.key.prefix(60))\"; \(hint)")
  }

  mutating func text(_ node: YAMLNode, _ path: String) -> String? {
    if case .scalar(let text, _) = node.content, !text.isEmpty { return text }
    fail(node.place, path, "text belongs here, not \(node.kindName)")
    return nil
  }

  mutating func integer(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Int>) -> Int? {
    let hint = "give a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let text = text(node, path) else { return nil }
    guard let value = Int(text) else {
      fail(node.place, path, "\(node.kindName) is no whole number; \(hint)")
      return nil
    }
    guard range.contains(value) else {
      fail(node.place, path, "\(value) is out of range; \(hint)")
      return nil
    }
    return value
  }

  mutating func flag(_ node: YAMLNode, _ path: String) -> Bool? {
    guard let text = text(node, path) else { return nil }
    switch text.lowercased() {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default:
      fail(node.place, path, "\(node.kindName) is neither true nor false")
      return nil
    }
  }

  mutating func choice<Value: RawRepresentable & CaseIterable>(
    _ node: YAMLNode, _ path: String, _ type: Value.Type
  ) -> Value? where Value.RawValue == String {
    guard let text = text(node, path) else { return nil }
    if let value = Value(rawValue: text) { return value }
    let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
    fail(node.place, path, "\(node.kindName) is not known; give one of \(known)")
    return nil
  }

  mutating func seconds(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Double>) -> Double? {
    guard let text = text(node, path) else { return nil }
    guard let value = Units.seconds(text) else {
      let hint =
        Units.number(text) == nil
        ? "give a duration such as 500 ms, 2 s or 5 min"
        : "a unit is missing: did you mean \(text) s?"
      fail(node.place, path, "\(node.kindName) is no duration; \(hint)")
      return nil
    }
    guard range.contains(value) else {
      fail(
        node.place, path,
        "\(text) is out of range; give \(short(range.lowerBound)) s to \(short(range.upperBound)) s"
      )
      return nil
    }
    return value
  }

  mutating func bytes(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Int>) -> Int? {
    guard let text = text(node, path) else { return nil }
    guard let value = Units.bytes(text) else {
      fail(node.place, path, "\(node.kindName) is no size; give one with a unit, such as 32 MiB")
      return nil
    }
    guard range.contains(value) else {
      fail(
        node.place, path,
        "\(text) is out of range; give \(range.lowerBound >> 20) MiB to \(range.upperBound >> 20) MiB"
      )
      return nil
    }
    return value
  }

  mutating func rate(_ node: YAMLNode, _ path: String, _ range: ClosedRange<Double>) -> Double? {
    guard let text = text(node, path) else { return nil }
    guard let value = Units.rate(text) else {
      fail(
        node.place, path, "\(node.kindName) is no rate; give frames per second, such as 30 or 29.97"
      )
      return nil
    }
    guard range.contains(value) else {
      fail(
        node.place, path,
        "\(text) is out of range; give \(short(range.lowerBound)) to \(short(range.upperBound)) fps"
      )
      return nil
    }
    return value
  }

  mutating func size(_ node: YAMLNode, _ path: String) -> CameraSettings.Size? {
    guard let text = text(node, path) else { return nil }
    let range = 1...16_384
    guard let size = Units.size(text), range.contains(size.width), range.contains(size.height)
    else {
      fail(
        node.place, path,
        "\(node.kindName) is no picture size; give width x height in pixels, such as 1280x720, each 1 to 16384"
      )
      return nil
    }
    return size
  }

  private func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }

  /// The Levenshtein distance, bounded so that a long key costs no time.
  private func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased().prefix(40)), Array(b.lowercased()))
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var diagonal = row[0]
      row[0] = i + 1
      for j in 0..<b.count {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}
