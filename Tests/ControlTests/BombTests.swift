import Control
import Documents
import Foundation
import Kafka
import Logging
import Synchronization
import TestBatches
import Testing

@Suite("What kills whoever reads the control topic", .serialized, .timeLimit(.minutes(5)))
struct BombTests {
  private let cluster: MockCluster
  private let box: Box
  private let other = SigningKey()

  init() throws {
    cluster = try MockCluster(brokers: 1, partitions: 1)
    box = try Box(isStarted: false)
    // What it signs is in no order with what the other key does.
    try TrustedKey(issuer: "ops", bytes: other.publicBytes).json.canonicalText.write(
      toFile: "\(box.folder)/keys.d/other.pub", atomically: true, encoding: .utf8)
    box.desk.loadKeys()
  }

  private func receiver() throws -> ControlReceiver {
    let receiver = ControlReceiver(
      ControlSource(brokers: [cluster.bootstrapServers], properties: [:], secrets: [:]),
      desk: box.desk, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      program: readerProgram)
    try receiver.start()
    return receiver
  }

  private func send(_ id: String, partition: Int32 = 0) throws {
    let signed = try box.signed(
      box.envelope(["type": "ping"], id: id), by: partition == 0 ? nil : other)
    try Batch.send([signed], to: cluster.bootstrapServers, partition: partition)
  }

  private func wait(_ isSo: () -> Bool) -> Bool {
    for _ in 0..<12_000 {
      if isSo() { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  private func isObeyed(_ id: String) -> Bool { wait { box.sink.states(id).count == 2 } }

  @Test("is skipped, and what comes before and after is obeyed", arguments: Batch.Bomb.allCases)
  func bomb(_ bomb: Batch.Bomb) throws {
    cluster.createTopic("vedette.control", partitions: 2)
    try send("before")
    let offsets = try Batch.send(bomb, to: cluster.bootstrapServers)
    try send("after")
    try send("beside", partition: 1)
    let receiver = try receiver()
    defer { receiver.stop() }
    #expect(isObeyed("before"))
    #expect(isObeyed("beside"))
    #expect(isObeyed("after"))
    let standing = box.desk.standing
    let skipped = try #require(standing.skipped)
    let announced = box.target.state.withLock { $0.announced }
    #expect(Set(announced) == ["vedette.control.skipped.v1"])
    #expect(standing.readerDeaths >= 3)
    if bomb == .tiny {
      // Of very many records a reader lives that begins late enough among them, and may need a second try.
      #expect(skipped.from >= offsets.lowerBound && skipped.to <= offsets.upperBound + 1)
    } else {
      #expect(announced.count == 1)
      #expect(skipped.from == offsets.lowerBound && skipped.to == offsets.upperBound + 1)
    }
  }

  @Test("costs no command that came right before it, however long these take") func slowNeighbours()
    throws
  {
    cluster.createTopic("vedette.control", partitions: 1)
    // More than the socket holds, so that the reader waits for the agent while it fetches what follows.
    let photo = Data([UInt8](repeating: 2, count: 500_000)).base64EncodedString()
    let photographs = try (0..<6).map { number in
      let person: JSON = ["name": .string("P\(number)"), "photos": [.string(photo)]]
      return try box.signed(
        box.envelope(["type": "gallery.put", "people": [person]], id: "photo-\(number)"))
    }
    box.target.state.withLock { $0.duringPhoto = { Thread.sleep(forTimeInterval: 0.3) } }
    try Batch.send(photographs, to: cluster.bootstrapServers)
    let offsets = try Batch.send(.gzip, to: cluster.bootstrapServers)
    let receiver = try receiver()
    defer { receiver.stop() }
    #expect(wait { box.desk.standing.skips == 1 })
    #expect(box.desk.standing.skipped?.from == offsets.lowerBound)
    for number in 0..<6 { #expect(box.sink.states("photo-\(number)").count == 2) }
  }

  @Test("is found out though the box is started again after each death of a reader")
  func restarts() throws {
    cluster.createTopic("vedette.control", partitions: 1)
    try send("before")
    let offsets = try Batch.send(.zstd, to: cluster.bootstrapServers)
    try send("after")
    var starts = 0
    while box.sink.states("after").isEmpty, starts < 40 {
      let receiver = try receiver()
      #expect(wait { box.desk.standing.readerDeaths > 0 || box.sink.states("after").count == 2 })
      receiver.stop()
      starts += 1
      if box.sink.states("after").isEmpty { try box.reopen() }
    }
    #expect(box.sink.states("after").count == 2)
    #expect(box.desk.standing.skipped?.from == offsets.lowerBound)
  }

  /// As the configuration of the largest set makes them: what honest people send never ends the reader.
  @Test(
    "is not the largest commands, of which there are many, in several partitions",
    arguments: ["none", "gzip", "zstd"])
  func honest(codec: String) throws {
    cluster.createTopic("vedette.control", partitions: 6)
    // Text of photographs, which shrinks to three quarters.
    var photograph = [UInt8](repeating: 0, count: 700_000)
    for place in photograph.indices { photograph[place] = UInt8.random(in: 0...255) }
    let text = Data(photograph).base64EncodedString()
    let value = Array(#"{"photo":"\#(text)"}"#.utf8)
    for partition in 0..<Int32(6) {
      for _ in 0..<4 {
        try Batch.send(
          [value], to: cluster.bootstrapServers, partition: partition, codec: codec)
      }
    }
    for partition in 1..<Int32(3) { try send("last-\(partition)", partition: partition) }
    let receiver = try receiver()
    defer { receiver.stop() }
    #expect(isObeyed("last-1") || isObeyed("last-2"))
    #expect(wait { box.desk.offsets.values.reduce(0, +) == 26 })
    #expect(box.desk.standing.readerDeaths == 0)
  }
}
