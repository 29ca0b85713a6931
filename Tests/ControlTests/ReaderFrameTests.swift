import Documents
import Foundation
import Kafka
import TestDice
import Testing

@testable import Control

/// What the reader of the control topic tells the agent may be anything, once a stranger has taken it over.
@Suite("What the reader tells the agent") struct ReaderFrameTests {
  private var errors: [KafkaError] {
    [
      KafkaError(code: -195, call: "rd_kafka_consumer_poll", description: "down", partition: nil),
      KafkaError(code: .max, call: "", description: "é\u{1B}[2J", partition: 3),
    ]
  }

  private var news: [ReaderNews] {
    [
      .opened(partitions: 3, offsets: [0: 0, 2: 1 << 60]), .opened(partitions: 0, offsets: [:]),
      .record(partition: 1, offset: 17, value: Array("{}".utf8)),
      .record(partition: 0, offset: 0, value: []), .end(partition: 5), .partitions(4),
    ] + errors.flatMap { [.refused($0), .error($0), .broker($0), .partitionsUnknown($0)] }
  }

  @Test("arrives as it was told") func roundTrip() {
    for news in news { #expect(ReaderNews(news.frame.dropFirst(4)) == news) }
  }

  @Test("is told again what it is to read") func orders() {
    var settings = ReaderSettings(
      brokers: ["a:1", "b:2"], topic: "t", properties: ["a": "b"], secrets: ["c": "d\0e"])
    settings.starts = [1: 2]
    for order in [ReaderOrder.open(settings), .countPartitions] {
      #expect(ReaderOrder(order.frame.dropFirst(4)) == order)
    }
    settings.only = [3, 4]
    settings.isClamped = true
    #expect(ReaderOrder(ReaderOrder.open(settings).frame.dropFirst(4)) == .open(settings))
  }

  @Test("is nothing where a byte is missing, or one too many") func cut() {
    for news in news {
      let body = Array(news.frame.dropFirst(4))
      for count in body.indices {
        // A shorter value is a value, and fewer offsets are none.
        if case .record = news, count >= 13 { continue }
        #expect(ReaderNews(body[..<count]) == nil, "\(news), \(count)")
      }
      if case .record = news { continue }
      #expect(ReaderNews(body + [0]) == nil, "\(news)")
    }
  }

  @Test("may be any bytes, and is then nothing, or within its bounds") func noise() {
    var dice = Dice(seed: 7)
    let seeds = news.map { Array($0.frame.dropFirst(4)) }
    for _ in 0..<200_000 {
      var bytes = seeds[dice.below(seeds.count)]
      switch dice.below(3) {
      case 0:
        let place = dice.below(bytes.count)
        bytes[place] = UInt8(dice.below(256))
      case 1: bytes = (0..<dice.below(64)).map { _ in UInt8(dice.below(256)) }
      default:
        // The largest numbers, wherever one may be.
        let place = dice.below(bytes.count)
        for step in place..<min(place + 8, bytes.count) {
          bytes[step] = dice.below(2) == 0 ? 255 : 127
        }
      }
      guard let news = ReaderNews(bytes) else { continue }
      switch news {
      case .opened(let count, let offsets):
        #expect(count >= 0 && offsets.count <= bytes.count / 12)
        #expect(offsets.allSatisfy { $0.key >= 0 && (0...1 << 60).contains($0.value) })
      case .record(let partition, let offset, let value):
        #expect(partition >= 0 && (0...1 << 60).contains(offset) && value.count <= bytes.count)
      case .end(let partition): #expect(partition >= 0)
      case .partitions(let count): #expect(count >= 0)
      case .refused(let error), .error(let error), .broker(let error),
        .partitionsUnknown(let error):
        #expect(error.description.utf8.count <= bytes.count && error.partition ?? 0 >= 0)
      }
    }
  }

  @Test("is cut where it is longer than a command may be") func longValue() throws {
    let news = ReaderNews.record(
      partition: 0, offset: 1, value: [UInt8](repeating: 32, count: 5 << 20))
    #expect(news.frame.count <= ReaderFrame.bytesMax)
    guard case .record(_, _, let value) = try #require(ReaderNews(news.frame.dropFirst(4))) else {
      Issue.record("no record")
      return
    }
    // And is too large a command still.
    #expect(
      reason { () throws(Rejection) in _ = try JSONReader.readOrReject(value) } == .tooLarge)
  }
}

extension Dice {
  mutating func below(_ bound: Int) -> Int {
    bound > 0 ? Int.random(in: 0..<bound, using: &self) : 0
  }
}
