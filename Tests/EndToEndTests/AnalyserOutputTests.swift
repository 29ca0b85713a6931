import Analysers
import Analysis
import Frames
import Kafka
import Testing

/// What analysers declare is what arrives, whichever there are.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AnalyserOutputTests {
  /// All defaults, but for what would want models.
  private func options(_ name: String) -> String { name == "faces" ? "{identify: off}" : "on" }

  @Test func `What is made of pictures goes to the topic that is declared, and is booked`() throws {
    let pictures = try Folder()
    for seed in 0..<3 {
      try pictures.write(
        "\(seed).jpg", Pictures.jpeg(FrameSize(width: 640, height: 360), seed: seed))
    }
    let broker = try Broker()
    let analysers = Analysers.names.map { "    \($0): \(options($0))" }
    let daemon = try Daemon(
      broker.address,
      cameras: """
          front:
            replay: {path: '\(pictures.path)', rate: 10}
        \(analysers.joined(separator: "\n"))
        """)
    _ = daemon.waitForLedger(seconds: 60) {
      ($0["analysis"] as? [String: Any])?["analysed"] as? Int ?? 0 >= 5
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
  fileprivate var isOfEachPicture: Bool {
    switch content {
    case .copy, .document: true
    case .chip, .event: false
    }
  }
}
