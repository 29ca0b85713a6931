import YAML

extension SettingsDecoder {
  private static let publishKeys = [
    "rate", "still_rate", "check_rate", "hold", "before", "memory",
  ]
  static let publishRates = 0.001...1000.0
  private static let checkRates = 1...1000.0

  mutating func publish(
    _ node: YAMLNode, _ parent: String, _ publish: inout PublishSettings
  ) {
    let entries = reader.group(node, parent) ?? []
    for entry in entries {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "rate":
        if let rate = reader.rate(value, path, Self.publishRates) { publish.rate = rate }
      case "still_rate":
        publish.stillRate =
          Self.isOff(value) ? nil : reader.rate(value, path, Self.publishRates)
      case "check_rate":
        if let rate = reader.rate(value, path, Self.checkRates) { publish.checkRate = rate }
      case "hold":
        if let time = reader.seconds(value, path, 0...3600) { publish.hold = time }
      case "before":
        if let time = reader.seconds(value, path, 0...60) { publish.before = time }
      case "memory":
        if let bytes = reader.bytes(value, path, 1 << 20...1 << 30) { publish.memoryMax = bytes }
      default: reader.unknown(entry, parent, known: Self.publishKeys)
      }
    }
    guard publish.stillRate == nil else { return }
    for entry in entries where ["check_rate", "hold", "before", "memory"].contains(entry.key) {
      reader.warn(
        entry.keyPlace, "\(parent).\(entry.key)", "without effect: there is no still_rate")
    }
  }

  /// What can only be seen when all of a camera is known.
  mutating func checkPublish(
    _ publish: PublishSettings, _ keys: [YAMLNode.Entry], _ path: String
  ) {
    guard let group = keys.first(where: { $0.key == "publish" }),
      case .mapping(let entries) = group.value.content
    else { return }
    if let short = keys.first(where: { $0.key == "publish_rate" }),
      entries.contains(where: { $0.key == "rate" })
    {
      reader.fail(
        short.keyPlace, "\(path).publish_rate",
        "it is the short form of publish: {rate: ...}, which is there too; give one of them")
    }
    if let rate = publish.rate, let still = publish.stillRate, still >= rate,
      let entry = entries.first(where: { $0.key == "still_rate" })
    {
      reader.warn(
        entry.keyPlace, "\(path).publish.still_rate", "without effect: it is not below the rate")
    }
  }
}
