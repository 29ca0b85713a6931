import Foundation
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: ["vedetted", "vedette"])
  func `A wrong configuration is told with file and line, and exits 78`(name: String) throws {
    let folder = try Folder()
    let file = try folder.write(
      "vedette.yaml", Array("cameras:\n  front:\n    device: /dev/video0\n    qualty: 80\n".utf8))
    let program = try Program(
      name, name == "vedette" ? ["check", file] : ["--config", file, "--check"])
    #expect(program.end() == 78)
    #expect(program.log.contains("\(file):4:5: "))
    #expect(program.log.contains("did you mean \"quality\"?"))
  }

  @Test func `A missing configuration is told`() throws {
    let program = try Program("vedetted", ["--config", "/nonexistent/vedette.yaml"])
    #expect(program.wait(within: 10))
    #expect(program.process.terminationStatus == 78)
    #expect(program.log.contains("/nonexistent/vedette.yaml:1:1: cannot be opened: No such file"))
  }

  @Test func `A property that librdkafka does not know is told by name`() throws {
    let folder = try Folder()
    let file = try folder.write(
      "vedette.yaml",
      Array("kafka: {properties: {no.such.thing: 1}}\ncameras: {a: {replay: /tmp}}\n".utf8))
    let program = try Program("vedetted", ["--config", file])
    #expect(program.wait(within: 10))
    #expect(program.process.terminationStatus == 78)
    #expect(program.log.contains("kafka.properties.no.such.thing"))
  }

  @Test(arguments: ["vedetted", "vedette"])
  func `What librdkafka will not take is told by a check`(
    name: String
  ) throws {
    let folder = try Folder()
    try folder.write("empty", Array("\n".utf8))
    func check(_ kafka: String) throws -> Program {
      let file = try folder.write(
        "vedette.yaml", Array("kafka: {\(kafka)}\ncameras: {a: {replay: /tmp}}\n".utf8))
      let program = try Program(
        name, name == "vedette" ? ["check", file] : ["--config", file, "--check"])
      #expect(program.wait(within: 20))
      return program
    }
    let unknown = try check(
      "properties: {no.such.thing: 1, linger.ms: soon, client.id: box}, secrets: {sasl.password: empty}"
    )
    #expect(unknown.process.terminationStatus == 78)
    #expect(unknown.log.contains("/vedette.yaml: kafka.properties.linger.ms: "))
    #expect(unknown.log.contains("/vedette.yaml: kafka.properties.no.such.thing: "))
    #expect(
      unknown.log.contains("/vedette.yaml: kafka.secrets.sasl.password: \(folder.path)/empty"))
    #expect(unknown.log.contains("3 errors; nothing was started"))
    let certificate = try check(
      "properties: {security.protocol: ssl, ssl.ca.location: /nowhere/ca.pem}")
    #expect(certificate.process.terminationStatus == 78)
    #expect(certificate.log.contains("/vedette.yaml: kafka.properties: ssl.ca.location"))
    let right = try check("brokers: 'kafka.invalid:9092', properties: {linger.ms: 5}")
    #expect(right.process.terminationStatus == 0)
    #expect(right.log.isEmpty)
  }

  @Test func `The demo's last line is the object that scripts read`() throws {
    let folder = try Folder()
    let program = try Program(
      "vedette", ["demo", "--seconds", "2", "--json", "--save", "\(folder.path)/last.jpg"])
    let line = program.readLine()
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(program.wait(within: 10))
    #expect(program.process.terminationStatus == 0)
    let ledger = try #require((object["ledger"] as? [String: Any])?["camera"] as? [String: Any])
    expectBalance(ledger)
    #expect(ledger["delivered"] as? Int ?? 0 > 30)
    #expect((object["latency_ms"] as? [String: Any])?["p99"] is Double)
    #expect(object["broker"] as? String != nil)
    let saved = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/last.jpg"))
    #expect(saved.starts(with: [0xFF, 0xD8]) && saved.count == object["frame_bytes"] as? Int)
  }

  @Test(arguments: [
    ["faces", "FILE"], ["colours", "FILE"], ["labels", "FILE"],
    ["gallery", "add", "FILE", "--gallery", "NEW"],
    ["gallery", "import", "FILE", "--gallery", "NEW"], ["gallery", "list", "--gallery", "FILE"],
    ["gallery", "remove", "--photo", "FILE", "--gallery", "NEW"],
    ["control", "sign", "ping", "--all", "--key", "FILE"], ["check", "FILE"],
  ])
  func `A FIFO on the command line is refused and not waited for`(words: [String]) throws {
    let folder = try Folder()
    let fifo = "\(folder.path)/fifo.jpg"
    #expect(unsafe mkfifo(fifo, 0o600) == 0)
    let program = try Program(
      "vedette",
      words.map { $0 == "FILE" ? fifo : $0 == "NEW" ? "\(folder.path)/new" : $0 })
    #expect(program.wait(within: 30), "\(words)")
    let code = program.end()
    #expect(code != 0 && code < 128, "\(words): \(code)")
  }
}
