import Foundation
import Paths
import Settings
import Status
import Testing

@testable import Agent

/// Secrets in files of their own, and what it means that they cannot be read.
@Suite struct SecretFileTests {
  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "secret-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  @Test func `A secret is what its file holds, without the end of the line`() throws {
    let path = try folder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "hunter2\r\n\n".write(toFile: "\(path)/s", atomically: true, encoding: .utf8)
    #expect(try SecretFile.read("\(path)/s", "kafka.secrets.x") == "hunter2")
  }

  /// The memory of a process cannot be read at its beginning: an I/O error.
  @Test(arguments: [
    ("/proc/self/mem", AgentError.Kind.temporary, "Input/output error"),
    ("/nowhere/secret", .configuration, "No such file"), ("/dev/null", .configuration, "regular"),
    ("/etc", .configuration, "directory"),
  ])
  func `What may pass is no wrong configuration`(
    path: String, kind: AgentError.Kind, words: String
  ) throws {
    var kafka = KafkaSettings()
    kafka.secretFiles = ["sasl.password": path]
    var status = StatusSettings()
    status.tokenFile = path
    let errors = [
      #expect(throws: AgentError.self) { try SecretFile.secrets(in: kafka.secretFiles) },
      #expect(throws: AgentError.self) { try AccessControl.of(StatusAssembly(status)) },
    ]
    for error in errors {
      #expect(error?.kind == kind && error?.description.contains(words) == true, "\(error as Any)")
    }
  }

  @Test func `An empty file is a wrong configuration`() throws {
    let path = try folder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "\n".write(toFile: "\(path)/s", atomically: true, encoding: .utf8)
    let error = #expect(throws: AgentError.self) { try SecretFile.read("\(path)/s", "k") }
    #expect(error?.kind == .configuration && error?.description == "k: \(path)/s is empty")
  }

  @Test(arguments: [
    (EIO, true), (EMFILE, true), (ENFILE, true), (ENOMEM, true), (ESTALE, true), (ENOENT, false),
    (EACCES, false), (EISDIR, false), (ELOOP, false), (ENOTSUP, false),
  ])
  func `Each reason for which a file cannot be read is one to try again or to mend`(
    code: Int32, isTemporary: Bool
  ) {
    #expect(FileFault(code).isTemporary == isTemporary)
  }
}
