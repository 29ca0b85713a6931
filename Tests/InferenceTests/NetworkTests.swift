import Foundation
import Frames
import Inference
import TestDice
import TestModels
import Testing

/// Small networks that tests make.
enum Small {
  static let side = 8
  static let picture = FrameSize(width: 8, height: 8)

  /// Tells apart which of the three channels is the strongest.
  static func channels(
    classes: Int = 3, _ change: (inout ModelMaker) -> Void = { _ in }
  ) -> ModelMaker {
    var maker = ModelMaker(side: side, classes: classes)
    maker.node("GlobalAveragePool", ["image"], "mean")
    maker.node("Flatten", ["mean"], "flat")
    let identity = (0..<3 * classes).map { Float($0 / 3 == $0 % 3 ? 1 : 0) }
    maker.floats("matrix", [classes, 3], identity)
    maker.floats("bias", [classes], [Float](repeating: 0, count: classes))
    maker.node("Gemm", ["flat", "matrix", "bias"], "out", [("transB", .integer(1))])
    change(&maker)
    return maker
  }

  static func classes(_ count: Int = 3) throws -> ClassNames {
    let names = ["red", "green", "blue", "other", "none"].prefix(count)
    return try ClassNames(Array(names.joined(separator: "\n").utf8), path: "classes.txt")
  }

  static func description(_ yaml: String = "") throws -> NetworkDescription {
    try NetworkDescription(
      Array("mean: [0, 0, 0]\nscale: [255, 255, 255]\n\(yaml)".utf8), path: "model.yaml", folder: ""
    )
  }

  static func network(
    _ maker: ModelMaker = channels(), classes count: Int = 3, _ yaml: String = ""
  ) throws -> Network {
    try Network(
      maker.bytes, path: "model.onnx", description(yaml), classes(count))
  }

  /// All pixels of one colour.
  static func pixels(_ colour: [UInt8]) -> [UInt8] {
    (0..<side * side).flatMap { _ in colour }
  }

  static func labels(_ network: Network, _ colour: [UInt8], top: Int = 5) throws -> [Label] {
    let pixels = pixels(colour)
    return try unsafe network.labels(
      PreparedPicture(rgb: pixels.span.bytes, size: picture, for: network), top: top)
  }
}

@Suite struct NetworkTests {
  @Test func `A network names the strongest channel, and is as sure as its numbers say`() throws {
    let labels = try Small.labels(Small.network(), [0, 255, 51])
    #expect(labels.map(\.name) == ["green", "blue", "red"])
    #expect(labels.map(\.index) == [1, 2, 0])
    let sum = Double(1) + exp(1) + exp(0.2)
    #expect(abs(Double(labels[0].confidence) - exp(1) / sum) < 1e-5)
    #expect(abs(Double(labels[2].confidence) - 1 / sum) < 1e-5)
  }

  @Test func `No more labels come than are asked for`() throws {
    #expect(try Small.labels(Small.network(), [255, 0, 0], top: 1).map(\.name) == ["red"])
  }

  @Test func `Probabilities are taken as they are`() throws {
    let labels = try Small.labels(
      Small.network(Small.channels(), "output: probabilities"), [255, 51, 0])
    #expect(zip(labels, [1, 0.2, 0]).allSatisfy { abs($0.confidence - $1) < 1e-5 })
  }

  @Test func `Channels come in the order that the description says`() throws {
    let network = try Small.network(Small.channels(), "channels: bgr")
    #expect(try Small.labels(network, [255, 0, 0], top: 1).map(\.name) == ["blue"])
  }

  @Test func `Two networks at once do not disturb each other`() throws {
    let (one, other) = try (Small.network(), Small.network(Small.channels(), "channels: bgr"))
    for _ in 0..<3 {
      #expect(try Small.labels(one, [255, 0, 0], top: 1).map(\.name) == ["red"])
      #expect(try Small.labels(other, [255, 0, 0], top: 1).map(\.name) == ["blue"])
    }
  }

  @Test func `A batch that the file leaves open is one picture`() throws {
    let maker = Small.channels {
      $0.inputs = [("image", [0, 3, 0, 0])]
      $0.outputs = [("out", [0, 3])]
    }
    let network = try Small.network(maker, "size: 8x8")
    #expect(try Small.labels(network, [0, 0, 255], top: 1).map(\.name) == ["blue"])
  }

  @Test func `Networks of random operators run`() throws {
    let description = try Small.description()
    let classes = try Small.classes(5)
    var refused: [String] = []
    for seed in 0..<60 {
      var dice = Dice(seed: UInt64(seed))
      let bytes = RandomModel.make(&dice, isSloppy: false)
      do {
        let network = try Network(bytes, path: "model.onnx", description, classes)
        let labels = try Small.labels(network, [10, 200, 90])
        #expect(abs(labels.map(\.confidence).reduce(0, +) - 1) < 1e-3)
      } catch {
        refused.append("\(error)")
      }
    }
    #expect(refused.count < 4, "\(refused)")
  }

  @Test func `What runs networks is not part of the programs`() throws {
    let folder = try #require(
      Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
        .deletingLastPathComponent() ?? Self.built)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
    process.arguments = [folder.appendingPathComponent("vedetted").path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.contains("libc.so"))
    #expect(!text.contains("opencv"))
  }

  private static var built: URL? {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../.build/debug").standardizedFileURL
  }
}
