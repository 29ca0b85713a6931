import Foundation
import Testing
import YAML

@testable import Settings

@Suite struct KafkaErrorTests {
  private static func broker(_ text: String) -> Fault {
    .below(
      "kafka: {brokers: '\(text)'}", 18,
      "kafka.brokers: \"\(text)\" is no broker; give host:port, such as kafka-1:9092")
  }

  private static func secret(_ property: String) -> Fault {
    Fault(
      text: Fault.camera + "kafka:\n  properties:\n    \(property): hunter2\n", line: 4, column: 5,
      message:
        "kafka.properties.\(property): a secret does not belong here; write it to a file and name that under kafka.secrets"
    )
  }

  private static func own(_ property: String, _ instead: String) -> Fault {
    .below(
      "kafka: {properties: {\(property): x}}", 22,
      "kafka.properties.\(property): the agent sets this itself; use \(instead)")
  }

  static let faults: [Fault] = [
    .below("kafka: [a]", 8, "kafka: a group of keys belongs here, not a list"),
    .below("kafka: {broker: a}", 9, "kafka: there is no key \"broker\"; did you mean \"brokers\"?"),
    .below(
      "kafka: {brokers: []}", 18,
      "kafka.brokers: no broker is named; give host:port, or a list of them"),
    .below(
      "kafka: {brokers: ''}", 18,
      "kafka.brokers: no broker is named; give host:port, or a list of them"),
    .below(
      "kafka: {brokers: {host: a}}", 18,
      "kafka.brokers: host:port belongs here, not a group of keys"),
    .below(
      "kafka: {brokers: [a:1, b:0]}", 24,
      "kafka.brokers: \"b:0\" is no broker; give host:port, such as kafka-1:9092"),
    broker("host:99999"), broker("host:"), broker(":9092"), broker("host:port"), broker("a:+1"),
    broker("http://host:9092"), broker("a b:1"), broker("a:1:2"), broker("[::1"), broker("[]:1"),
    broker("[::1]9092"), broker("::1"),
    .below(
      "kafka: {prefix: a/b}", 17,
      "kafka.prefix: \"a/b\" is no topic name; use 1 to 249 of letters, digits, '.', '_' and '-'"),
    .below(
      "kafka: {topics: {frames: ..}}", 26,
      "kafka.topics.frames: \"..\" is no topic name; use 1 to 249 of letters, digits, '.', '_' and '-'"
    ),
    .below(
      "kafka: {topics: {event: a}}", 18,
      "kafka.topics: there is no key \"event\"; did you mean \"events\"?"),
    secret("sasl.password"), secret("ssl.key.password"), secret("ssl.keystore.password"),
    secret("ssl.key.pem"), secret("sasl.oauthbearer.client.secret"),
    own("bootstrap.servers", "kafka.brokers"), own("metadata.broker.list", "kafka.brokers"),
    own("log.queue", "nothing: the agent needs it as it is"),
    own("test.mock.num.brokers", "vedette demo, which starts a broker of its own"),
    .below(
      "kafka: {secrets: {bootstrap.servers: /dev/null}}", 19,
      "kafka.secrets.bootstrap.servers: the agent sets this itself; use kafka.brokers"),
    .below(
      "kafka: {properties: {acks: 0}}", 28,
      "kafka.properties.acks: without acknowledgements no frame's fate is known; give all, or 1 if you must"
    ),
    .below(
      "kafka: {properties: {request.required.acks: '00'}}", 45,
      "kafka.properties.request.required.acks: without acknowledgements no frame's fate is known; give all, or 1 if you must"
    ),
    .below(
      "kafka: {properties: {linger.ms: [5]}}", 33,
      "kafka.properties.linger.ms: text belongs here, not a list"),
    .below(
      "kafka: {properties: [a]}", 21,
      "kafka.properties: a group of keys belongs here, not a list"),
    .below(
      "kafka: {secrets: {sasl.username: /dev/null}, properties: {sasl.username: b}}", 19,
      "kafka.secrets.sasl.username: this is set under kafka.properties, too; give one"),
    .below(
      "kafka: {secrets: {sasl.password: /nonexistent/secret}}", 34,
      "kafka.secrets.sasl.password: \"/nonexistent/secret\" cannot be read: No such file or directory"
    ),
    .below(
      "kafka: {secrets: {sasl.password: /tmp}}", 34,
      "kafka.secrets.sasl.password: \"/tmp\" is a folder; name the file with the secret"),
    .below(
      "kafka: {secrets: {sasl.password: []}}", 34,
      "kafka.secrets.sasl.password: a file's path belongs here, not a list"),
  ]

  @Test(arguments: faults) func `A fault of Kafka's part is told with its remedy`(fault: Fault) {
    fault.verify()
  }

  @Test func `A secret in the place of its file is not told`() {
    #expect(
      SettingsTests.faults(Fault.camera + "kafka: {secrets: {sasl.password: hunter2}}") == [
        "v.yaml:2:34: kafka.secrets.sasl.password: the file cannot be read: No such file or directory; give the path of the file that holds the secret, not the secret"
      ])
  }

  @Test func `A secret's file must hold something, and should not be open to all`() throws {
    let folder = try Folder()
    let main = try folder.write(
      "vedette.yaml", Fault.camera + "kafka: {secrets: {sasl.password: password}}")
    let secret = try folder.write("password", "")
    let error = #expect(throws: SettingsError.self) { try SettingsLoader.load(path: main) }
    #expect(
      error?.description
        == "\(main):2:34: kafka.secrets.sasl.password: \(secret.quoted) is empty; write the secret into it"
    )
    _ = try folder.write("password", "hunter2\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: secret)
    let loaded = try SettingsLoader.load(path: main)
    #expect(loaded.settings.kafka.secretFiles == ["sasl.password": secret])
    #expect(
      loaded.warnings.map(\.description) == [
        "\(main):2:34: kafka.secrets.sasl.password: everybody on this box can read \(secret.quoted); chmod 640 it"
      ])
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: secret)
    #expect(try SettingsLoader.load(path: main).warnings.isEmpty)
  }

  @Test(arguments: [
    ("kafka-1", ["kafka-1"]), ("a:1, b:65535 ,c", ["a:1", "b:65535", "c"]),
    ("'[::1]:9092'", ["[::1]:9092"]), ("'[fe80::1%eth0]'", ["[fe80::1%eth0]"]),
    ("[a_b.example:9092]", ["a_b.example:9092"]), ("[10.0.0.1:9092, x]", ["10.0.0.1:9092", "x"]),
  ])
  func `Brokers are one string or a list`(text: String, brokers: [String]) throws {
    #expect(
      try parsed(Fault.camera + "kafka:\n  brokers: \(text)\n").settings.kafka.brokers == brokers)
  }

  @Test func `Properties are set through as they are written`() throws {
    let settings = try parsed(
      Fault.camera + """
        kafka:
          topics: {frames: Off}
          properties:
            linger.ms: 5
            enable.idempotence: true
            acks: all
            compression.level: -1
            ssl.ca.pem: |
              -----BEGIN CERTIFICATE-----
              x
        """
    ).settings
    #expect(settings.kafka.name(of: .frames) == nil)
    #expect(
      settings.kafka.properties == [
        "linger.ms": "5", "enable.idempotence": "true", "acks": "all", "compression.level": "-1",
        "ssl.ca.pem": "-----BEGIN CERTIFICATE-----\nx",
      ])
  }
}
