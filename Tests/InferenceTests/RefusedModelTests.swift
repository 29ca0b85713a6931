import Foundation
import Inference
import TestModels
import Testing

/// Models that cannot be used are errors that say what, where and what to do.
@Suite struct RefusedModelTests {
  private func refusal(
    _ maker: ModelMaker, classes: Int = 3, _ yaml: String = ""
  ) throws -> InferenceError {
    try #require(throws: InferenceError.self) {
      _ = try Small.network(maker, classes: classes, yaml)
    }
  }

  @Test func `A file that is not there is named, with what fetches it`() throws {
    let folder = NSTemporaryDirectory() + "vedette-inference-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/resnet.onnx"
    let noModel = try #require(throws: InferenceError.self) { _ = try Network(model: path) }
    #expect(noModel.code == .modelMissing)
    #expect(noModel.description.contains(path))
    #expect(noModel.description.contains("tools/models --labels"))
    try Data(Small.channels().bytes).write(to: URL(fileURLWithPath: path))
    let noClasses = try #require(throws: InferenceError.self) { _ = try Network(model: path) }
    #expect(noClasses.code == .modelMissing)
    #expect(noClasses.description.contains("\(folder)/imagenet.txt"))
  }

  @Test func `A model, its description and its classes are read from one folder`() throws {
    let folder = NSTemporaryDirectory() + "vedette-inference-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, bytes) in [
      ("small.onnx", Small.channels().bytes), ("colours.txt", Array("red\ngreen\nblue\n".utf8)),
      ("small.yaml", Array("classes: colours.txt\nmean: [0, 0, 0]\nscale: [1, 1, 1]\n".utf8)),
    ] { try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
    let network = try Network(model: "\(folder)/small.onnx")
    #expect(network.identity == "small")
    #expect(try Small.labels(network, [9, 1, 1], top: 1).map(\.name) == ["red"])
  }

  @Test(arguments: [0, 1, 20, 200])
  func `A file that was cut off, or is something else, is damaged`(count: Int) throws {
    for bytes in [Array(Small.channels().bytes.prefix(count)), Array("#!/bin/sh\n".utf8)] {
      let error = try #require(throws: InferenceError.self) {
        _ = try Network(bytes, path: "/m/x.onnx", Small.description(), Small.classes())
      }
      #expect(error.code == .modelDamaged, "\(error)")
      #expect(error.description.contains("/m/x.onnx"))
    }
  }

  @Test func `A list of classes of another length is refused with both numbers`() throws {
    let error = try refusal(Small.channels(), classes: 4)
    #expect(error.code == .modelUnsuitable)
    #expect(error.description.contains("3 classes"))
    #expect(error.description.contains("names 4"))
  }

  @Test func `Another number of inputs or outputs is refused`() throws {
    let inputs = try refusal(Small.channels { $0.inputs.append(("mask", [1, 3, 8, 8])) })
    #expect(inputs.description.contains("2 inputs"))
    let outputs = try refusal(Small.channels { $0.outputs.append(("flat", [1, 3])) })
    #expect(outputs.description.contains("2 outputs"))
    let none = try refusal(Small.channels { $0.inputs = [] })
    #expect(none.description.contains("0 inputs"))
  }

  @Test(arguments: [
    ([1, 8, 8, 3], "channels first"), ([1, 4, 8, 8], "4 channels"), ([2, 3, 8, 8], "2 pictures"),
    ([1, 3, 8], "no picture"), ([1, 3, 4000, 8], "2048"), ([1, 3, 0, 0], "size: WIDTHxHEIGHT"),
  ])
  func `An input that is no picture is refused`(shape: [Int], told: String) throws {
    let error = try refusal(Small.channels { $0.inputs = [("image", shape)] })
    #expect(error.code == .modelUnsuitable)
    #expect(error.description.contains(told), "\(error)")
  }

  @Test func `A size that the description says otherwise is refused`() throws {
    let error = try refusal(Small.channels(), "size: 9x8")
    #expect(error.description.contains("8x8") && error.description.contains("9x8"))
  }

  @Test func `Operators that are not known are named, with those that are`() throws {
    let error = try refusal(
      Small.channels {
        $0.node("Loop", ["out"], "more")
        $0.outputs = [("more", [1, 3])]
      })
    #expect(error.code == .modelUnsuitable)
    #expect(error.description.contains("operator 4 of 4 (Loop)"))
    #expect(error.description.contains("GlobalAveragePool"))
    let foreign = try refusal(
      Small.channels { $0.node("Relu", ["out"], "more", domain: "com.microsoft") })
    #expect(foreign.description.contains("com.microsoft"))
  }

  @Test func `A cycle, and what nothing computes, are refused`() throws {
    var cycle = ModelMaker(side: 8, classes: 3)
    cycle.node("Add", ["image", "b"], "a")
    cycle.node("Relu", ["a"], "b")
    cycle.outputs = [("b", [1, 3])]
    #expect(try refusal(cycle).description.contains("nothing before it computes"))
    let twice = Small.channels { $0.node("Relu", ["flat"], "out") }
    #expect(try refusal(twice).description.contains("already"))
  }

  @Test func `Weights that do not fit, or are no floats, are refused`() throws {
    var few = ModelMaker(side: 8, classes: 3)
    few.floats("w", [3, 3, 3, 3], [1, 2, 3])
    few.node("Conv", ["image", "w"], "a")
    #expect(try refusal(few).description.contains("another number of bytes"))
    var half = ModelMaker(side: 8, classes: 3)
    half.tensor("w", [1, 3, 1, 1], type: 10, [0, 0, 0, 0, 0, 0])
    half.node("Conv", ["image", "w"], "a")
    #expect(try refusal(half).description.contains("half precision"))
    var other = ModelMaker(side: 8, classes: 3)
    other.floats("w", [1, 2, 1, 1], [1, 2])
    other.node("Conv", ["image", "w"], "a")
    #expect(try refusal(other).description.contains("3 channels"))
  }

  @Test func `Dimensions that multiply to nothing sensible are refused`() throws {
    for shape in [[1 << 62, 4, 1, 1], [-1, 3, 1, 1], [.max, .max, .max, .max], [0, 3, 1, 1]] {
      var maker = ModelMaker(side: 8, classes: 3)
      maker.tensor("w", shape, type: 1, [])
      maker.node("Conv", ["image", "w"], "a")
      #expect(try refusal(maker).code == .modelUnsuitable)
    }
  }

  @Test func `What would take more memory or time than a box has is refused`() throws {
    var wide = ModelMaker(side: 2048, classes: 3)
    wide.floats("w", [64, 3, 1, 1], [Float](repeating: 0, count: 192))
    wide.node("Conv", ["image", "w"], "a")
    #expect(try refusal(wide).description.contains("too much"))
    var long = ModelMaker(side: 1024, classes: 3)
    var last = "image"
    for step in 0..<200 {
      long.node("Relu", [last], "r\(step)")
      last = "r\(step)"
    }
    #expect(try refusal(long).description.contains("larger than any"))
  }

  @Test func `Newer and older operator sets are refused with what to do`() throws {
    for opset in [1, 99] {
      let error = try refusal(Small.channels { $0.opset = opset })
      #expect(error.description.contains("\(opset)"))
      #expect(error.description.contains("opset_version"))
    }
  }

  @Test func `Weights that are no numbers are told of when a picture comes`() throws {
    let network = try Small.network(
      Small.channels {
        $0.floats("nan", [3], [.nan, 0, 0])
        $0.floats("eye", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1])
        $0.node("Gemm", ["out", "eye", "nan"], "more", [("transB", .integer(1))])
        $0.outputs = [("more", [1, 3])]
      })
    let error = try #require(throws: InferenceError.self) {
      _ = try Small.labels(network, [1, 2, 3])
    }
    #expect(error.code == .modelDamaged)
  }
}
