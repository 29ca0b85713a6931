import Keys
import YAML

/// Turns the document's nodes into `Settings`, key by key; every key that is not known is an error.
struct SettingsDecoder {
  var reader: NodeReader
  /// Where each camera's device stands, for errors found when all are known.
  var devicePlaces: [String: YAMLNode.Place] = [:]
  /// Where relative paths begin: the folder of the main file.
  let folder: String
  /// What may be done about a camera's pictures.
  let analysers: [KeyTable]
  /// All that can be named.
  let topics: [Topic]

  /// - Parameter errors: those found before, which count to the same bound.
  init(folder: String, analysers: [KeyTable] = [], errors: [Diagnostic]) {
    self.folder = folder
    self.analysers = analysers
    topics = Topic.all(analysers)
    reader = NodeReader(errors: errors)
  }

  mutating func settings(_ root: YAMLNode, hostName: String) -> Settings {
    var settings = Settings(node: hostName)
    for topic in topics { settings.kafka.topics[topic] = topic.rawValue }
    var camerasPlace = root.place
    for entry in reader.group(root, "") ?? [] {
      let path = entry.key
      switch entry.key {
      case "node":
        if let name = name(entry.value, path) { settings.node = name }
      case "log": log(entry.value, path, &settings.log)
      case "kafka": kafka(entry.value, path, &settings.kafka)
      case "delivery": delivery(entry.value, path, &settings.delivery)
      case "spool": settings.spool = spool(entry.value, path)
      case "analysis": analysis(entry.value, path, &settings.analysis)
      case "status": status(entry.value, path, &settings.status)
      case "control": settings.control = control(entry.value, path)
      case "cameras":
        camerasPlace = entry.keyPlace
        for camera in reader.group(entry.value, path) ?? [] {
          // `front: off`: a file that is laid over another takes its camera away.
          if Self.isName(camera.key), Self.isOff(camera.value) { continue }
          if let camera = self.camera(camera, path) { settings.cameras.append(camera) }
        }
      default:
        reader.unknown(
          entry, "",
          known: [
            "node", "log", "kafka", "delivery", "spool", "analysis", "status", "control", "cameras",
          ])
      }
    }
    if settings.cameras.isEmpty, reader.errors.isEmpty {
      reader.fail(
        camerasPlace, "cameras",
        "there is no camera; add one: cameras: {front: {device: /dev/video0}}")
    }
    return settings
  }

  /// A name that may stand in a record key, a path and a URL.
  static func isName(_ text: String) -> Bool {
    (1...63).contains(text.utf8.count) && text != "." && text != ".."
      && text.utf8.allSatisfy(isNameByte)
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || [45, 46, 95].contains(byte)
  }

  /// `off`, where that means "none"; YAML has three words for it.
  static func isOff(_ node: YAMLNode) -> Bool {
    if case .scalar(let text, _) = node.content {
      return ["off", "false", "no"].contains(text.lowercased())
    }
    return false
  }

  /// `on`, where that means "with all defaults".
  static func isOn(_ node: YAMLNode) -> Bool {
    if case .scalar(let text, _) = node.content {
      return ["on", "true", "yes"].contains(text.lowercased())
    }
    return false
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

  private mutating func log(_ node: YAMLNode, _ parent: String, _ log: inout LogSettings) {
    for entry in reader.group(node, parent) ?? [] {
      let path = "\(parent).\(entry.key)"
      switch entry.key {
      case "level":
        if let level = reader.choice(entry.value, path, LogSettings.Level.self) {
          log.level = level
        }
      default: reader.unknown(entry, parent, known: ["level"])
      }
    }
  }

  private mutating func delivery(
    _ node: YAMLNode, _ parent: String, _ delivery: inout DeliverySettings
  ) {
    for entry in reader.group(node, parent) ?? [] {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "memory":
        if let bytes = reader.bytes(value, path, 1 << 20...4 << 30) { delivery.memoryMax = bytes }
      case "outage_after":
        if let time = reader.seconds(value, path, 0.5...300) { delivery.outageAfter = time }
      case "age_max":
        if Self.isOff(value) {
          delivery.ageMax = nil
        } else if let time = reader.seconds(value, path, 1...31_536_000, or: "off") {
          delivery.ageMax = time
        }
      case "shutdown_budget":
        if let time = reader.seconds(value, path, 1...300) { delivery.shutdownBudget = time }
      default:
        reader.unknown(
          entry, parent, known: ["memory", "outage_after", "age_max", "shutdown_budget"])
      }
    }
  }
}
