/// What Delivery reads of librdkafka's statistics.
struct BrokerStatistics {
  /// How long brokers made this client wait for a request on average, the worst of them, in the last interval.
  var throttleMilliseconds = 0

  private static let throttle = Array("\"throttle\":".utf8)
  private static let average = Array("\"avg\":".utf8)
  /// Bytes of what a throttle's object has, at most.
  private static let windowMax = 400

  /// - Parameter json: as librdkafka documents it: each broker has `"throttle":{"min":…,"max":…,"avg":…}`. It may be of
  ///   many megabytes, each partition being listed under its broker: it is gone through once, as bytes.
  init(_ json: String) {
    var json = json
    throttleMilliseconds = json.withUTF8 { bytes in
      unsafe Self.worst(Span(_unsafeElements: bytes))
    }
  }

  private static func worst(_ bytes: Span<UInt8>) -> Int {
    var worst = 0
    var place = 0
    while place < bytes.count {
      defer { place += 1 }
      guard bytes[place] == UInt8(ascii: "\""), begins(bytes, place, with: throttle) else {
        continue
      }
      place += throttle.count
      worst = max(worst, number(bytes, from: place))
    }
    return worst
  }

  private static func begins(_ bytes: Span<UInt8>, _ place: Int, with word: [UInt8]) -> Bool {
    guard place + word.count <= bytes.count else { return false }
    for index in word.indices where bytes[place + index] != word[index] { return false }
    return true
  }

  /// The average of the object that begins here; 0 where there is none.
  private static func number(_ bytes: Span<UInt8>, from start: Int) -> Int {
    let end = min(bytes.count, start + windowMax)
    var place = start
    while place < end, bytes[place] != UInt8(ascii: "}") {
      guard begins(bytes, place, with: average) else {
        place += 1
        continue
      }
      place += average.count
      while place < end, bytes[place] == UInt8(ascii: " ") { place += 1 }
      var number = 0
      while place < end, case let digit = bytes[place], (48...57).contains(digit) {
        // No request waits for longer than the sum of all time-outs.
        number = min(number * 10 + Int(digit - 48), 1_000_000_000)
        place += 1
      }
      return number
    }
    return 0
  }
}
