import Foundation
import Frames
import Kafka
import TestFetching
import Testing

/// What the agent sees in pictures, from a camera to the topics.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AnalysisTests {
  static let models = Fetched.folder("models")
  static let portraits = Fetched.folder("portraits")
  static var areThere: Bool { models != nil && portraits != nil }

  /// A folder with some of the portraits, under other names.
  private func folder(_ pictures: [(from: String, to: String)]) throws -> Folder {
    let folder = try Folder()
    for picture in pictures {
      try FileManager.default.copyItem(
        atPath: "\(try #require(Self.portraits))/\(picture.from)",
        toPath: "\(folder.path)/\(picture.to)")
    }
    return folder
  }

  private func add(_ photos: Folder, to gallery: String) throws {
    let program = try Program(
      "vedette",
      ["gallery", "add", photos.path, "--gallery", gallery, "--models", try #require(Self.models)])
    #expect(program.wait(within: 120))
    #expect(program.process.terminationStatus == 0, "\(program.log)")
  }

  private func bodies(_ records: [ConsumedRecord]) throws -> [[String: Any]] {
    try records.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.value)) as? [String: Any])
    }
  }

  @Test(.enabled(if: areThere, "the package registry cannot be reached"))
  func `Faces are named, drawn and cut out, colours are clustered, and no frame is lost`() throws {
    let gallery = try Folder()
    try add(try folder([("obama.jpg", "Barack Obama.jpg")]), to: gallery.path + "/g.sqlite")
    // Another photograph of him, then of somebody whom the gallery does not know.
    let pictures = try folder([("obama2.jpg", "a.jpg"), ("biden.jpg", "b.jpg")])
    let broker = try Broker()
    let daemon = try Daemon(
      broker.address,
      analysis: "{models: '\(try #require(Self.models))', gallery: '\(gallery.path)/g.sqlite'}",
      cameras: """
          front:
            replay: {path: '\(pictures.path)', rate: 4}
            scale: 640x360
            faces: {detect_every: 1, upsample: 1, chips: crop}
            colours: {rate: 2, clustered_rate: 1}
        """)
    let ledger = try #require(
      daemon.waitForLedger(seconds: 120) {
        let seen = $0["analysis"] as? [String: Any]
        return (seen?["faces"] as? Int ?? 0) >= 6
      })
    #expect((ledger["analysis"] as? [String: Any])?["failed"] as? Int == 0)
    #expect(daemon.program.end() == 0)
    expectBalance(try #require(daemon.ledger()))
    for stream in ["front/annotated", "front/clustered", "front/metrics", "faces", "events"] {
      let ledger = try #require(daemon.ledger(stream), "\(stream)")
      expectBalance(ledger)
      #expect(ledger["captured"] as? Int == ledger["delivered"] as? Int, "\(stream)")
    }

    let frames = try broker.consumeAll()
    let sizes = try frames.prefix(2).map { try Pictures.size(of: $0.value) }
    #expect(sizes.allSatisfy { $0 == FrameSize(width: 640, height: 360) })
    let events = try bodies(try broker.consumeAll("events"))
    let faces = events.compactMap { $0["faces"] as? [[String: Any]] }
    // One face in each picture at most, and each is one of two.
    let known = faces.compactMap(\.first).filter { $0["label"] as? String == "Barack Obama" }
    let unknown = faces.compactMap(\.first).filter { $0["label"] is NSNull }
    #expect(known.count >= 2 && unknown.count >= 2)
    #expect(faces.allSatisfy { $0.count <= 1 })
    #expect(known.allSatisfy { ($0["distance"] as? Double ?? 9) <= 0.6 })
    #expect(
      unknown.allSatisfy {
        ($0["distance"] as? Double ?? 9) > 0.6 && $0["nearest"] as? String != nil
      })
    #expect(
      Set(known.compactMap { $0["track"] as? Int }).isDisjoint(
        with: unknown.compactMap { $0["track"] as? Int }))

    let annotated = try broker.consumeAll("annotated")
    #expect(annotated.count >= 6)
    let originals = Dictionary(
      frames.map { ($0.header("ce_sequence") ?? "", $0.value) }
    ) { first, _ in first }
    for record in annotated.prefix(4) {
      #expect(record.header("ce_type") == "vedette.annotated.v1")
      let original = try #require(originals[record.header("ce_frame") ?? ""])
      #expect(try Pictures.size(of: record.value) == Pictures.size(of: original))
      #expect(record.value != original)
    }
    let chips = try broker.consumeAll("faces")
    #expect(chips.count >= 2)
    for chip in chips {
      #expect(try Pictures.size(of: chip.value) == FrameSize(width: 224, height: 224))
    }
    #expect(chips.contains { $0.header("ce_label") == "Barack%20Obama" })
    #expect(chips.contains { $0.header("ce_label") == nil })

    let colours = try bodies(try broker.consumeAll("metrics"))
    #expect(colours.count >= 3)
    for one in colours {
      let palette = try #require(one["colours"] as? [[String: Any]])
      #expect(palette.count == one["count"] as? Int && palette.count > 3)
      let shares = palette.compactMap { $0["share"] as? Double }.reduce(0, +)
      #expect(abs(shares - 1) < 0.02)
    }
    #expect(!(try broker.consumeAll("clustered")).isEmpty)
  }

  @Test(.enabled(if: areThere, "the package registry cannot be reached"))
  func `A person who is added to the gallery meanwhile is recognised`() throws {
    let gallery = try Folder()
    let broker = try Broker()
    let pictures = try folder([("obama2.jpg", "a.jpg")])
    let daemon = try Daemon(
      broker.address,
      analysis: "{models: '\(try #require(Self.models))', gallery: '\(gallery.path)/g.sqlite'}",
      cameras: """
          front:
            replay: {path: '\(pictures.path)', rate: 4}
            scale: 640x360
            faces: {detect_every: 1, upsample: 1, annotate: false}
        """)
    func faces(_ daemon: Daemon) -> Int {
      let analysis = daemon.askLedger()?["analysis"] as? [String: Any]
      return analysis?["faces"] as? Int ?? 0
    }
    _ = daemon.waitForLedger(seconds: 60) { _ in faces(daemon) >= 1 }
    try add(try folder([("obama.jpg", "Barack.jpg")]), to: gallery.path + "/g.sqlite")
    daemon.waitForLog("1 people, 1 encodings", seconds: 30)
    func labels(_ events: [[String: Any]]) -> [String] {
      events.compactMap { ($0["faces"] as? [[String: Any]])?.first?["label"] as? String }
    }
    for _ in 0..<20 where labels(try bodies(try broker.consumeAll("events"))).isEmpty { sleep(1) }
    #expect(daemon.program.end() == 0)
    let events = try bodies(try broker.consumeAll("events"))
    #expect(labels(events).last == "Barack")
    #expect(events.first.flatMap { ($0["faces"] as? [[String: Any]])?.first?["label"] } is NSNull)
  }

  @Test
  func `Without its models the agent says what to do, and captures and clusters all the same`()
    throws
  {
    let empty = try Folder()
    let pictures = try Folder()
    try Pictures.fill(pictures, 3, FrameSize(width: 320, height: 240))
    let broker = try Broker()
    let daemon = try Daemon(
      broker.address, analysis: "{models: '\(empty.path)', gallery: '\(empty.path)/none/g.sqlite'}",
      cameras: """
          front:
            replay: {path: '\(pictures.path)', rate: 20}
            faces: {detector: cnn}
            colours: {rate: off, clustered_rate: off}
        """)
    daemon.waitForLog("tools/models")
    #expect(daemon.program.log.contains("faces are not looked for"))
    #expect(daemon.program.log.contains("faces are found, but not named"))
    _ = daemon.waitForLedger { ledger in
      let seen = ledger["analysis"] as? [String: Any]
      return ledger["delivered"] as? Int ?? 0 > 40 && seen?["analysed"] as? Int ?? 0 > 5
    }
    #expect(daemon.program.end() == 0)
    #expect(try broker.consumeAll("metrics").count > 5)
    // Told once, not with every picture.
    #expect(daemon.program.log.components(separatedBy: "faces are not looked for").count == 2)
  }
}
