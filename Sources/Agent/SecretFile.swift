import CPosix
import Glibc
package import Settings

/// A secret in a file of its own: a password, without the newline that editors add.
package enum SecretFile {
  private static let bytesMax = 64 << 10

  /// The values of librdkafka's properties that are secrets.
  package static func secrets(of kafka: KafkaSettings) throws(AgentError) -> [String: String] {
    var secrets: [String: String] = [:]
    for (property, file) in kafka.secretFiles {
      guard let secret = read(file) else {
        throw AgentError(
          "kafka.secrets.\(property): \(file) cannot be read, or is empty", .configuration)
      }
      secrets[property] = secret
    }
    return secrets
  }

  static func read(_ path: String) -> String? {
    let fd = unsafe vp_open_file(path)
    guard fd >= 0 else { return nil }
    defer { _ = close(fd) }
    var bytes = [UInt8](repeating: 0, count: bytesMax)
    let count = unsafe Glibc.read(fd, &bytes, bytes.count)
    guard count > 0 else { return nil }
    var text = String(decoding: bytes.prefix(count), as: UTF8.self)
    while let last = text.last, last.isNewline { text.removeLast() }
    return text.isEmpty ? nil : text
  }
}
