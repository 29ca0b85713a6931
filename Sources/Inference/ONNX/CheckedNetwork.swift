/// A network of which everything that a library computes with is known: the operators and what they are given, the size of
/// each tensor, and that of each result. Libraries trust files that they read. So
/// none is given the user's file, but what is written of this.
struct CheckedNetwork {
  enum Attribute: Equatable {
    case float(Float)
    case integer(Int)
    case integers([Int])
  }

  /// One operator, by ONNX's name of it.
  struct Step {
    var kind: String
    var inputs: [String]
    var output: String
    var attributes: [(String, Attribute)]
  }

  /// 32-bit floats, of the file or zero.
  struct Tensor {
    var name: String
    var dimensions: [Int]
    var data: [Range<Int>]
    var zeroBytes = 0
    /// Columns of the file's matrix, where it is written with rows and columns exchanged: `dimensions` are what comes of it.
    var turnedColumns: Int?

    var byteCount: Int { data.reduce(zeroBytes) { $0 + $1.count } }
  }

  static let inputName = "image"
  static let outputName = "numbers"

  /// 1, channels, height, width.
  var input: [Int]
  var outputCount: Int
  var steps: [Step]
  var tensors: [Tensor]
}

/// What a network may be at most. Whatever is within these bounds takes memory and time that a box has.
enum NetworkBounds {
  /// Numbers of one result: 64 MiB.
  static let resultElements = 16 << 20
  /// Numbers of all results.
  static let allElements = 256 << 20
  /// Multiplications for one picture: VGG-19, the largest of the usual networks, has 20 billion.
  static let multiplications = 64_000_000_000
  static let channels = 65_536
  static let classes = 65_536
  /// Pixels of a kernel's side, of a stride and of padding.
  static let side = 64
  static let dilation = 64
  static let pictureSide = 2048
}

/// Why a network is refused, without its path.
struct Unsuitable: Error {
  var reason: String

  init(_ reason: String) { self.reason = reason }
}

extension Int {
  /// The product of numbers of which none is negative; nil where it is above `most`.
  static func product(_ numbers: some Sequence<Int>, most: Int) -> Int? {
    var result = 1
    for number in numbers {
      let (next, isTooLarge) = result.multipliedReportingOverflow(by: number)
      guard !isTooLarge, number >= 0, next <= most else { return nil }
      result = next
    }
    return result
  }
}
