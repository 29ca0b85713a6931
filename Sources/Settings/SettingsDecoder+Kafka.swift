import Glibc

extension SettingsDecoder {
  /// Properties that the agent sets itself, and the key to use instead.
  private static let ownProperties = [
    "bootstrap.servers": "kafka.brokers", "metadata.broker.list": "kafka.brokers",
    "log.queue": "nothing: the agent needs it as it is",
    "test.mock.num.brokers": "vedette demo, which starts a broker of its own",
  ]
  /// Properties whose values must not stand in a file that many may read.
  private static let secretProperties: Set<String> = [
    "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
    "sasl.oauthbearer.client.secret",
  ]

  mutating func kafka(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      switch entry.key {
      case "brokers": brokers(entry.value, path, &kafka)
      case "prefix":
        if let text = topicName(entry.value, path) { kafka.prefix = text }
      case "topics":
        for topic in reader.group(entry.value, path) ?? [] {
          guard topic.key == "frames" else {
            reader.unknown(topic, path, known: ["frames"])
            continue
          }
          if case .scalar("off", _) = topic.value.content {
            kafka.framesTopic = nil
          } else if let name = topicName(topic.value, "\(path).frames") {
            kafka.framesTopic = name
          }
        }
      case "properties": properties(entry.value, path, &kafka)
      case "secrets": secrets(entry.value, path, &kafka)
      default:
        reader.unknown(
          entry, "kafka", known: ["brokers", "prefix", "topics", "properties", "secrets"])
      }
    }
    for (property, _) in kafka.secretFiles where kafka.properties[property] != nil {
      reader.fail(
        node.place, path, "\"\(property)\" is set both under properties and under secrets")
    }
  }

  private mutating func brokers(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    let items: [YAMLNode]
    switch node.content {
    case .sequence(let list): items = list
    case .scalar(let text, let isQuoted):
      items = text.split(separator: ",").map {
        var item = node
        item.content = .scalar(String($0.drop { $0 == " " }), isQuoted: isQuoted)
        return item
      }
    case .mapping: items = [node]
    }
    guard !items.isEmpty else {
      reader.fail(node.place, path, "no broker is named; give host:port, or a list of them")
      return
    }
    kafka.brokers = []
    for item in items {
      guard let text = reader.text(item, path) else { continue }
      let port = text.hasSuffix("]") ? nil : text.split(separator: ":").dropFirst().last
      let isPlain = text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != 44 && $0 != 47 }
      guard isPlain, port.map({ (1...65_535).contains(Int($0) ?? 0) }) ?? !text.hasSuffix(":")
      else {
        reader.fail(
          item.place, path, "\(item.kindName) is no broker; give host:port, such as kafka-1:9092")
        continue
      }
      kafka.brokers.append(text)
    }
  }

  private mutating func topicName(_ node: YAMLNode, _ path: String) -> String? {
    guard let text = reader.text(node, path) else { return nil }
    guard SettingsDecoder.isName(text), text != ".", text != ".." else {
      reader.fail(
        node.place, path,
        "\(node.kindName) is no topic name; use 1 to 63 of letters, digits, '.', '_' and '-'")
      return nil
    }
    return text
  }

  private mutating func properties(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      guard let text = reader.text(entry.value, path) else { continue }
      if let instead = Self.ownProperties[entry.key] {
        reader.fail(entry.keyPlace, path, "the agent sets this itself; use \(instead)")
      } else if Self.secretProperties.contains(entry.key) {
        reader.fail(
          entry.keyPlace, path,
          "a secret does not belong here; write it to a file and name that under kafka.secrets")
      } else if entry.key == "acks" || entry.key == "request.required.acks", text == "0" {
        reader.fail(
          entry.value.place, path,
          "without acknowledgements no frame's fate is known; give all, or 1 if you must")
      } else {
        kafka.properties[entry.key] = text
      }
    }
  }

  private mutating func secrets(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      guard let text = reader.text(entry.value, path) else { continue }
      let file = text.hasPrefix("/") ? text : "\(folder)/\(text)"
      var status = stat()
      if unsafe access(file, R_OK) != 0 {
        reader.fail(
          entry.value.place, path,
          "\(file) cannot be read: \(unsafe String(cString: strerror(errno)))")
      } else if unsafe stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        reader.fail(entry.value.place, path, "\(file) is a folder; name the file with the secret")
      } else if status.st_mode & 0o007 != 0 {
        reader.warn(
          entry.value.place, path, "everybody on this box can read \(file); chmod 640 it")
      }
      kafka.secretFiles[entry.key] = file
    }
  }
}
