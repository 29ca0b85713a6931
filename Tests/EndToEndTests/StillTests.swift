import Frames
import Imaging
import Kafka
import Testing

/// A camera that publishes less while nothing moves.
@Suite(.timeLimit(.minutes(5))) struct StillTests {
  private static let size = FrameSize(width: 640, height: 360)
  /// The pictures in which something moves begin with these.
  private static let movements = [90, 200, 310]
  private static let count = 400

  /// A picture with a bright square in it, or without.
  private func jpeg(square: Bool) throws -> [UInt8] {
    var pixels = [UInt8](repeating: 90, count: Self.size.width * Self.size.height)
    for index in pixels.indices { pixels[index] = UInt8(60 + (index / 40) % 16 * 4) }
    for row in 200..<216 where square {
      for column in 300..<316 { pixels[row * Self.size.width + column] = 230 }
    }
    let layout = FrameLayout(format: .grey, size: Self.size, range: .full)
    let frame = Frame(copying: [pixels], layout: layout, time: FrameTime(monotonic: 0, wall: 0))
    let picture = try Compressor(options: PictureOptions(), pool: BytePool()).picture(of: frame)
    return unsafe picture.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// Its number goes along in a comment.
  private func numbered(_ jpeg: [UInt8], _ number: Int) -> [UInt8] {
    jpeg[..<2] + [0xFF, 0xFE, 0, 4, UInt8(number >> 8), UInt8(number & 255)] + jpeg[2...]
  }

  private func number(_ record: ConsumedRecord) -> Int {
    Int(record.value[6]) << 8 | Int(record.value[7])
  }

  @Test
  func `Movements arrive with what was before them, in order, and all else is counted as still`()
    throws
  {
    let broker = try Broker()
    let folder = try Folder()
    let (still, moving) = (try jpeg(square: false), try jpeg(square: true))
    for number in 0..<Self.count {
      let isMoving = Self.movements.contains { ($0..<$0 + 3).contains(number) }
      let name = String(number + 10_000)
      try folder.write("\(name).jpg", numbered(isMoving ? moving : still, number))
    }
    let daemon = try Daemon(
      broker.address,
      cameras: """
          front:
            replay: {path: '\(folder.path)', rate: 30, loop: false}
            publish: {still_rate: 1, hold: 500 ms, before: 1 s}
        """)
    _ = daemon.waitForLedger(seconds: 60) { $0["captured"] as? Int == Self.count }
    #expect(daemon.program.wait(within: 20))
    expectSettled(daemon.program.log)
    let ledger = try #require(daemon.ledger())
    let records = try broker.consumeAll()
    #expect(ledger["delivered"] as? Int == records.count)
    #expect(dropped(ledger, "still") == Self.count - records.count, "\(ledger)")
    #expect(records.count < Self.count / 2, "\(records.count) of \(Self.count) were published")

    let numbers = records.map(number)
    let times = try records.map { try #require(UInt64($0.header("ce_monotonic") ?? "")) }
    let sequences = records.map { Int($0.header("ce_sequence") ?? "") }
    #expect(numbers == numbers.sorted() && times == times.sorted())
    #expect(sequences == Array(0..<records.count))
    for movement in Self.movements {
      let at = try #require(numbers.firstIndex(of: movement), "the movement of \(movement)")
      var first = at
      while first > 0, numbers[first - 1] == numbers[first] - 1 { first -= 1 }
      let before = Double(times[at] - times[first]) / 1e9
      #expect(before > 0.6 && before < 1.4, "\(before) s before \(movement)")
      #expect(Set(numbers).isSuperset(of: movement..<movement + 3))
    }
  }
}
