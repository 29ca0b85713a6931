import Foundation
import Frames
import Kafka
import TestModels
import Testing

/// A box that names what its cameras show.
@Suite(.serialized, .timeLimit(.minutes(4))) struct LabelTests {
  private static let size = FrameSize(width: 320, height: 240)

  /// A folder of models, with a network that tells apart red, green and blue.
  private func models() throws -> Folder {
    let folder = try Folder()
    try folder.write("colours.onnx", ModelMaker.colours.bytes)
    try folder.write(
      "colours.yaml",
      Array("classes: colours.txt\nmean: [0, 0, 0]\nscale: [255, 255, 255]\n".utf8))
    try folder.write("colours.txt", Array("red, crimson\ngreen\nblue\n".utf8))
    return folder
  }

  private func pictures(_ colour: [UInt8]) throws -> Folder {
    let folder = try Folder()
    let pixels = (0..<Self.size.width * Self.size.height).flatMap { _ in colour }
    for number in 0..<4 { try folder.write("\(number).jpg", Pictures.jpeg(pixels, Self.size)) }
    return folder
  }

  private func camera(_ status: [String: Any], _ name: String) -> [String: Any] {
    let analysis = status["analysis"] as? [String: Any]
    let cameras = analysis?["cameras"] as? [[String: Any]]
    return cameras?.first { $0["name"] as? String == name } ?? [:]
  }

  @Test func `What a camera shows is told once, shown and counted, and cut out`() throws {
    let (models, red, blue) = (
      try models(), try pictures([250, 10, 10]), try pictures([9, 9, 250])
    )
    let broker = try Broker()
    let labels = "{model: colours.onnx, rate: 10, chips: true, hold: 2}"
    let daemon = try Daemon(
      broker.address, analysis: "{models: '\(models.path)', workers: 2}",
      cameras: """
          front: {replay: {path: '\(red.path)', rate: 10}, labels: \(labels)}
          back: {replay: {path: '\(blue.path)', rate: 10}, labels: \(labels)}
        """)
    let status = try daemon.waitForStatus { status in
      ["front", "back"].allSatisfy { camera(status, $0)["labels"] as? Int == 1 }
    }
    let words = try #require(camera(status, "front")["recognised"] as? [String])
    #expect(words.count == 1 && words[0].hasPrefix("red "), "\(words)")
    #expect(try daemon.ask("status").output.contains("blue "))
    #expect(daemon.program.end() == 0, "\(daemon.program.log)")

    let events = try broker.consumeAll("events").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.value)) as? [String: Any]
    }.filter { $0["appeared"] != nil }
    #expect(events.count == 2)
    let event = try #require(events.first { $0["camera"] as? String == "front" })
    #expect(event["appeared"] as? [String] == ["red"] && event["model"] as? String == "colours")
    let chips = try broker.consumeAll("chips")
    #expect(chips.count == 2)
    for chip in chips {
      #expect(try Pictures.size(of: chip.value) == FrameSize(width: 224, height: 224))
      #expect(chip.header("ce_frame") != nil && chip.header("ce_model") == "colours")
    }
    #expect(Set(chips.map { $0.header("ce_label") }) == ["red", "blue"])
    // All cameras' chips are booked together.
    let ledger = try #require(daemon.ledger("faces"))
    #expect(ledger["delivered"] as? Int == 2)
  }

  @Test func `A model that cannot be used is told with its file, and frames go on`() throws {
    let (models, red) = (try models(), try pictures([250, 10, 10]))
    try models.write("damaged.onnx", Array(ModelMaker.colours.bytes.dropLast(40)))
    try models.write("other.onnx", ModelMaker.colours.bytes)
    try models.write("two.txt", Array("red\ngreen\n".utf8))
    for name in ["damaged", "other"] {
      try models.write("\(name).yaml", Array("classes: two.txt\n".utf8))
    }
    let broker = try Broker()
    let cameras = ["damaged", "none", "other"].map {
      "  \($0): {replay: {path: '\(red.path)', rate: 30}, labels: {model: \($0).onnx}}"
    }
    let daemon = try Daemon(
      broker.address, analysis: "{models: '\(models.path)'}",
      cameras: cameras.joined(separator: "\n"))
    for name in ["damaged", "none", "other"] {
      daemon.waitForLog("\(models.path)/\(name).onnx")
    }
    try daemon.waitForStatus { status in
      ["damaged", "none", "other"].allSatisfy {
        state(status, $0) == "streaming" && camera(status, $0)["failed"] as? Int ?? 0 >= 1
      }
    }
    let log = daemon.program.log
    #expect(log.contains("nothing is named: the model") && log.contains("tried again in 30 s"))
    #expect(daemon.program.end() == 0)
    for name in ["damaged", "none", "other"] {
      let ledger = try #require(daemon.ledger(name))
      #expect(ledger["delivered"] as? Int ?? 0 > 10 && ledger["dropped"] as? [String: Int] == [:])
    }
  }

  @Test func `The library is loaded when the first picture is looked at, and not before`() throws {
    let (models, red) = (try models(), try pictures([250, 10, 10]))
    let broker = try Broker()
    func isLoaded(_ labels: String) throws -> Bool {
      let daemon = try Daemon(
        broker.address, analysis: "{models: '\(models.path)'}",
        cameras:
          "  front: {replay: {path: '\(red.path)', rate: 10}, colours: on, labels: \(labels)}")
      try daemon.waitForStatus { camera($0, "front")["analysed"] as? Int ?? 0 > 3 }
      let maps = try String(
        contentsOfFile: "/proc/\(daemon.program.process.processIdentifier)/maps", encoding: .utf8)
      #expect(daemon.program.end() == 0)
      return maps.contains("vedette-inference") || maps.contains("opencv")
    }
    #expect(try !isLoaded("off"))
    #expect(try isLoaded("{model: colours.onnx}"))
  }
}
