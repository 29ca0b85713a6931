import Inference
import Testing

@Suite struct DescriptionTests {
  private func description(_ text: String) throws -> NetworkDescription {
    try NetworkDescription(Array(text.utf8), path: "/m/x.yaml", folder: "/m/")
  }

  private func refusal(_ text: String) throws -> String {
    let error = try #require(throws: InferenceError.self) { _ = try description(text) }
    #expect(error.code == .badDescription)
    return error.description
  }

  @Test func `All keys are read`() throws {
    let found = try description(
      """
      size: 320x240
      resize: 300
      channels: bgr
      mean: [1, 2.5, -3]
      scale: [4, 5, 6]
      output: probabilities
      classes: birds.txt
      licence: MIT
      origin: a nest
      """)
    #expect(found.size == NetworkDescription.Size(width: 320, height: 240))
    #expect(found.resize == 300)
    #expect(found.channels == .bgr)
    #expect(found.mean == [1, 2.5, -3])
    #expect(found.scale == [4, 5, 6])
    #expect(found.output == .probabilities)
    #expect(found.classes == "/m/birds.txt")
    #expect(found.licence == "MIT")
    #expect(found.origin == "a nest")
  }

  @Test func `Without a description a network is one of ImageNet's`() throws {
    let found = try NetworkDescription(beside: "/nowhere/x.onnx")
    #expect(found == NetworkDescription(folder: "/nowhere/"))
    #expect(found.mean == [123.675, 116.28, 103.53])
    #expect(found.classes == "/nowhere/imagenet.txt")
    #expect(try description("").channels == .rgb)
  }

  @Test(arguments: [
    ("\nsize: 224\n", "/m/x.yaml:2:7: size: \"224\" is no picture size"),
    (
      "chanels: rgb",
      "/m/x.yaml:1:1: chanels: there is no key \"chanels\"; did you mean"
    ),
    ("channels: rgba", "give one of rgb, bgr, grey"),
    ("mean: 127", "/m/x.yaml:1:7: mean: a list"),
    ("mean: [1, x, 3]", "/m/x.yaml:1:11: mean"),
    ("mean: [1]", "for 3 channels"),
    ("scale: [1, 0, 1]", "divided by 0"),
    ("output: classes", "logits, probabilities"),
    ("size: 224x224\nsize: 224x224", "line 1"),
    ("size: [", "not valid YAML"),
    ("- size", "a group of keys belongs here"),
  ])
  func `A mistake is told with its line`(text: String, told: String) throws {
    let error = try refusal(text)
    #expect(error.contains(told), "\(error)")
  }

  // MARK: Classes

  private func classes(_ text: String) throws -> ClassNames {
    try ClassNames(Array(text.utf8), path: "/m/c.txt")
  }

  @Test func `The first synonym of a line is the name`() throws {
    let found = try classes("tench, Tinca tinca\nEgyptian cat\r\nmoped\n")
    #expect(found.names == ["tench", "Egyptian cat", "moped"])
  }

  @Test(arguments: [
    ("", "0"), ("one\n", "2 to"), ("one\n\ntwo\n", "/m/c.txt:2:"),
    ("crane\ntwo\ncrane, machine\n", "/m/c.txt:3: \"crane\" stands in line 1"),
    ("a\nb\u{1B}[31m\n", "/m/c.txt:2:"),
    ("a\n\(String(repeating: "b", count: 90))\n", "/m/c.txt:2:"),
  ])
  func `A list with a mistake is refused with its line`(text: String, told: String) throws {
    let error = try #require(throws: InferenceError.self) { _ = try classes(text) }
    #expect(error.code == .badDescription)
    #expect(error.description.contains(told), "\(error)")
  }
}
