/// Turns the document's nodes into `Settings`, key by key; every key that is not known is an error.
struct SettingsDecoder {
  var reader = NodeReader()
  /// Where each camera was named, for errors found when all are known.
  var cameraPlaces: [String: YAMLNode.Place] = [:]
  /// Where relative paths begin: the folder of the main file.
  let folder: String

  init(folder: String) { self.folder = folder }

  mutating func settings(_ root: YAMLNode, hostName: String) -> Settings {
    var settings = Settings(node: hostName)
    for entry in reader.group(root, "") ?? [] {
      let path = entry.key
      switch entry.key {
      case "node":
        if let name = name(entry.value, path) { settings.node = name }
      case "log": log(entry.value, path, &settings.log)
      case "kafka": kafka(entry.value, path, &settings.kafka)
      case "delivery": delivery(entry.value, path, &settings.delivery)
      case "cameras":
        for camera in reader.group(entry.value, path) ?? [] {
          if let camera = self.camera(camera, path) { settings.cameras.append(camera) }
        }
      default:
        reader.unknown(entry, "", known: ["node", "log", "kafka", "delivery", "cameras"])
      }
    }
    if settings.cameras.isEmpty, reader.errors.isEmpty {
      reader.fail(
        root.place, "cameras",
        "there is no camera; add one: cameras: {front: {device: /dev/video0}}")
    }
    return settings
  }

  /// A name that may stand in a record key and a URL.
  static func isName(_ text: String) -> Bool {
    (1...63).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          || [45, 46, 95].contains($0)
      }
  }

  private mutating func name(_ node: YAMLNode, _ path: String) -> String? {
    guard let text = reader.text(node, path) else { return nil }
    guard Self.isName(text) else {
      reader.fail(
        node.place, path,
        "\(node.kindName) is no name; use 1 to 63 of letters, digits, '.', '_' and '-'")
      return nil
    }
    return text
  }

  private mutating func log(_ node: YAMLNode, _ path: String, _ log: inout LogSettings) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      switch entry.key {
      case "level":
        if let level = reader.choice(entry.value, path, LogSettings.Level.self) {
          log.level = level
        }
      default: reader.unknown(entry, "log", known: ["level"])
      }
    }
  }

  private mutating func delivery(
    _ node: YAMLNode, _ path: String, _ delivery: inout DeliverySettings
  ) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "memory":
        if let bytes = reader.bytes(value, path, 1 << 20...4 << 30) { delivery.memoryMax = bytes }
      case "outage_after":
        if let time = reader.seconds(value, path, 0.5...300) { delivery.outageAfter = time }
      case "age_max":
        if case .scalar("off", _) = value.content {
          delivery.ageMax = nil
        } else if let time = reader.seconds(value, path, 1...31_536_000) {
          delivery.ageMax = time
        }
      case "shutdown_budget":
        if let time = reader.seconds(value, path, 1...300) { delivery.shutdownBudget = time }
      default:
        reader.unknown(
          entry, "delivery", known: ["memory", "outage_after", "age_max", "shutdown_budget"])
      }
    }
  }
}
