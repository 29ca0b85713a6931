import Frames
import Inference
import TestModels

/// Small networks of all operators, put together at random, and mutated: whatever is not refused is loaded by the library that
/// runs networks, and looks at a picture.
struct ModelFuzz: Fuzzer {
  private static let words: [[UInt8]] =
    [
      "Conv", "Clip", "Add", "Concat", "Gemm", "Reshape", "Softmax", "MaxPool", "Flatten", "image",
      "axis", "pads", "group", "strides", "kernel_shape", "dilations", "alpha", "ceil_mode",
    ].map { Array($0.utf8) } + [
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
      [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x80, 0x80, 0x80, 0x80, 0x08], [0x08, 0x00], [0x0A, 0x00],
      [0, 0, 0xC0, 0x7F], [0, 0, 0x80, 0x7F], [0xFF, 0xFF, 0x7F, 0x7F],
    ]

  private let description: NetworkDescription
  private let classes: ClassNames

  init() throws {
    description = NetworkDescription(folder: "")
    let names = (0..<RandomModel<SeededGenerator>.classes).map { "class \($0)" }
    classes = try ClassNames(Array(names.joined(separator: "\n").utf8), path: "classes")
  }

  func input(_ random: inout SeededGenerator) -> [UInt8] {
    let kind = Int.random(in: 0..<4, using: &random)
    var model = RandomModel.make(&random, isSloppy: kind > 0)
    if kind > 1 {
      let other = RandomModel.make(&random, isSloppy: false)
      model.mutate(&random, with: other, words: Self.words)
    }
    return model
  }

  mutating func run(_ input: [UInt8]) throws -> Bool {
    let confidences: [Float]
    do throws(InferenceError) {
      confidences = try look(by: Network(input, path: "model.onnx", description, classes))
    } catch {
      switch error.code {
      case .modelDamaged, .modelUnsuitable: return false
      default: throw BrokenPromise(description: error.description)
      }
    }
    guard confidences.count == classes.names.count, abs(confidences.reduce(0, +) - 1) < 0.001
    else { throw BrokenPromise(description: "\(confidences) are no confidences") }
    return true
  }

  private func look(by network: Network) throws(InferenceError) -> [Float] {
    let size = FrameSize(width: 21, height: 17)
    let pixels = (0..<size.width * size.height * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    return try unsafe network.confidences(
      PreparedPicture(rgb: pixels.span.bytes, size: size, for: network))
  }
}
