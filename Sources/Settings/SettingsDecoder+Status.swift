extension SettingsDecoder {
  mutating func status(_ node: YAMLNode, _ parent: String, _ status: inout StatusSettings) {
    if Self.isOff(node) {
      status.socket = nil
      status.listen = nil
      return
    }
    for entry in reader.group(node, parent) ?? [] {
      let path = "\(parent).\(entry.key)"
      let value = entry.value
      switch entry.key {
      case "socket":
        if Self.isOff(value) {
          status.socket = nil
        } else if let text = reader.text(value, path, "a socket's path, or 'off'") {
          socket(text, value.place, path, &status)
        }
      case "listen":
        if Self.isOff(value) {
          status.listen = nil
        } else if let text = reader.text(value, path, "an address such as 127.0.0.1:9100, or 'off'")
        {
          listen(text, value.place, path, &status)
        }
      default: reader.unknown(entry, parent, known: ["socket", "listen"])
      }
    }
  }

  private mutating func socket(
    _ text: String, _ place: YAMLNode.Place, _ path: String, _ status: inout StatusSettings
  ) {
    // Of the address of a Unix socket, with its ending zero.
    let bytesMax = 107
    guard text.hasPrefix("/") else {
      return reader.fail(place, path, "\(text.quoted) does not begin with '/'")
    }
    guard text.utf8.count <= bytesMax else {
      return reader.fail(place, path, "a socket's path has at most \(bytesMax) bytes")
    }
    status.socket = text
  }

  private mutating func listen(
    _ text: String, _ place: YAMLNode.Place, _ path: String, _ status: inout StatusSettings
  ) {
    let colon = text.lastIndex(of: ":")
    let host = colon.map { String(text[..<$0]) } ?? ""
    let port = colon.flatMap { Int(text[text.index(after: $0)...]) } ?? 0
    guard ["127.0.0.1", "[::1]", "localhost"].contains(host), (1...65_535).contains(port) else {
      return reader.fail(
        place, path,
        "\(text.quoted) is no address of this box alone; give one such as 127.0.0.1:9100. Who may see it from elsewhere is for a proxy to say"
      )
    }
    status.listen = StatusSettings.Address(host: host == "[::1]" ? "::1" : host, port: port)
  }
}
