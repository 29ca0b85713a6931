import Kafka
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct StatisticsTests {
  /// Of 100,000 partitions they would be of 100 MB, every ten seconds.
  @Test func `The statistics of topics, which nobody reads, are left out`() throws {
    let cluster = try MockCluster(partitions: 4)
    let producer = try Producer(
      brokers: [cluster.bootstrapServers], properties: ["statistics.interval.ms": "100"])
    try producer.send(record(1, CountedPayload([1], census: Census())))
    var texts: [String] = []
    for _ in 0..<100 where texts.count < 5 {
      texts += producer.poll(timeoutMilliseconds: 200).compactMap {
        if case .statistics(let json) = $0 { json } else { nil }
      }
    }
    #expect(texts.count >= 5)
    #expect(texts.contains { $0.contains("\"throttle\":") })
    #expect(texts.allSatisfy { $0.contains("\"brokers\":") && !$0.contains("\"topics\":") })
  }
}
