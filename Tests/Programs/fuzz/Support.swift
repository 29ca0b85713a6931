/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): each run of a fuzzer has a generator of its own, so
/// that any one can be repeated from seed and number.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64, run: Int) { state = seed &+ UInt64(run) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Something that takes mutated input.
protocol Fuzzer {
  /// - Returns: whether the input was accepted.
  mutating func run(_ random: inout SeededGenerator) throws -> Bool
}

/// A promise that input broke.
struct BrokenPromise: Error, CustomStringConvertible {
  var description: String
}

extension [UInt8] {
  /// Damages the bytes in one to eight ways.
  mutating func mutate(_ random: inout SeededGenerator, with other: [UInt8], words: [[UInt8]]) {
    let times = Int.random(in: 1...Int.random(in: 1...8, using: &random), using: &random)
    for _ in 0..<times {
      guard !isEmpty else {
        self = other
        continue
      }
      let at = Int.random(in: 0..<count, using: &random)
      let length = Swift.min(Int.random(in: 1...64, using: &random), count - at)
      switch Int.random(in: 0..<9, using: &random) {
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
      default:
        let word = words.randomElement(using: &random) ?? []
        replaceSubrange(at..<Swift.min(count, at + word.count), with: word)
      }
    }
    if count > 1 << 20 { removeSubrange((1 << 20)...) }
  }
}
