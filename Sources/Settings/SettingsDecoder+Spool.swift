import CPosix
import Glibc
import Paths
import YAML

extension SettingsDecoder {
  mutating func spool(_ node: YAMLNode, _ parent: String) -> SpoolSettings? {
    if Self.isOff(node) { return nil }
    guard let entries = reader.group(node, parent) else { return nil }
    var spool = SpoolSettings(folder: SettingsLoader.defaultSpoolFolder)
    for entry in entries {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "folder":
        if let text = reader.text(value, path, "a folder's path") {
          spool.folder = text.hasPrefix("/") ? text : "\(folder)/\(text)"
        }
      case "quota":
        if let bytes = reader.bytes(value, path, 4 << 20...16 << 40) { spool.quota = bytes }
      case "frames_quota":
        if let bytes = reader.bytes(value, path, 4 << 20...16 << 40) { spool.framesQuota = bytes }
      case "copies_quota":
        if let bytes = reader.bytes(value, path, 1 << 20...16 << 40) { spool.copiesQuota = bytes }
      case "segment":
        if let bytes = reader.bytes(value, path, 1 << 20...1 << 30) { spool.segment = bytes }
      case "frames_age_max": age(value, path, &spool.framesAgeMax)
      case "events_age_max": age(value, path, &spool.eventsAgeMax)
      case "thin":
        if let thin = reader.flag(value, path) { spool.thin = thin }
      case "order":
        if let order = reader.choice(value, path, SpoolSettings.Order.self) { spool.order = order }
      case "replay_rate":
        if let bytes = reader.bytes(value, path, 10_000...10_000_000_000) {
          spool.replayRate = bytes
        }
      case "replay_jitter":
        if let time = reader.seconds(value, path, 0...3600) { spool.replayJitter = time }
      case "commit_interval":
        if let time = reader.seconds(value, path, 0.001...10) { spool.commitInterval = time }
      case "retry_interval":
        if let time = reader.seconds(value, path, 1...3600) { spool.retryInterval = time }
      case "key_file":
        if Self.isOff(value) {
          spool.keyFile = nil
        } else if let text = reader.text(value, path, "a file's path, or 'off'") {
          let file = secretPath(text)
          spool.keyFile = file
          if Self.isShared(file) {
            reader.warn(
              value.place, path, "everybody on this box can read \(file.quoted); chmod 640 it")
          }
          // No error: live frames go on without the spool, which is tried again.
          if Self.isStrange(file) {
            reader.warn(
              value.place, path,
              "\(file.quoted) is not a regular file; the spool is not used until it is")
          } else if unsafe vp_access(file, R_OK) != 0 {
            let reason = FileFault.last
            reader.warn(
              value.place, path,
              "\(file.quoted) cannot be read: \(reason); the spool is not used until it can")
          }
        }
      case "dead_quota":
        if let bytes = reader.bytes(value, path, 1 << 20...1 << 40) { spool.deadQuota = bytes }
      default:
        reader.unknown(
          entry, parent,
          known: [
            "folder", "quota", "frames_quota", "copies_quota", "segment", "frames_age_max",
            "events_age_max",
            "thin", "order", "replay_rate", "replay_jitter", "commit_interval", "retry_interval",
            "key_file", "dead_quota",
          ])
      }
    }
    if spool.segment * 2 > spool.quota {
      reader.fail(
        node.place, "\(parent).quota",
        "the quota must hold two segments at least; raise it, or lower \(parent).segment")
    }
    return spool
  }

  private mutating func age(_ node: YAMLNode, _ path: String, _ age: inout Double?) {
    if Self.isOff(node) {
      age = nil
    } else if let time = reader.seconds(node, path, 1...31_536_000, or: "off") {
      age = time
    }
  }
}
