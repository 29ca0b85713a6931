import CPosix
import Glibc
import YAML

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
        if let text = reader.text(value, path, "a folder's path") {
          control.keys = resolve(text)
          if Self.isLoose(control.keys) {
            reader.warn(
              value.place, path,
              "everybody on this box can put keys into \(control.keys.quoted); chmod o-w it")
          }
        }
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

  /// Whether everybody on this box may change what is at this path.
  static func isLoose(_ path: String) -> Bool {
    var status = stat()
    return unsafe vp_stat(path, &status) == 0 && status.st_mode & 0o002 != 0
  }

  /// Whether there is something at this path that may be waited for, or never end: a FIFO, a socket or a device.
  static func isStrange(_ path: String) -> Bool {
    var status = stat()
    guard unsafe vp_stat(path, &status) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// Whether everybody on this box may read or change the file at this path.
  static func isShared(_ path: String) -> Bool {
    var status = stat()
    return unsafe vp_stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && status.st_mode & 0o006 != 0
  }
}
