import Analysers
import Analysis
import Foundation
import Frames
import Imaging
import Kafka
import Testing

/// What analysers declare is what arrives, whichever there are.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AnalyserOutputTests {
  private static let size = FrameSize(width: 640, height: 360)

  /// All defaults, but for what would want models. What needs one is tested by itself.
  private func options(_ name: String) -> String {
    switch name {
    case "faces": "{identify: off}"
    case "labels": "off"
    default: "on"
    }
  }

  /// A bright square goes through a room in which nothing moved, and is gone again.
  private func film() throws -> Folder {
    let film = try Folder()
    let room = Pictures.pixels(.rgb24, Self.size, seed: 0)
    for number in 0..<70 {
      var pixels = room
      if (30..<48).contains(number) {
        let left = (number - 28) * 24
        for row in 160..<200 {
          for column in left..<left + 40 {
            let at = (row * Self.size.width + column) * 3
            for colour in at..<at + 3 { pixels[colour] = 250 }
          }
        }
      }
      try film.write("\(100 + number).jpg", Pictures.jpeg(pixels, Self.size))
    }
    return film
  }

  /// What an event says its `state` can be, by its schema; nothing where it has none.
  private func states(_ type: String) throws -> Set<String> {
    let name = type.dropFirst("vedette.".count)
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../schemas/\(name).json")
    let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
    let properties = (schema as? [String: Any])?["properties"] as? [String: Any]
    return Set((properties?["state"] as? [String: Any])?["enum"] as? [String] ?? [])
  }

  private func states(_ records: [ConsumedRecord], _ type: String) -> Set<String> {
    Set(
      records.filter { $0.header("ce_type") == type }.compactMap {
        let value = try? JSONSerialization.jsonObject(with: Data($0.value))
        return (value as? [String: Any])?["state"] as? String
      })
  }

  @Test func `What is made of pictures goes to the topic that is declared, and is booked`() throws {
    let film = try film()
    let broker = try Broker()
    let analysers = Analysers.names.map { "    \($0): \(options($0))" }
    let daemon = try Daemon(
      broker.address,
      cameras: """
          front:
            replay: {path: '\(film.path)', rate: 10}
        \(analysers.joined(separator: "\n"))
        """)
    _ = daemon.waitForLedger(seconds: 60) {
      ($0["analysis"] as? [String: Any])?["analysed"] as? Int ?? 0 >= 5
    }
    // Whatever begins ends, too.
    for output in Analysers.outputs where output.isEvent {
      let wanted = try states(output.type)
      let deadline = Date().addingTimeInterval(60)
      var seen: Set<String> = []
      while seen != wanted, Date() < deadline {
        seen = states(try broker.consumeAll(output.topic), output.type)
      }
      #expect(seen == wanted, "of \(output.type)")
    }
    #expect(daemon.program.end() == 0, "\(daemon.program.log)")
    for output in Analysers.outputs where output.isOfEachPicture {
      let ledger = try #require(daemon.ledger("front/\(output.name)"), "\(output.name)")
      expectBalance(ledger)
      let records = try broker.consumeAll(output.topic)
        .filter { $0.header("ce_type") == output.type }
      #expect(!records.isEmpty, "\(output.topic)")
      #expect(ledger["delivered"] as? Int == records.count, "\(output.topic)")
      for record in records {
        #expect(record.header("ce_frame") != nil)
        if case .copy = output.content { _ = try Pictures.size(of: record.value) }
      }
    }
  }
}

extension AnalyserOutput {
  fileprivate var isEvent: Bool { if case .event = content { true } else { false } }

  fileprivate var isOfEachPicture: Bool {
    switch content {
    case .copy, .document: true
    case .chip, .event: false
    }
  }
}
