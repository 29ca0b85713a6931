import Keys
import YAML

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

  /// The options of an analyser; nil where it is `off`.
  mutating func options(
    _ table: KeyTable, _ node: YAMLNode, _ parent: String
  ) -> AnyOptions? {
    guard let entries = group(node, parent) else { return nil }
    var values: [String: KeyValue] = [:]
    for entry in entries {
      guard let key = table.entries.first(where: { $0.name == entry.key }) else {
        reader.unknown(entry, parent, known: table.entries.map(\.name))
        continue
      }
      values[key.name] = value(entry.value, "\(parent).\(key.name)", key.kind)
    }
    return table.options(values)
  }

  private mutating func list(
    _ node: YAMLNode, _ path: String, _ kind: KeyKind, _ most: Int
  ) -> [KeyValue]? {
    guard case .sequence(let items) = node.content else {
      let example = kind == .area ? "640x480+0+0" : "one, two"
      reader.fail(
        node.place, path, "a list belongs here, such as [\(example)], not \(node.kindName)")
      return nil
    }
    guard items.count <= most else {
      reader.fail(node.place, path, "\(items.count) is too many; give a list of up to \(most)")
      return nil
    }
    let values = items.enumerated().compactMap { value($1, "\(path)[\($0)]", kind) }
    return values.count == items.count ? values : nil
  }

  /// - Parameter alternative: what may stand here besides, for messages.
  private mutating func value(
    _ node: YAMLNode, _ path: String, _ kind: KeyKind, or alternative: String? = nil
  ) -> KeyValue? {
    switch kind {
    case .integer(let range):
      reader.integer(node, path, range, or: alternative).map { .integer($0) }
    case .number(let range): reader.number(node, path, range).map { .number($0) }
    case .flag: reader.flag(node, path).map { .flag($0) }
    case .choice(let words): reader.word(node, path, words).map { .word($0) }
    case .rate(let range): reader.rate(node, path, range).map { .number($0) }
    case .duration(let range):
      reader.seconds(node, path, range, or: alternative).map { .number($0) }
    case .size(let most):
      reader.size(node, path, most: most).map {
        .size(KeySize(width: $0.width, height: $0.height))
      }
    case .area:
      rectangle(node, path).map {
        .area(KeyArea(x: $0.x, y: $0.y, width: $0.width, height: $0.height))
      }
    case .text: reader.text(node, path).map { .word($0) }
    case .list(let kind, let most): list(node, path, kind, most).map { .list($0) }
    case .optional(let kind):
      Self.isOff(node) ? .off : value(node, path, kind, or: alternative ?? "off")
    case .words(let words, let kind):
      if case .scalar(let text, _) = node.content, words.contains(text) {
        .word(text)
      } else {
        value(
          node, path, kind,
          or: alternative ?? words.map { "'\($0)'" }.joined(separator: " or "))
      }
    }
  }
}
