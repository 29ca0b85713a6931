import CPosix
import Glibc
import Paths
import YAML

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

  mutating func kafka(_ node: YAMLNode, _ parent: String, _ kafka: inout KafkaSettings) {
    // Secrets last: they are checked against the properties.
    let entries = reader.group(node, parent) ?? []
    var places: [Topic: YAMLNode.Place] = [:]
    for entry in entries.filter({ $0.key != "secrets" }) + entries.filter({ $0.key == "secrets" }) {
      let path = "\(parent).\(entry.key)"
      switch entry.key {
      case "brokers": brokers(entry.value, path, &kafka)
      case "prefix":
        if let text = prefix(entry.value, path) { kafka.prefix = text }
      case "topics": topics(entry.value, path, &kafka, &places)
      case "properties": properties(entry.value, path, &kafka)
      case "secrets": secrets(entry.value, path, &kafka)
      default:
        reader.unknown(
          entry, parent, known: ["brokers", "prefix", "topics", "properties", "secrets"])
      }
    }
    check(kafka, places, node.place, parent)
  }

  private mutating func topics(
    _ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings,
    _ places: inout [Topic: YAMLNode.Place]
  ) {
    for topic in reader.group(node, path) ?? [] {
      guard let known = topics.first(where: { $0.rawValue == topic.key }) else {
        reader.unknown(topic, path, known: topics.map(\.rawValue))
        continue
      }
      places[known] = topic.value.place
      if Self.isOff(topic.value) {
        kafka.topics[known] = nil
      } else if Self.isOn(topic.value) {
        kafka.topics[known] = known.rawValue
      } else if let text = topicName(topic.value, "\(path).\(topic.key)") {
        kafka.topics[known] = text
      }
    }
  }

  /// What can be seen when all names are known: none is too long with its prefix, and no two are one.
  private mutating func check(
    _ kafka: KafkaSettings, _ places: [Topic: YAMLNode.Place], _ place: YAMLNode.Place,
    _ path: String
  ) {
    var owners: [String: Topic] = [:]
    // Those that were named last, so that an error stands where somebody wrote.
    for topic in topics.filter({ places[$0] == nil }) + topics.filter({ places[$0] != nil }) {
      guard let name = kafka.name(of: topic) else { continue }
      let (place, path) = (places[topic] ?? place, "\(path).topics.\(topic.rawValue)")
      if name.utf8.count > Self.topicBytesMax {
        reader.fail(
          place, path,
          "with its prefix this is longer than the \(Self.topicBytesMax) letters of a topic's name")
      }
      if let owner = owners[name] {
        reader.fail(
          place, path,
          "\(name) is the topic of \(owner.rawValue) already; give each a topic of its own")
      }
      owners[name] = owners[name] ?? topic
    }
  }

  /// Kafka's rule.
  private static let topicBytesMax = 249

  private mutating func brokers(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    var items: [YAMLNode] = []
    switch node.content {
    case .sequence(let list): items = list
    case .scalar(let text, let isQuoted):
      guard !node.isEmpty else { break }
      items = text.split(separator: ",").map {
        var item = node
        let name = $0.drop { $0 == " " }
        let blanks = name.reversed().prefix { $0 == " " }.count
        item.content = .scalar(String(name.dropLast(blanks)), isQuoted: isQuoted)
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
      guard let text = reader.text(item, path, "host:port") else { continue }
      guard Self.isBroker(text) else {
        reader.fail(
          item.place, path, "\(item.kindName) is no broker; give host:port, such as kafka-1:9092")
        continue
      }
      kafka.brokers.append(text)
    }
  }

  /// `host`, `host:port`, `[::1]` or `[::1]:port`.
  private static func isBroker(_ text: String) -> Bool {
    let host: Substring
    let rest: Substring
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<end]
      rest = text[text.index(after: end)...]
      guard host.utf8.allSatisfy({ isNameByte($0) || $0 == 58 || $0 == 37 }) else { return false }
    } else {
      host = text.prefix { $0 != ":" }
      rest = text[host.endIndex...]
      guard host.utf8.allSatisfy(isNameByte) else { return false }
    }
    guard !host.isEmpty, !rest.isEmpty else { return !host.isEmpty }
    let port = rest.dropFirst()
    return rest.first == ":" && port.utf8.count <= 5
      && port.utf8.allSatisfy { (48...57).contains($0) }
      && (1...65_535).contains(Int(port) ?? 0)
  }

  private mutating func topicName(_ node: YAMLNode, _ path: String) -> String? {
    guard let text = reader.text(node, path) else { return nil }
    guard !text.isEmpty, text.utf8.count <= Self.topicBytesMax, text != ".", text != "..",
      text.utf8.allSatisfy(Self.isNameByte)
    else {
      reader.fail(
        node.place, path,
        "\(node.kindName) is no topic name; use 1 to \(Self.topicBytesMax) of letters, digits, '.', '_' and '-'"
      )
      return nil
    }
    return text
  }

  private mutating func prefix(_ node: YAMLNode, _ path: String) -> String? {
    guard !Self.isOff(node), !Self.isOn(node) else {
      reader.fail(
        node.place, path, "\(node.kindName) is no prefix; give a name, or leave the key out")
      return nil
    }
    return topicName(node, path)
  }

  private mutating func properties(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      guard !isOwn(entry, path) else { continue }
      if Self.secretProperties.contains(entry.key) {
        reader.fail(
          entry.keyPlace, path,
          "a secret does not belong here; write it to a file and name that under kafka.secrets")
        continue
      }
      guard let text = value(entry.value, path) else { continue }
      if ["acks", "request.required.acks"].contains(entry.key), Int(text) == 0 {
        reader.fail(
          entry.value.place, path,
          "without acknowledgements no frame's fate is known; give all, or 1 if you must")
      } else {
        kafka.properties[entry.key] = text
        checkFile(entry.key, text, entry.value.place, path)
      }
    }
  }

  /// Properties that name a file, which librdkafka opens when it connects, and would wait for where it is a FIFO.
  private static let fileProperties: Set<String> = [
    "ssl.ca.location", "ssl.certificate.location", "ssl.crl.location", "ssl.engine.location",
    "ssl.key.location", "ssl.keystore.location", "sasl.kerberos.keytab",
  ]
  /// Those of them whose file is a secret.
  private static let secretFileProperties: Set<String> = [
    "ssl.key.location", "ssl.keystore.location", "sasl.kerberos.keytab",
  ]

  private mutating func checkFile(
    _ property: String, _ file: String, _ place: YAMLNode.Place, _ path: String
  ) {
    guard Self.fileProperties.contains(property) else { return }
    // A certificate authority may be a folder of certificates; what is missing librdkafka tells of.
    if Self.isStrange(file) {
      reader.fail(place, path, "\(file.quoted) is not a regular file")
    } else if Self.secretFileProperties.contains(property), Self.isShared(file) {
      reader.warn(place, path, "everybody on this box can read \(file.quoted); chmod 640 it")
    }
  }

  private mutating func isOwn(_ entry: YAMLNode.Entry, _ path: String) -> Bool {
    guard let instead = Self.ownProperties[entry.key] else { return false }
    reader.fail(entry.keyPlace, path, "the agent sets this itself; use \(instead)")
    return true
  }

  /// A property's value: like other text, but certificates have lines.
  private mutating func value(_ node: YAMLNode, _ path: String) -> String? {
    if case .scalar(let text, _) = node.content, text.contains("\n") { return text }
    return reader.text(node, path)
  }

  private mutating func secrets(_ node: YAMLNode, _ path: String, _ kafka: inout KafkaSettings) {
    for entry in reader.group(node, path) ?? [] {
      let path = "\(path).\(entry.key)"
      guard !isOwn(entry, path) else { continue }
      guard kafka.properties[entry.key] == nil else {
        reader.fail(entry.keyPlace, path, "this is set under kafka.properties, too; give one")
        continue
      }
      guard let text = reader.text(entry.value, path, "a file's path") else { continue }
      let file = secretPath(text)
      checkSecret(
        file, isPath: text.contains("/") || text.hasPrefix("credential:"), entry.value.place, path)
      kafka.secretFiles[entry.key] = file
    }
  }

  /// A file that holds a secret: as it is written, beside the configuration, or as systemd hands it over
  /// (`credential:NAME`, see systemd.exec(5), LoadCredential).
  func secretPath(_ text: String) -> String {
    let scheme = "credential:"
    if text.hasPrefix(scheme) {
      let credentials = unsafe getenv("CREDENTIALS_DIRECTORY").map {
        unsafe String(pathPointer: $0)
      }
      return "\(credentials ?? "/run/credentials/vedetted.service")/\(text.dropFirst(scheme.count))"
    }
    return text.hasPrefix("/") ? text : "\(folder)/\(text)"
  }

  /// - Parameter isPath: false where what was written may be the secret itself, which must not be told.
  mutating func checkSecret(
    _ file: String, isPath: Bool, _ place: YAMLNode.Place, _ path: String
  ) {
    var status = stat()
    guard unsafe vp_access(file, R_OK) == 0, unsafe vp_stat(file, &status) == 0 else {
      let reason = FileFault.last
      // Whoever reads it finds out whether it has passed.
      guard !reason.isTemporary else { return }
      let name = isPath ? file.quoted : "the file"
      let hint = isPath ? "" : "; give the path of the file that holds the secret, not the secret"
      reader.fail(place, path, "\(name) cannot be read: \(reason)\(hint)")
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      reader.fail(place, path, "\(file.quoted) is a folder; name the file with the secret")
    case S_IFREG where status.st_size == 0:
      reader.fail(place, path, "\(file.quoted) is empty; write the secret into it")
    case S_IFREG where status.st_mode & 0o006 != 0:
      let what = status.st_mode & 0o002 != 0 ? "change" : "read"
      reader.warn(place, path, "everybody on this box can \(what) \(file.quoted); chmod 640 it")
    case S_IFIFO, S_IFSOCK:
      reader.fail(place, path, "\(file.quoted) is not a regular file")
    default: break
    }
  }
}
