import Glibc
import YAML

extension SettingsDecoder {
  mutating func status(_ node: YAMLNode, _ parent: String, _ status: inout StatusSettings) {
    if Self.isOff(node) {
      status.socket = nil
      status.listen = nil
      status.tokenFile = nil
      return
    }
    var listenPlace = node.place
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
          listenPlace = value.place
          listen(text, value.place, path, &status)
        }
      case "token_file":
        if Self.isOff(value) {
          status.tokenFile = nil
        } else if let text = reader.text(value, path, "a file's path, or 'off'") {
          let file = secretPath(text)
          let isPath = text.contains("/") || text.hasPrefix("credential:")
          checkSecret(file, isPath: isPath, value.place, path)
          status.tokenFile = file
        }
      default: reader.unknown(entry, parent, known: ["socket", "listen", "token_file"])
      }
    }
    guard let address = status.listen, !address.isLoopback, status.tokenFile == nil else { return }
    reader.fail(
      listenPlace, "\(parent).listen",
      "other hosts can reach this address: give token_file, the file of a token that they must know"
    )
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
    guard let address = Self.address(host), (1...65_535).contains(port) else {
      return reader.fail(
        place, path,
        "\(text.quoted) is no address of this box and port; give one such as 127.0.0.1:9117, or 0.0.0.0:9117 with token_file"
      )
    }
    status.listen = StatusSettings.Address(host: address, port: port)
  }

  /// An IPv4 address, an IPv6 address in brackets, or localhost; without the brackets.
  private static func address(_ text: String) -> String? {
    var bytes = in6_addr()
    if unsafe text == "localhost" || inet_pton(AF_INET, text, &bytes) == 1 { return text }
    guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
    let inner = String(text.dropFirst().dropLast())
    return unsafe inet_pton(AF_INET6, inner, &bytes) == 1 ? inner : nil
  }
}
