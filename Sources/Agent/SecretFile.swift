import Paths
import Settings

/// A secret in a file of its own: a password, without the newline that editors add.
package enum SecretFile {
  private static let bytesMax = 64 << 10

  /// The values of librdkafka's properties that are secrets.
  package static func secrets(
    in files: [String: String]
  ) throws(AgentError) -> [String: String] {
    var secrets: [String: String] = [:]
    for (property, file) in files.sorted(by: { $0.key < $1.key }) {
      secrets[property] = try read(file, "kafka.secrets.\(property)")
    }
    return secrets
  }

  /// - Parameter key: of the configuration, for the error.
  static func read(_ path: String, _ key: String) throws(AgentError) -> String {
    let text: String
    do throws(FileFault) {
      text = try read(path)
    } catch {
      throw AgentError(
        "\(key): \(path) cannot be read: \(error)",
        error.isTemporary ? .temporary : .configuration)
    }
    guard !text.isEmpty else { throw AgentError("\(key): \(path) is empty", .configuration) }
    return text
  }

  private static func read(_ path: String) throws(FileFault) -> String {
    let bytes = try WholeFile.read(path, bytesMax: bytesMax)
    var text = String(decoding: bytes, as: UTF8.self)
    while let last = text.last, last.isNewline { text.removeLast() }
    return text
  }
}
