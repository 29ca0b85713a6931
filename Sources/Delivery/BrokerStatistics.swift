/// What Delivery reads of librdkafka's statistics.
struct BrokerStatistics {
  /// How long brokers made this client wait for a request on average, the worst of them, in the last interval.
  var throttleMilliseconds = 0

  /// - Parameter json: as librdkafka documents it: each broker has `"throttle":{"min":…,"max":…,"avg":…}`.
  init(_ json: String) {
    for part in json.split(separator: "\"throttle\":").dropFirst() {
      guard let window = part.prefix(400).split(separator: "}", maxSplits: 1).first,
        let average = window.split(separator: "\"avg\":").dropFirst().first,
        let milliseconds = Int(average.drop { $0 == " " }.prefix { $0.isNumber })
      else { continue }
      throttleMilliseconds = max(throttleMilliseconds, milliseconds)
    }
  }
}
