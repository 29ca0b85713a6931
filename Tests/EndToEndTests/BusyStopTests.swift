import Foundation
import Frames
import Imaging
import Testing

/// SIGTERM while the agent is in the midst of what takes long.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BusyStopTests {
  /// Two large pictures of many colours; each is another than the last.
  private func pictures() throws -> Folder {
    let folder = try Folder()
    let size = FrameSize(width: 3840, height: 2160)
    var options = PictureOptions()
    options.quality = 90
    for seed in 0..<2 {
      var pixels: [UInt8] = []
      pixels.reserveCapacity(3 * size.width * size.height)
      for y in 0..<size.height {
        for x in 0..<size.width {
          pixels.append(UInt8(truncatingIfNeeded: x / 15))
          pixels.append(UInt8(truncatingIfNeeded: y / 9))
          pixels.append(UInt8(truncatingIfNeeded: (x + y) / 300 + 100 * seed))
        }
      }
      let frame = Frame(
        copying: [pixels], layout: FrameLayout(format: .rgb24, size: size, range: .full),
        time: FrameTime(monotonic: 0, wall: 0))
      let picture = try Compressor(options: options, pool: BytePool()).picture(of: frame)
      try folder.write(
        "\(seed).jpg", unsafe picture.bytes.withUnsafeBytes { unsafe Array($0) })
    }
    return folder
  }

  private func waitForAnalysis(_ daemon: Daemon) {
    // The picture that is looked at first takes longer than this.
    daemon.waitForLog("cameras are looked at")
    _ = daemon.waitForLedger(seconds: 60) { ($0["captured"] as? Int ?? 0) >= 2 }
    sleep(1)
  }

  @Test(arguments: [
    "faces: {detect_every: 1, upsample: 2, identify: off, chips: off, annotate: false}",
    "colours: {coreset: exact, lambda: 5}",
  ])
  func `Pictures that are looked at hold up no end`(analysis: String) throws {
    let broker = try Broker()
    let pictures = try pictures()
    let daemon = try Daemon(
      broker.address, delivery: "{shutdown_budget: 8 s}",
      cameras: "  front: {replay: {path: '\(pictures.path)', rate: 2}, \(analysis)}")
    waitForAnalysis(daemon)
    // The budget, and what a machine that does much else needs to end a process.
    #expect(daemon.program.end(within: 12) == 0)
  }

  @Test(.enabled(if: AnalysisTests.areThere, "the package registry cannot be reached"))
  func `A network that cannot be stopped is left behind, and holds up no end`() throws {
    let broker = try Broker()
    let pictures = try pictures()
    let daemon = try Daemon(
      broker.address, delivery: "{shutdown_budget: 8 s}",
      analysis: "{models: '\(try #require(AnalysisTests.models))'}",
      cameras: """
          front:
            replay: {path: '\(pictures.path)', rate: 2}
            scale: 1920x1080
            faces: {detector: cnn, detect_every: 1, identify: off, chips: off, annotate: false}
        """)
    waitForAnalysis(daemon)
    // The budget, and what a machine that does much else needs to end a process.
    #expect(daemon.program.end(within: 12) == 0)
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(ledger["in_memory"] as? Int == 0 && ledger["in_flight"] as? Int == 0)
  }

  @Test func `A silhouette of a large picture holds up no end`() throws {
    let broker = try Broker()
    let folder = try Folder()
    let pictures = try pictures()
    let ops = Operator(folder, broker)
    try ops.trust()
    let daemon = try Daemon(
      broker.address, delivery: "{shutdown_budget: 8 s}",
      analysis: "{gallery: '\(folder.path)/gallery.sqlite'}",
      control: "{keys: '\(folder.path)/keys.d'}",
      cameras: "  front: {replay: {path: '\(pictures.path)', rate: 1}}")
    _ = daemon.waitForLedger(seconds: 60) { ($0["captured"] as? Int ?? 0) >= 1 }
    let sent = try ops.begin(
      ["--timeout", "10", "--all", "colours.silhouette", "camera=front", "lambda=1"])
    while case let line = sent.readLine(), !line.isEmpty, !line.contains("accepted") {}
    sleep(1)
    // The budget, and what a machine that does much else needs to end a process.
    #expect(daemon.program.end(within: 12) == 0)
    // It is not forgotten, nor told as failed.
    #expect(!sent.readLine().contains("failed"))
  }
}
