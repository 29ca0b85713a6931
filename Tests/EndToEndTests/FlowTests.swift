import Foundation
import Frames
import Kafka
import Testing

/// The daemon itself, a broker in another process, and a consumer that reads everything back.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FlowTests {
  @Test func `Signals never end the agent by chance, whichever thread they come to`() throws {
    let broker = try Broker()
    let pictures = try Folder()
    try pictures.write("0.jpg", Pictures.jpeg(FrameSize(width: 64, height: 64), seed: 0))
    let daemon = try Daemon(
      broker.address, cameras: "  front: {replay: {path: '\(pictures.path)', rate: 5}}")
    daemon.waitForLog("node box-1")
    _ = daemon.askLedger()
    // Libraries have threads of their own, started before main, that block no signal.
    for _ in 0..<1000 {
      daemon.program.signal(SIGUSR1)
      usleep(500)
    }
    #expect(daemon.program.process.isRunning)
    daemon.program.signal(SIGHUP)
    daemon.waitForLog("SIGHUP: reading the configuration again")
    #expect(daemon.program.end() == 0)
    expectBalance(try #require(daemon.ledger()))
  }

  @Test func `Each picture of a folder arrives once, in order, as it was, with all headers`() throws
  {
    let broker = try Broker()
    let folder = try Folder()
    let pictures = try (0..<20).map {
      try Pictures.jpeg(FrameSize(width: 160, height: 120), seed: $0)
    }
    for (index, picture) in pictures.enumerated() {
      try folder.write("\(100 + index).jpg", picture)
    }
    let daemon = try Daemon(
      broker.address, cameras: "  front: {replay: {path: '\(folder.path)', rate: 50, loop: false}}")
    let records = try broker.consume(20)
    #expect(records.map(\.value) == pictures)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    for (index, record) in records.enumerated() {
      #expect(String(decoding: record.key, as: UTF8.self) == "box-1/front")
      #expect(record.header("content-type") == "image/jpeg")
      #expect(record.header("ce_specversion") == "1.0")
      #expect(record.header("ce_source") == "/box-1/front")
      #expect(record.header("ce_type") == "vedette.frame.v1")
      #expect(record.header("ce_sequence") == "\(index)")
      #expect(record.header("ce_width") == "160" && record.header("ce_height") == "120")
      #expect(record.header("ce_attempt") == "1")
      #expect(record.header("ce_replay") == nil)
      let boot = try #require(record.header("ce_boot"))
      #expect(record.header("ce_id") == "box-1/front/\(boot)/\(index)")
      #expect(UInt64(record.header("ce_monotonic") ?? "") != nil)
      #expect(abs(record.timestamp - now) < 60_000)
      let time = try #require(record.header("ce_time"))
      let parsed = try Date(
        time, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
      #expect(abs(parsed.timeIntervalSince1970 * 1000 - Double(record.timestamp)) < 2)
    }
    #expect(Set(records.map { $0.header("ce_id") }).count == 20)
    #expect(daemon.program.wait(within: 10))
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(ledger["captured"] as? Int == 20 && ledger["delivered"] as? Int == 20)
  }

  @Test(arguments: [PixelFormat.yuyv, .nv12, .grey, .bgr24])
  func `Raw frames become JPEGs`(format: PixelFormat) throws {
    let broker = try Broker()
    let folder = try Folder()
    let size = FrameSize(width: 64, height: 48)
    let file = try folder.write(
      "frames.raw", (0..<10).flatMap { Pictures.pixels(format, size, seed: $0) })
    let daemon = try Daemon(
      broker.address,
      cameras:
        "  front: {replay: {path: '\(file)', format: \(format.rawValue), size: 64x48, rate: 40, loop: false}}"
    )
    let records = try broker.consume(10)
    #expect(records.count == 10)
    for record in records { #expect(try Pictures.size(of: record.value) == size) }
    #expect(daemon.program.wait(within: 10))
  }

  @Test func `A cap of 20 lets 20 of 30 frames a second through, and counts the rest`() throws {
    let broker = try Broker()
    let folder = try Folder()
    try folder.write("a.jpg", Pictures.jpeg(FrameSize(width: 64, height: 64), seed: 1))
    let daemon = try Daemon(
      broker.address,
      cameras: "  front: {replay: {path: '\(folder.path)', rate: 30}, publish_rate: 20}")
    let ledger = try #require(daemon.waitForLedger { ($0["captured"] as? Int ?? 0) >= 150 })
    let captured = try #require(ledger["captured"] as? Int)
    let share = Double(captured - dropped(ledger, "rate")) / Double(captured)
    #expect(abs(share - 2.0 / 3) < 0.02)
    #expect(daemon.program.end() == 0)
  }

  @Test func `A corrupt picture is dropped and counted, and the others arrive`() throws {
    let broker = try Broker()
    let folder = try Folder()
    for index in 0..<10 {
      var picture = try Pictures.jpeg(FrameSize(width: 160, height: 120), seed: index)
      if index % 2 == 1 { for at in picture.count / 2..<picture.count { picture[at] = 0 } }
      try folder.write("\(index).jpg", picture)
    }
    let daemon = try Daemon(
      broker.address, cameras: "  front: {replay: {path: '\(folder.path)', rate: 50, loop: false}}")
    #expect(try broker.consume(5).count == 5)
    #expect(daemon.program.wait(within: 10))
    let ledger = try #require(daemon.ledger())
    expectBalance(ledger)
    #expect(dropped(ledger, "corrupt") == 5 && ledger["delivered"] as? Int == 5)
    #expect(daemon.program.log.contains("a frame was dropped"))
  }

  @Test func `One camera that has nothing does not hold up another`() throws {
    let broker = try Broker()
    let folder = try Folder()
    let empty = try Folder()
    try folder.write("a.jpg", Pictures.jpeg(FrameSize(width: 64, height: 64), seed: 1))
    let daemon = try Daemon(
      broker.address,
      cameras: """
          front: {replay: {path: '\(folder.path)', rate: 30}}
          empty: {replay: '\(empty.path)'}
          absent: {device: /dev/video-that-is-not-there}
        """)
    _ = daemon.waitForLedger { ($0["delivered"] as? Int ?? 0) >= 30 }
    daemon.waitForLog("holds no picture")
    daemon.waitForLog("is not there; is the camera plugged in?")
    #expect(daemon.program.end() == 0)
  }
}
