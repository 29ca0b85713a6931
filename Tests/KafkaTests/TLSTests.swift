import Foundation
import Testing

@testable import Kafka

/// What a client says of a broker that it cannot speak with, tried on OpenSSL's own server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct TLSTests {
  /// Two authorities, and what they signed.
  private final class Certificates {
    let folder = NSTemporaryDirectory() + "tls-\(UUID().uuidString)"

    init() throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let script = """
        set -e; cd '\(folder)'
        ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 30 -subj /CN=$1; }
        signed() {
          openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=$1
          printf 'subjectAltName=DNS:%s\\n' $3 > $1.ext
          openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -out $1.pem -days 30 -extfile $1.ext
        }
        ca ours; ca others
        signed broker ours localhost; signed elsewhere ours elsewhere.example
        signed client ours client; signed stranger others stranger
        """
      let made = Process()
      made.executableURL = URL(fileURLWithPath: "/bin/sh")
      made.arguments = ["-c", script]
      made.standardError = FileHandle.nullDevice
      made.standardOutput = FileHandle.nullDevice
      try made.run()
      made.waitUntilExit()
      try #require(made.terminationStatus == 0, "openssl is needed")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func client(_ name: String?, trusting authority: String = "ours") -> [String: String] {
      var properties = [
        "security.protocol": "ssl", "ssl.ca.location": "\(folder)/\(authority).pem",
      ]
      if let name {
        properties["ssl.certificate.location"] = "\(folder)/\(name).pem"
        properties["ssl.key.location"] = "\(folder)/\(name).key"
      }
      return properties
    }
  }

  /// `openssl s_server`, which speaks TLS and no Kafka.
  private final class Server {
    private let process = Process()
    private let input = Pipe()
    private(set) var address = ""

    init(_ certificates: Certificates, _ name: String = "broker", _ more: [String] = []) throws {
      let output = Pipe()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
      process.arguments =
        ["s_server", "-accept", "0", "-cert", "\(name).pem", "-key", "\(name).key"] + more
      process.currentDirectoryURL = URL(fileURLWithPath: certificates.folder)
      process.standardInput = input
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      var text = ""
      while address.isEmpty {
        let data = output.fileHandleForReading.availableData
        try #require(!data.isEmpty, "openssl s_server ended: \(text)")
        text += String(decoding: data, as: UTF8.self)
        if let port = text.firstMatch(of: #/ACCEPT .*:(\d+)\n/#)?.1 {
          address = "localhost:\(port)"
        }
      }
      // It stops where nobody reads what it tells.
      output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    deinit {
      // Other tests may have this process, and so its children, ignore what asks them to end.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }

  /// What a producer and a consumer say in the end of brokers that they do not come to.
  private func causes(_ address: String, _ properties: [String: String]) throws -> [KafkaError] {
    let producer = try Producer(brokers: [address], properties: properties)
    return try [
      cause {
        _ = try producer.await(topic: "t", patienceMilliseconds: 0, timeoutMilliseconds: 1000)
      },
      cause {
        _ = try Consumer(
          brokers: [address], topic: "t", properties: properties, timeoutMilliseconds: 1000)
      },
    ]
  }

  /// On a busy machine the first attempts may end before the server has answered.
  private func cause(_ body: () throws -> Void) throws -> KafkaError {
    var last: KafkaError?
    for _ in 0..<10 where last?.precision ?? .none < .cause {
      last = #expect(throws: KafkaError.self) { try body() }
    }
    return try #require(last)
  }

  private static let ofClient = "the broker does not accept this client's certificate"
  /// Brokers that want a certificate of `ours`.
  private static let strict = ["-Verify", "1", "-verify_return_error", "-CAfile", "ours.pem"]
  private static let day = 86_400

  private static func at(_ days: Int) -> [String] {
    ["-attime", "\(Int(Date().timeIntervalSince1970) + days * day)"]
  }

  @Test func `A certificate of another authority, and one of another host, are told apart`() throws
  {
    let certificates = try Certificates()
    let server = try Server(certificates)
    for error in try causes(server.address, certificates.client(nil, trusting: "others")) {
      let text = error.description
      #expect(error.precision >= .cause, "\(text)")
      #expect(text.contains("is of a CA that this box does not trust"), "\(text)")
      #expect(text.contains("ssl.ca.location") && !text.contains("host name"), "\(text)")
    }
    let other = try Server(certificates, "elsewhere")
    for error in try causes(other.address, certificates.client(nil)) {
      let text = error.description
      #expect(error.precision >= .cause, "\(text)")
      #expect(text.contains("does not bear its host name, localhost"), "\(text)")
      #expect(text.contains("subjectAltName"), "\(text)")
      #expect(!text.contains("ssl.ca.location"), "\(text)")
    }
  }

  @Test(
    arguments: [
      (nil, [], "alert number 116"), ("stranger", [], "alert number 48"),
      ("client", at(90), "alert number 45"), ("client", at(-90), "alert number 42"),
      ("client", ["-policy_check", "-explicit_policy"], "alert number 46"),
      ("stranger", ["-no_tls1_3"], "alert number 48"),
    ] as [(String?, [String], String)])
  func `A certificate of ours that the broker does not accept is told as such`(
    client: String?, server options: [String], alert: String
  ) throws {
    let certificates = try Certificates()
    let server = try Server(certificates, "broker", Self.strict + options)
    for error in try causes(server.address, certificates.client(client)) {
      let text = error.description
      #expect(error.precision >= .cause, "\(text)")
      #expect(text.contains(alert) && text.contains(Self.ofClient), "\(text)")
    }
  }

  @Test func `A client without a certificate is told so by brokers with the older TLS, too`() throws
  {
    let certificates = try Certificates()
    let server = try Server(certificates, "broker", Self.strict + ["-no_tls1_3"])
    for error in try causes(server.address, certificates.client(nil)) {
      #expect(error.description.contains("it may want a client's certificate"), "\(error)")
    }
  }

  @Test func `TLS where there is none, and none where there is, are told`() throws {
    let certificates = try Certificates()
    let plain = try MockCluster()
    for error in try causes(plain.bootstrapServers, certificates.client(nil)) {
      #expect(error.precision >= .cause, "\(error)")
      #expect(error.description.contains("does not speak TLS"), "\(error)")
    }
    let server = try Server(certificates)
    for error in try causes(server.address, [:]) {
      #expect(error.precision >= .cause, "\(error)")
      #expect(error.description.contains("security.protocol"), "\(error)")
    }
  }

  @Test(arguments: [
    ("127.0.0.1:1", "Connection refused"), ("nowhere.invalid:9092", "the box's DNS"),
  ])
  func `A port that is closed and a name that is unknown are told`(
    address: String, words: String
  ) throws {
    for error in try causes(address, [:]) {
      #expect(error.precision >= .cause && error.description.contains(words), "\(error)")
    }
  }

  @Test func `With verification switched off nothing is looked at`() throws {
    let certificates = try Certificates()
    let server = try Server(certificates, "elsewhere")
    var properties = certificates.client(nil, trusting: "others")
    properties["enable.ssl.certificate.verification"] = "false"
    for error in try causes(server.address, properties) {
      #expect(!error.description.contains("certificate"), "\(error)")
    }
  }
}
