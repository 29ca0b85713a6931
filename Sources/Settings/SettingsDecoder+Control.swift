extension SettingsDecoder {
  /// `on` means all defaults.
  mutating func control(_ node: YAMLNode, _ parent: String) -> ControlSettings? {
    if Self.isOff(node) { return nil }
    var control = ControlSettings()
    if Self.isOn(node) { return control }
    guard let entries = reader.group(node, parent) else { return nil }
    for entry in entries {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "keys":
        if let text = reader.text(value, path, "a folder's path") { control.keys = resolve(text) }
      case "labels":
        for label in reader.group(value, path) ?? [] {
          let place = "\(path).\(label.key)"
          guard let text = reader.text(label.value, place) else { continue }
          guard Self.isName(label.key), Self.isName(text) else {
            reader.fail(
              label.value.place, place,
              "labels and their values are of letters, digits, '.', '_' and '-'")
            continue
          }
          control.labels[label.key] = text
        }
      case "replays":
        if Self.isOff(value) {
          control.replays = nil
        } else if let text = reader.text(value, path, "a folder's path, or off") {
          control.replays = resolve(text)
        }
      case "allow_unsigned":
        if let flag = reader.flag(value, path) {
          control.allowUnsigned = flag
          if flag {
            reader.warn(
              value.place, path, "whoever can write to the control topic commands this box")
          }
        }
      case "freeze_after":
        if Self.isOff(value) {
          control.freezeAfter = nil
        } else if let time = reader.seconds(value, path, 1...31_536_000, or: "off") {
          control.freezeAfter = time
        }
      case "heartbeat":
        if Self.isOff(value) {
          control.heartbeat = nil
        } else if let time = reader.seconds(value, path, 1...86_400, or: "off") {
          control.heartbeat = time
        }
      default:
        reader.unknown(
          entry, parent,
          known: ["keys", "labels", "replays", "allow_unsigned", "freeze_after", "heartbeat"])
      }
    }
    return control
  }
}
