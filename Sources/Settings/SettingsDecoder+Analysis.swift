extension SettingsDecoder {
  mutating func analysis(
    _ node: YAMLNode, _ parent: String, _ analysis: inout AnalysisSettings
  ) {
    for entry in reader.group(node, parent) ?? [] {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "workers":
        if let count = reader.integer(value, path, 1...256) { analysis.workers = count }
      case "nice":
        if let nice = reader.integer(value, path, 0...19) { analysis.nice = nice }
      case "models":
        if let text = reader.text(value, path, "a folder's path") {
          analysis.models = resolve(text)
        }
      case "gallery":
        if let text = reader.text(value, path, "a file's path") {
          analysis.gallery = resolve(text)
          if Self.isStrange(analysis.gallery) {
            reader.fail(value.place, path, "\(analysis.gallery.quoted) is not a regular file")
          }
        }
      default:
        reader.unknown(entry, parent, known: ["workers", "nice", "models", "gallery"])
      }
    }
  }

  /// `on` means all defaults, `off` nothing.
  private mutating func group(_ node: YAMLNode, _ path: String) -> [YAMLNode.Entry]? {
    if case .scalar(let text, _) = node.content {
      switch text.lowercased() {
      case "on", "true", "yes": return []
      case "off", "false", "no": return nil
      default: break
      }
    }
    return reader.group(node, path)
  }

  mutating func faces(_ node: YAMLNode, _ parent: String) -> FacesSettings? {
    guard let entries = group(node, parent) else { return nil }
    var faces = FacesSettings()
    for entry in entries {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "detector": choose(value, path, &faces.detector)
      case "landmarks": choose(value, path, &faces.landmarks)
      case "identify": choose(value, path, &faces.identify)
      case "chips": choose(value, path, &faces.chips)
      case "detect_every":
        if let count = reader.integer(value, path, 1...1000) { faces.detectEvery = count }
      case "rate": faces.rate = rate(value, path)
      case "upsample":
        if let count = reader.integer(value, path, 0...2) { faces.upsample = count }
      case "min_size":
        if let size = reader.integer(value, path, 0...10_000) { faces.minSize = size }
      case "score":
        if let score = reader.number(value, path, -2...5) { faces.score = score }
      case "region": faces.region = rectangle(value, path)
      case "jitters":
        if let count = reader.integer(value, path, 1...100) { faces.jitters = count }
      case "distance":
        if let distance = reader.number(value, path, 0...2) { faces.distance = distance }
      case "probability":
        if let value = reader.number(value, path, 0...1) { faces.probability = value }
      case "annotate":
        if let annotate = reader.flag(value, path) { faces.annotate = annotate }
      default:
        reader.unknown(
          entry, parent,
          known: [
            "detector", "detect_every", "rate", "upsample", "min_size", "score", "region",
            "landmarks", "jitters", "identify", "distance", "probability", "annotate", "chips",
          ])
      }
    }
    return faces
  }

  mutating func colours(_ node: YAMLNode, _ parent: String) -> ColoursSettings? {
    guard let entries = group(node, parent) else { return nil }
    var colours = ColoursSettings()
    for entry in entries {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "lambda":
        if let lambda = reader.number(value, path, 0...1000) { colours.lambda = lambda }
      case "coreset":
        if let coreset = coreset(value, path) { colours.coreset = coreset }
      case "space": choose(value, path, &colours.space)
      case "rate": colours.rate = rate(value, path)
      case "clustered_rate": colours.clusteredRate = rate(value, path)
      default:
        reader.unknown(
          entry, parent, known: ["lambda", "coreset", "space", "rate", "clustered_rate"])
      }
    }
    return colours
  }

  private mutating func choose<Value: RawRepresentable & CaseIterable>(
    _ node: YAMLNode, _ path: String, _ value: inout Value
  ) where Value.RawValue == String {
    if let chosen = reader.choice(node, path, Value.self) { value = chosen }
  }

  private mutating func rate(_ node: YAMLNode, _ path: String) -> Double? {
    Self.isOff(node) ? nil : reader.rate(node, path, 0.001...1000)
  }

  private mutating func coreset(_ node: YAMLNode, _ path: String) -> ColoursSettings.Coreset? {
    if case .scalar(let text, _) = node.content {
      if text == "histogram" { return .histogram }
      if text == "exact" { return .exact }
    }
    return reader.integer(node, path, 1...10_000_000, or: "'histogram' or 'exact'")
      .map { .sample($0) }
  }
}
