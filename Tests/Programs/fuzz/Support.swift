/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each run of a fuzzer has a generator of its own, so
/// that any one can be repeated from seed and number.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64, run: Int) {
    // Mixed twice: the states of neighbouring runs would else be one step apart on the same path.
    state = Self.mixed(Self.mixed(seed) ^ UInt64(run))
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Something that takes mutated input.
protocol Fuzzer {
  /// An input of the generator's making.
  func input(_ random: inout SeededGenerator) -> [UInt8]

  /// Feeds it.
  /// - Returns: whether the input was accepted.
  /// - Throws: `BrokenPromise` where what came out is not what is promised.
  mutating func run(_ input: [UInt8]) throws -> Bool
}

/// A promise that input broke.
struct BrokenPromise: Error, CustomStringConvertible {
  var description: String
}

/// What came of a number of inputs; its last line is read by scripts.
struct FuzzTally {
  var runs = 0
  var crashes = 0
  var hangs = 0
  /// Sanitizer reports and broken promises.
  var reports = 0
  var accepted = 0
  var refused = 0
  /// The most memory that a worker had resident, in MiB.
  var memory = 0

  var isClean: Bool { crashes + hangs + reports == 0 }

  func json(_ name: String, seed: UInt64, seconds: Int) -> String {
    """
    {"fuzz":"\(name)","runs":\(runs),"crashes":\(crashes),"hangs":\(hangs),"reports":\(reports),\
    "accepted":\(accepted),"refused":\(refused),"memory_mib":\(memory),"seed":\(seed),\
    "seconds":\(seconds)}
    """
  }
}

extension [UInt8] {
  private static let bytesMax = 1 << 20

  /// Damages the bytes in one to eight ways.
  mutating func mutate(_ random: inout SeededGenerator, with other: [UInt8], words: [[UInt8]]) {
    let times = Int.random(in: 1...Int.random(in: 1...8, using: &random), using: &random)
    for _ in 0..<times {
      guard !isEmpty else {
        self = other
        continue
      }
      damage(&random, with: other, words: words)
    }
    if count > Self.bytesMax { removeSubrange(Self.bytesMax...) }
  }

  private mutating func damage(
    _ random: inout SeededGenerator, with other: [UInt8], words: [[UInt8]]
  ) {
    let at = Int.random(in: 0..<count, using: &random)
    let length = Swift.min(Int.random(in: 1...64, using: &random), count - at)
    switch Int.random(in: 0..<11, using: &random) {
    case 0: self[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1: self[at] = .random(in: 0...255, using: &random)
    case 2: removeSubrange(at..<at + length)
    case 3: insert(contentsOf: self[at..<at + length], at: at)
    case 4: removeSubrange(at...)
    case 5: for i in at..<at + length { self[i] = 0 }
    case 6:
      let from = Int.random(in: 0..<other.count, using: &random)
      replaceSubrange(at..<at + length, with: other[from..<Swift.min(other.count, from + length)])
    case 7: insert(contentsOf: words.randomElement(using: &random) ?? [], at: at)
    case 8:
      let word = words.randomElement(using: &random) ?? []
      let times = 1 << Int.random(in: 0...12, using: &random)
      insert(contentsOf: [[UInt8]](repeating: word, count: times).joined(), at: at)
    case 9:
      // A whole line, out or twice.
      let start = self[..<at].lastIndex(of: 10).map { $0 + 1 } ?? 0
      let end = self[at...].firstIndex(of: 10).map { $0 + 1 } ?? count
      if Bool.random(using: &random) {
        removeSubrange(start..<end)
      } else {
        insert(contentsOf: self[start..<end], at: end)
      }
    default:
      let word = words.randomElement(using: &random) ?? []
      replaceSubrange(at..<Swift.min(count, at + word.count), with: word)
    }
  }
}
