import Kafka
import Testing

@testable import Delivery

/// What the operator is told, in which words.
@Suite struct ComplaintTests {
  @Test(arguments: [(0, "0 frames wait in"), (1, "1 frame waits in"), (2, "2 frames wait in")])
  func `The end of an outage says how many frames wait`(count: Int, words: String) {
    let lines = Lines()
    var picture = DeliveryPicture()
    picture.waiting = count
    Complaints(logger: lines.logger, isSpooling: true).outageEnded(seconds: 61.26, picture)
    #expect(lines.all == ["notice: brokers acknowledge again after 61.3 s; \(words) memory"])
  }

  @Test func `Brokers that throttle are told of, with what to do`() throws {
    let lines = Lines()
    let delivery = Delivery(
      producer: try Producer(brokers: ["127.0.0.1:1"]), options: DeliveryOptions(),
      logger: lines.logger)
    delivery.handle(.statistics(#"{"throttle":{"avg":0}}"#))
    #expect(lines.all.isEmpty && delivery.picture.throttleMilliseconds == 0)
    delivery.handle(.statistics(#"{"throttle":{"avg":340}}"#))
    delivery.handle(.statistics(#"{"throttle":{"avg":350}}"#))
    #expect(delivery.picture.throttleMilliseconds == 350)
    #expect(lines.count("brokers throttle this client, by 340 ms a request: a quota") == 1)
    #expect(lines.all.count == 1, "it is told when it begins")
  }

  @Test func `A topic that is taken again is told of, and may be complained of anew`() {
    let lines = Lines()
    let complaints = Complaints(logger: lines.logger, isSpooling: false)
    var standing = Standing(topic: "vedette.metrics", key: nil)
    standing.remedy = "create it"
    for _ in 0..<2 {
      complaints.blocked(standing)
      complaints.blocked(standing)
      complaints.unblocked(standing)
    }
    #expect(lines.count("create it. Its records wait in memory and are the first to go") == 2)
    #expect(lines.count("brokers take records for the topic vedette.metrics again") == 2)
  }
}
