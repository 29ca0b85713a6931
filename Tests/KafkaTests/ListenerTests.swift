import Foundation
import Synchronization
import Testing

@testable import Kafka

/// What a client says of a listener that wants it to log in, tried on one that speaks as much of the protocol as that takes.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ListenerTests {
  /// Answers which versions it knows and which logins, refuses each login, and hangs up on whoever asks for anything else, as
  /// a broker's SASL listener does.
  private final class Listener: Sendable {
    private let descriptor: Int32
    let address: String

    init() throws {
      let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isListening = unsafe withUnsafeMutablePointer(to: &name) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          unsafe bind(made, pointer, length) == 0 && listen(made, 16) == 0
            && getsockname(made, pointer, &length) == 0
        }
      }
      try #require(isListening)
      descriptor = made
      address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
      Thread {
        while true {
          let connection = accept(made, nil, nil)
          guard connection >= 0 else { return }
          Thread {
            while let request = Self.request(connection),
              let answer = Self.answer(request), Self.send(connection, answer)
            {}
            close(connection)
          }.start()
        }
      }.start()
    }

    deinit {
      shutdown(descriptor, Int32(SHUT_RDWR))
      close(descriptor)
    }

    private static func read(_ connection: Int32, _ count: Int) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: count)
      var done = 0
      while done < count {
        let got = unsafe bytes.withUnsafeMutableBytes {
          unsafe recv(connection, $0.baseAddress.map { unsafe $0 + done }, count - done, 0)
        }
        guard got > 0 else { return nil }
        done += got
      }
      return bytes
    }

    private static func request(_ connection: Int32) -> [UInt8]? {
      guard let head = read(connection, 4) else { return nil }
      let count = head.reduce(0) { $0 << 8 | Int($1) }
      return (8...65_536).contains(count) ? read(connection, count) : nil
    }

    private static func send(_ connection: Int32, _ answer: [UInt8]) -> Bool {
      let framed = (0..<4).map { UInt8(truncatingIfNeeded: answer.count >> (24 - 8 * $0)) } + answer
      return unsafe Glibc.send(connection, framed, framed.count, Int32(MSG_NOSIGNAL))
        == framed.count
    }

    /// Nil to hang up.
    private static func answer(_ request: [UInt8]) -> [UInt8]? {
      let kind = Int(request[0]) << 8 | Int(request[1])
      let version = Int(request[2]) << 8 | Int(request[3])
      let identity = Array(request[4..<8])
      func words(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + Array(text.utf8) }
      switch kind {
      // ApiVersions: Metadata, SaslHandshake, ApiVersions and SaslAuthenticate, each with its versions.
      case 18:
        let known: [[UInt8]] = [[3, 0, 2], [17, 0, 1], [18, 0, 3], [36, 0, 0]]
        let keys = known.map { [0, $0[0], 0, $0[1], 0, $0[2]] as [UInt8] }
        if version >= 3 {
          return identity + [0, 0, UInt8(keys.count + 1)] + keys.flatMap { $0 + [0] }
            + [0, 0, 0, 0, 0]
        }
        return identity + [0, 0, 0, 0, 0, UInt8(keys.count)] + keys.flatMap { $0 }
          + (version > 0 ? [0, 0, 0, 0] : [])
      // SaslHandshake: PLAIN alone; else UNSUPPORTED_SASL_MECHANISM.
      case 17:
        let isKnown = request.suffix(7) == words("PLAIN")[...]
        return identity + [0, isKnown ? 0 : 33, 0, 0, 0, 1] + words("PLAIN")
      // SaslAuthenticate: SASL_AUTHENTICATION_FAILED.
      case 36: return identity + [0, 58] + words("Authentication failed") + [0, 0, 0, 0]
      default: return nil
      }
    }
  }

  /// The most telling error of the first that come.
  private func cause(
    _ listener: Listener, _ properties: [String: String], _ secrets: [String: String] = [:],
    until words: String
  ) throws -> KafkaError {
    let producer = try Producer(
      brokers: [listener.address], properties: properties, secrets: secrets)
    producer.events(within: 60, "nothing says \(words)") { _ in
      producer.news.cause?.description.contains(words) == true
    }
    return try #require(producer.news.cause)
  }

  @Test func `A listener that wants a login tells who comes without one`() throws {
    let error = try cause(Listener(), [:], until: "SASL")
    #expect(
      error.description.contains(
        "verify that security.protocol is correctly configured, broker might require SASL authentication"
      ), "\(error)")
    #expect(error.precision == .cause)
  }

  @Test func `A login that is refused says what to check, and not the password`() throws {
    let error = try cause(
      Listener(),
      ["security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "box-1"],
      ["sasl.password": "hunter2"], until: "Authentication failed")
    #expect(error.kind == .refused && error.isTelling)
    #expect(error.description.contains("check sasl.mechanism, sasl.username"), "\(error)")
    #expect(!error.description.contains("hunter2"))
  }

  @Test func `A mechanism that the listener does not have is told`() throws {
    let error = try cause(
      Listener(),
      [
        "security.protocol": "sasl_plaintext", "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "box-1",
      ], ["sasl.password": "hunter2"], until: "SCRAM-SHA-256")
    #expect(error.kind == .refused, "\(error)")
    #expect(error.description.contains("PLAIN"), "\(error)")
  }
}
